/** A program of the tests in one JavaScript file, so that its processes start fast. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const RESULTS = fileURLToPath(new URL('../../test-results/', import.meta.url));

export interface Bundled {
  readonly file: string;
  remove(): void;
}

/** The packages stay where they are, so the file stands in the tree of the repository. */
export const bundled = async (program: string): Promise<Bundled> => {
  mkdirSync(RESULTS, { recursive: true });
  const folder = mkdtempSync(join(RESULTS, 'bundled-'));
  await build({
    configFile: false,
    logLevel: 'error',
    build: { ssr: program, outDir: folder, rolldownOptions: { output: { entryFileNames: '[name].mjs' } } },
  });
  return { file: join(folder, `${parse(program).name}.mjs`), remove: () => rmSync(folder, { recursive: true, force: true }) };
};
