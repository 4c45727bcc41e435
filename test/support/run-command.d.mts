export const answerOptions: (usage: string, args: readonly string[]) => number | undefined;
export const runCommand: (
  command: { readonly USAGE?: string; readonly main: (args: string[]) => Promise<number> },
  args: string[],
) => Promise<number>;
