/** The page and the plots of a load, and the arithmetic of its measures. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readOptions } from '../../load/options.ts';
import { draw } from '../../load/report/plots.ts';
import { failuresIn, type Plot, type Result, type Row } from '../../load/report/results.ts';
import { table } from '../../load/report/table.ts';
import { writeResults } from '../../load/report/write-results.ts';
import { Verdict } from '../../load/rig/judge.ts';
import { paced } from '../../load/rig/measure.ts';
import { SCENARIOS } from '../../load/scenarios/list.ts';

const row = (what: string, p50: number, failures: readonly string[] = []): Row => ({
  what,
  perSecond: 100,
  seconds: 5,
  answer: { p50, p99: 10 * p50 },
  cpu: { servers: 0.5, database: 0.25, bus: 0, clients: 0.1 },
  failures,
  judged: '500 receipts',
  load: 0.3,
});

const lines: Plot = {
  kind: 'lines',
  isLog: 'y',
  title: 'A title',
  note: 'a note',
  x: 'seconds',
  y: 'ms',
  lines: [
    {
      name: 'p50',
      points: [
        [0, 2],
        [10, 3],
        [20, 200],
      ],
    },
  ],
  marks: [[7, '✕']],
};

const result = (rows: readonly Row[]): Result => ({
  scenario: 'nodes',
  title: 'Servers',
  about: 'What it does.',
  date: '2026-11-29',
  machine: { cpu: 'a processor', cores: 2, memoryGb: 8, node: 'v20', load: 0.2 },
  isQuick: false,
  rows,
  reference: 'one',
  plot: lines,
});

it('the page compares each part with the reference, and shows no column without values', () => {
  const text = table([result([row('one', 4), row('three', 6)])]);
  expect(text).toContain('| three | 100 | 6.00 / 60.0 | 50 % | 25 % | 5.00 / 2.50 | 10 % | 5 | 500 receipts | 0.3 |');
  expect(text).toContain('| three | 1.00× | 1.50× | 1.50× |');
  expect(text).not.toMatch(/told, p50|KiB a socket|NaN|undefined/);
});

it('a wrong answer fails the run, and the page says so', () => {
  const verdict = new Verdict();
  verdict.expect('positions', 'ann', 3, 3);
  verdict.expect('positions', 'bob', 2, 3);
  verdict.expect('positions', 'cat', undefined, 3);
  expect(verdict.failures).toEqual(['positions: 2 wrong, such as bob: 2 instead of 3']);
  const results = [result([row('one', 4, verdict.failures)])];
  expect(failuresIn(results)).toEqual(['nodes, one: positions: 2 wrong, such as bob: 2 instead of 3']);
  expect(table(results)).toContain('**wrong**: positions');
});

it('a plot has every line and mark, on linear and logarithmic axes', () => {
  for (const isLog of ['both', 'y', undefined] as const) {
    const points: [number, number][] = [
      [1, 2],
      [10, 3],
      [20, 200],
    ];
    const { isLog: _, ...rest } = lines;
    const text = draw({ ...rest, ...(isLog && { isLog }), lines: [{ name: 'p50', points }] });
    expect(text.match(/fill="none"/g)).toHaveLength(1);
    expect(text).toContain('✕');
    expect(text).not.toMatch(/NaN|Infinity/);
  }
  const bars = draw({
    kind: 'bars',
    title: 'T',
    note: 'n',
    unit: 'ms',
    bars: [
      { name: 'one', value: 2 },
      { name: 'two', value: 4 },
    ],
  });
  expect(bars.match(/<rect x/g)).toHaveLength(2);
});

it('newer results replace those of the same scenario', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'load-'));
  try {
    await writeResults([result([row('one', 4)])], folder);
    await writeResults([result([row('one', 5)])], folder);
    expect((await readdir(folder)).sort()).toEqual([...SCENARIOS.map(({ id }) => `${id}.svg`), 'results.json', 'table.md'].sort());
    expect(await readFile(join(folder, 'storm.svg'), 'utf8')).toContain('not measured yet');
    const kept = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Result[];
    expect(kept.map(({ rows }) => rows[0]?.answer?.p50)).toEqual([5]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a paced load begins every operation, and counts its time from the moment at which it is due', async () => {
  const late: number[] = [];
  // The third operation blocks the process; the fourth and later ones are due meanwhile.
  await paced(100, 0.1, async (i, due) => {
    if (i === 2) for (const until = performance.now() + 60; performance.now() < until;);
    late.push(performance.now() - due);
  });
  expect(late).toHaveLength(10);
  expect(late[3]).toBeGreaterThan(40);
});

it('the options name scenarios that exist, and keep no numbers of a quick run', () => {
  expect(readOptions([]).scenarios).not.toContain('soak');
  expect(() => readOptions(['strom'])).toThrow('no scenario strom: there are receipts');
  expect(() => readOptions(['--quick', '--write'])).toThrow('--quick has none');
});

it('SCALE.md shows the plot of every scenario', async () => {
  const page = await readFile(fileURLToPath(new URL('../../../src/server/SCALE.md', import.meta.url)), 'utf8');
  const shown = [...page.matchAll(/load\/results\/(\w+)\.svg/g)].map(([, name]) => name);
  expect(shown.sort()).toEqual(SCENARIOS.map(({ id }) => id).sort());
});
