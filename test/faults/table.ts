/** The catalogue as a table, with the tests that cover each fault. */
import type { Chapter } from './catalogue.ts';
import type { NamedTest } from './find-tests.ts';

export interface Table {
  readonly text: string;
  /** Faults with neither test nor reason, and tests that name an unknown fault. */
  readonly mistakes: readonly string[];
  /** Faults whose test is still to be written. */
  readonly open: readonly string[];
}

const cell = (text: string): string => text.replace(/[|\\`*_<[\]]/g, (sign) => `\\${sign}`).replace(/\s+/g, ' ');

const HEAD = `# What can go wrong, and the test that covers it

Made by \`npm run faults\` from [catalogue.ts](catalogue.ts) and the titles of the tests. A title names a fault only where that test fails
without the code that handles it; \`npm run faults:break\` shows it for the rows of [breaks.ts](breaks.ts).
`;

export const makeTable = (catalogue: readonly Chapter[], tests: readonly NamedTest[]): Table => {
  const mistakes: string[] = [];
  const open: string[] = [];
  const lines = [HEAD];
  const known = new Set(catalogue.flatMap(({ faults }) => faults.map(({ id }) => id as string)));
  for (const { title, faults } of catalogue) {
    lines.push(`## ${title}\n`, '| id | fault | tests |', '| --- | --- | --- |');
    for (const { id, fault, reason, open: isOpen } of faults) {
      const covering = tests.filter((test) => test.faults.includes(id));
      const cells = covering.map(({ file, title: name }) => `[${cell(name)}](${file.replace(/^test\//, '../')})`);
      if (reason !== undefined) cells.push(cell(covering.length > 0 ? `not covered: ${reason}` : `no test: ${reason}`));
      if (cells.length === 0) {
        cells.push(isOpen ? 'open' : '');
        if (isOpen) open.push(id);
        else mistakes.push(`${id} has neither a test nor a reason`);
      }
      lines.push(`| ${id} | ${cell(fault)} | ${cells.join('<br>')} |`);
    }
    lines.push('');
  }
  for (const { file, title, faults } of tests)
    for (const id of faults) if (!known.has(id)) mistakes.push(`${file}: "${title}" names ${id}, which is in no catalogue`);
  return { text: `${lines.join('\n').trimEnd()}\n`, mistakes, open };
};
