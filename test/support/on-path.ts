/** Programs by name. */
import { delimiter, join } from 'node:path';

/** Of the first of these names that is to be had, the first file on PATH. */
export const onPath = async (
  machine: { readonly env: Readonly<Record<string, string | undefined>>; isExecutable(path: string): Promise<boolean> },
  names: readonly string[],
): Promise<string | undefined> => {
  for (const name of names)
    for (const folder of (machine.env['PATH'] ?? '').split(delimiter))
      if (folder !== '' && (await machine.isExecutable(join(folder, name)))) return join(folder, name);
  return undefined;
};
