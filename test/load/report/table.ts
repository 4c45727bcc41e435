/** The results as Markdown. */
import { shown } from '../../bench/judge/table.ts';
import type { Result, Row } from './results.ts';

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

interface Column {
  readonly head: string;
  readonly cell: (row: Row) => string | undefined;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const pair = (times: Row['answer']): string | undefined => times && `${shown(times.p50)} / ${shown(times.p99)}`;

const COLUMNS: readonly Column[] = [
  { head: 'part', cell: ({ what }) => what },
  { head: 'a second', cell: ({ perSecond }) => shown(perSecond) },
  { head: 'answer, p50 / p99 ms', cell: ({ answer }) => pair(answer) },
  { head: 'told, p50 / p99 ms', cell: ({ told }) => pair(told) },
  { head: 'CPU of servers', cell: ({ cpu }) => percent(cpu.servers) },
  { head: 'of the database', cell: ({ cpu }) => percent(cpu.database) },
  {
    head: 'ms of CPU each, servers / database',
    cell: ({ cpu, perSecond, answer, told }) =>
      answer || told ? `${shown((cpu.servers * 1000) / perSecond)} / ${shown((cpu.database * 1000) / perSecond)}` : undefined,
  },
  { head: 'of the bus', cell: ({ cpu }) => (cpu.bus > 0 ? percent(cpu.bus) : undefined) },
  { head: 'of the clients', cell: ({ cpu }) => percent(cpu.clients) },
  { head: 'KiB a socket', cell: ({ kibPerSocket }) => kibPerSocket?.toFixed(1) },
  { head: 'seconds', cell: ({ seconds }) => seconds.toFixed(0) },
  { head: 'judged', cell: ({ judged, failures }) => (failures.length === 0 ? judged : `**wrong**: ${failures.join('; ')}`) },
  { head: 'load before', cell: ({ load }) => String(load) },
];

const rowsOf = (rows: readonly Row[]): string => {
  const used = COLUMNS.filter(({ cell }) => rows.some((row) => cell(row) !== undefined));
  return [
    line(used.map(({ head }) => head)),
    line(used.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(used.map(({ cell }) => cell(row) ?? ''))),
  ].join('\n');
};

/** The rows as multiples of the reference: parts of one run compare, also on a busy machine. */
const ratiosOf = (rows: readonly Row[], reference: string): string => {
  const base = rows.find(({ what }) => what === reference);
  if (!base) return '';
  const of = (row: Row, value: (row: Row) => number | undefined): string => {
    const [mine, other] = [value(row), value(base)];
    return mine === undefined || other === undefined || other === 0 ? '' : `${shown(mine / other)}×`;
  };
  const each = (part: 'servers' | 'database') => (row: Row) => row.cpu[part] / row.perSecond;
  return [
    '',
    line([`× ${reference}`, 'a second', 'answer p50', 'answer p99', 'told p50', 'told p99', 'server CPU each', 'database CPU each']),
    line(['---', ...Array.from({ length: 7 }, () => '---:')]),
    ...rows.map((row) =>
      line([
        row.what,
        of(row, ({ perSecond }) => perSecond),
        of(row, ({ answer }) => answer?.p50),
        of(row, ({ answer }) => answer?.p99),
        of(row, ({ told }) => told?.p50),
        of(row, ({ told }) => told?.p99),
        of(row, each('servers')),
        of(row, each('database')),
      ]),
    ),
    '',
  ].join('\n');
};

const sectionOf = ({ title, about, date, machine, rows, reference, notes = [], isQuick }: Result): string =>
  [
    `## ${title}`,
    '',
    `${about} ${date}, load before ${machine.load}${isQuick ? '. **Quick: these numbers mean nothing**' : ''}.`,
    '',
    rowsOf(rows),
    ...(reference === undefined ? [] : [ratiosOf(rows, reference)]),
    ...notes.flatMap((note) => ['', note]),
    '',
    '',
  ].join('\n');

export const table = (results: readonly Result[]): string => results.map(sectionOf).join('');

export const page = (results: readonly Result[]): string => {
  const { machine } = results[0]!;
  return (
    `# Results of the load\n\nWritten by \`npm run load -- --write\`; [SCALE.md](../../../src/server/SCALE.md) reads them. Clients, servers and database ` +
    `share one machine: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}. PostgreSQL waits for its disk at ` +
    `each commit. CPU is in parts of one core, so all columns together have ${machine.cores * 100} %. *Load before* is the load of the machine ` +
    `before the part, a mean of a minute: 0 is a quiet machine.\n\n${table(results)}`
  );
};
