/** The results as Markdown. */
import { entryOf } from '../contestants/list.ts';
import { listedOf } from '../workloads/list.ts';
import { median, ratio, spread } from './arithmetic.ts';
import { type Group, knownOf, type Row, valuesOf } from './results.ts';

/** Three digits are more than the spread allows. */
export const shown = (value: number): string => {
  if (Number.isNaN(value)) return '';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
};

export const amountShown = (messages: number): string =>
  messages >= 1_000_000 ? `${messages / 1_000_000}m` : messages >= 1000 ? `${messages / 1000}k` : String(messages);

/** Fastest first; failed contestants last. */
export const sorted = ({ rows, workload }: Group): Row[] => {
  const { value } = listedOf(workload).main;
  const key = (row: Row): number => {
    const known = knownOf(row, value);
    return known.length === 0 ? Infinity : median(known);
  };
  return [...rows].sort((a, b) => key(a) - key(b));
};

/** The ratio to the contestant that is 1 in this workload. @param name the value; default: the main one. */
export const ratioOf = (group: Group, row: Row, name = listedOf(group.workload).main.value): number => {
  const { reference } = listedOf(group.workload);
  const other = group.rows.find(({ contestant }) => contestant === reference);
  return other ? ratio(valuesOf(row, name), valuesOf(other, name)) : NaN;
};

/** Further values that are compared too. */
const WITH_RATIO = new Set(['totalMs', 'foldedMs', 'cpuMs']);

const cellOf = (group: Group, row: Row, name: string): string => {
  const value = shown(median(knownOf(row, name)));
  const times = WITH_RATIO.has(name) ? ratioOf(group, row, name) : NaN;
  return value === '' || Number.isNaN(times) ? value : `${value} (${shown(times)}×)`;
};

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const tableOf = (group: Group): string => {
  const { id, title, main, more, reference } = listedOf(group.workload);
  const names = Object.keys(more).filter((name) => group.rows.some((row) => knownOf(row, name).length > 0));
  const head = [
    'contestant',
    `**${main.label}** (${main.unit})`,
    'spread',
    `× ${entryOf(reference).label}`,
    ...names.map((name) => more[name]!),
  ];
  const rows = sorted(group).map((row) => {
    const { label, isOurs } = entryOf(row.contestant);
    const values = knownOf(row, main.value);
    const cells =
      values.length === 0
        ? ['failed', '', '']
        : [shown(median(values)), `±${(spread(values) * 100).toFixed(0)} %`, shown(ratioOf(group, row))];
    return line([isOurs ? `**${label}**` : label, ...cells, ...names.map((name) => cellOf(group, row, name))]);
  });
  const { machine } = group;
  const runs = Math.max(...group.rows.map((row) => row.runs.length));
  const failures = group.rows.flatMap(({ contestant, failed }) =>
    failed === undefined ? [] : [`${entryOf(contestant).label} failed: ${failed.split('\n')[0]!}`],
  );
  return [
    `## ${id}: ${title}`,
    '',
    `${group.messages.toLocaleString('en')} messages, ${group.conversations.toLocaleString('en')} conversations. ${group.date}, ${runs} ` +
      `${runs === 1 ? 'run' : 'runs'}, ${machine.browser}, ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ` +
      `Node ${machine.node}, load before ${machine.load}.`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows,
    '',
    ...failures.flatMap((text) => [text, '']),
  ].join('\n');
};

const contestantsOf = (groups: readonly Group[]): string => {
  const ids = [...new Set(groups.flatMap(({ rows }) => rows.map(({ contestant }) => contestant)))];
  return ids.map((id) => `- ${entryOf(id).label}: ${entryOf(id).note}`).join('\n');
};

export const table = (groups: readonly Group[]): string =>
  `# Results of the bench\n\nMedians. Written by \`npm run bench -- --write\`; the [guide](../../../../demo/guides/performance.md) says how to read it.\n\n` +
  `${groups.map(tableOf).join('\n')}\n## Contestants\n\n${contestantsOf(groups)}\n`;
