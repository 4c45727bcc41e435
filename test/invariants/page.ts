/** The page of invariants: each invariant in full, with its tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedTest } from '../faults/find-tests.ts';
import type { Invariant } from './catalogue.ts';

export interface Page {
  readonly text: string;
  /** Invariants without a test, and titles that name an unknown invariant. */
  readonly mistakes: readonly string[];
}

const HEAD = `# Invariants

Each invariant holds at every moment, also while tabs are killed or frozen and frames are doubled or reordered. Comments and tests cite the numbers. \`npm run invariants\`
makes this page from [the definitions](../test/invariants/catalogue.ts) and from the titles of the tests. "Every simulated world" means that
[the simulator](../test/simulation/README.md) checks the invariant in each of its worlds. [PROTOCOL.md](protocol/PROTOCOL.md) repeats those that
another server or client must keep.
`;

const escape = (text: string): string => text.replace(/[|\\`*_<[\]]/g, (sign) => `\\${sign}`).replace(/\s+/g, ' ');

/** The numbers that the simulator can report as violated: its oracle and its ledger check these. */
export const simulated = (root: string): ReadonlySet<string> => {
  const folder = join(root, 'test/simulation');
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  return new Set(texts.flatMap((text) => text.match(/(?<=['"`])I-\d+\b/g) ?? []));
};

export const makePage = (invariants: readonly Invariant[], tests: readonly NamedTest[], inEveryWorld: ReadonlySet<string>): Page => {
  const mistakes: string[] = [];
  const lines = [HEAD];
  let chapter = '';
  for (const { id, name, chapter: its, text } of invariants) {
    if (its !== chapter) lines.push(`## ${(chapter = its)}\n`);
    const covering = tests.filter((test) => test.invariants.includes(id));
    if (covering.length === 0 && !inEveryWorld.has(id)) mistakes.push(`${id} has no test`);
    lines.push(`### ${id} ${name}\n`, `${text}\n`);
    if (inEveryWorld.has(id)) lines.push('- every simulated world');
    for (const { file, title } of covering) lines.push(`- [${escape(title)}](../${file})`);
    lines.push('');
  }
  const known = new Set<string>(invariants.map(({ id }) => id));
  for (const { file, title, invariants: named } of tests)
    for (const id of named) if (!known.has(id)) mistakes.push(`${file}: "${title}" names ${id}, which is no invariant`);
  return { text: `${lines.join('\n').trimEnd()}\n`, mistakes };
};
