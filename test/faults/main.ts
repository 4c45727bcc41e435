/** `npm run faults`: writes README.md beside this file. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CATALOGUE } from './catalogue.ts';
import { findNamedTests } from './find-tests.ts';
import { makeTable } from './table.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const USAGE = 'npm run faults   writes the table of faults from the titles of the tests';

export const main = async (): Promise<number> => {
  const { text, mistakes, open } = makeTable(CATALOGUE, findNamedTests(ROOT));
  writeFileSync(new URL('README.md', import.meta.url), text);
  const count = CATALOGUE.flatMap(({ faults }) => faults).length;
  console.log(`${count} faults${open.length > 0 ? `; ${open.length} still open: ${open.join(' ')}` : ''}`);
  for (const mistake of mistakes) console.error(mistake);
  return mistakes.length === 0 ? 0 : 1;
};
