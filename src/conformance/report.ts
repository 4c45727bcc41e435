/** The report of a run, as a table for people. */
import type { ConformanceReport, ConformanceResult } from './run.ts';

const MARK = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

/** The lines of one result. A failure says the rule, the section, what the check expected and what it saw. */
export const linesOf = ({ id, outcome, rule, section, expected, saw }: ConformanceResult): string[] => {
  const head = `${MARK[outcome].padEnd(8)}${id.padEnd(28)}${rule}`;
  if (outcome === 'passed') return [head];
  if (outcome === 'skipped') return [head, `        why       ${saw ?? ''}`];
  return [head, `        section   PROTOCOL.md, ${section}`, `        expected  ${expected ?? ''}`, `        saw       ${saw ?? ''}`];
};

/** The sections with the numbers of their checks, and the sum. */
export const tableOf = ({ url, level, results, passed, failed, skipped }: ConformanceReport): string[] => {
  const sections = new Map<string, { passed: number; failed: number; skipped: number }>();
  for (const { id, outcome } of results) {
    const name = id.split('.')[0]!;
    const row = sections.get(name) ?? { passed: 0, failed: 0, skipped: 0 };
    row[outcome]++;
    sections.set(name, row);
  }
  const line = (...cells: readonly (string | number)[]): string =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(14) : String(cell).padStart(8))).join('');
  return [
    line('checks', 'passed', 'failed', 'skipped'),
    ...[...sections].map(([name, row]) => line(name, row.passed, row.failed, row.skipped)),
    line('all', passed, failed, skipped),
    '',
    failed > 0
      ? `${url} breaks the ${level} level: ${failed} of ${results.length} checks failed`
      : `${url} keeps the ${level} level${skipped > 0 ? `, as far as it was checked: ${skipped} checks were skipped` : ''}`,
  ];
};
