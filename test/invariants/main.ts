/** `npm run invariants`: writes src/INVARIANTS.md. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findNamedTests } from '../faults/find-tests.ts';
import { INVARIANTS } from './catalogue.ts';
import { makePage, simulated } from './page.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const USAGE = 'npm run invariants   writes src/INVARIANTS.md from the titles of the tests';

export const main = async (): Promise<number> => {
  const { text, mistakes } = makePage(INVARIANTS, findNamedTests(ROOT), simulated(ROOT));
  writeFileSync(`${ROOT}src/INVARIANTS.md`, text);
  console.log(`${INVARIANTS.length} invariants`);
  for (const mistake of mistakes) console.error(mistake);
  return mistakes.length === 0 ? 0 : 1;
};
