/** Finds programs by name. */
import { delimiter, join } from 'node:path';

/** The path of the first of these names in a folder on PATH. */
export const onPath = async (
  machine: { readonly env: Readonly<Record<string, string | undefined>>; isExecutable(path: string): Promise<boolean> },
  names: readonly string[],
): Promise<string | undefined> => {
  for (const name of names)
    for (const folder of (machine.env['PATH'] ?? '').split(delimiter))
      if (folder !== '' && (await machine.isExecutable(join(folder, name)))) return join(folder, name);
  return undefined;
};
