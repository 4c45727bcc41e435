import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { growthPlot } from '../../bench/judge/growth-plot.ts';
import { plot } from '../../bench/judge/plot.ts';
import { type Group, merged, withRun } from '../../bench/judge/results.ts';
import { shown, table } from '../../bench/judge/table.ts';
import { writeResults } from '../../bench/judge/write-results.ts';
import { readStat } from '../../bench/rig/cpu-time.ts';

const machine = { cpu: 'a processor', cores: 2, memoryGb: 24, node: 'v20', browser: 'Chromium 156', load: 0.1 };
const group = (messages: number, ms: readonly number[], date = '2031-01-01'): Group => ({
  workload: 'W1',
  messages,
  conversations: 1000,
  date,
  machine,
  rows: [
    { contestant: 'raw-rows', runs: ms.map((value) => ({ ms: value * 2, cpuMs: 14 })) },
    { contestant: 'tidemark', runs: ms.map((value) => ({ ms: value, cpuMs: 7 })) },
    { contestant: 'rxdb', runs: [null], failed: 'wrong: the page shows 3 unread, counted 4\n    at check' },
  ],
});

it('the table shows medians, spread and ratio, the fastest first, and names who failed', () => {
  const text = table([group(100_000, [90, 100, 120])]);
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| contestant') && !line.startsWith('| ---'));
  expect(rows).toEqual([
    '| **Tidemark** | 100 | ±15 % | 0.50 | 7.00 (0.50×) |',
    '| raw rows | 200 | ±15 % | 1.00 | 14.0 (1.00×) |',
    '| RxDB | failed |  |  |  |',
  ]);
  expect(text).toContain('RxDB failed: wrong: the page shows 3 unread, counted 4');
  expect(text).toContain('100,000 messages, 1,000 conversations. 2031-01-01, 3 runs, Chromium 156, 2 cores of a processor, 24 GB');
});

it('numbers have the digits that the spread allows', () => {
  expect([1234.5, 234.5, 23.45, 2.345, 0.0123].map(shown)).toEqual(['1,235', '235', '23.4', '2.35', '0.01']);
});

it('a failed run keeps the values of the other runs', () => {
  const rows = withRun(withRun(withRun([], 'rxdb', { ms: 1 }), 'rxdb', 'no result within 9 s'), 'rxdb', { ms: 3 });
  expect(rows).toEqual([{ contestant: 'rxdb', runs: [{ ms: 1 }, null, { ms: 3 }], failed: 'no result within 9 s' }]);
});

it('newer results replace older ones of the same workload and size, and leave the others', () => {
  const older = [group(10_000, [1]), group(100_000, [10])];
  const [small, large] = merged(older, [group(100_000, [9], '2031-02-02')]);
  expect([small?.date, large?.date]).toEqual(['2031-01-01', '2031-02-02']);
});

it('a plot has a bar for each contestant with values, and a dot for each run', () => {
  const svg = plot(group(100_000, [90, 100, 120]));
  expect(svg.match(/<rect x/g)).toHaveLength(2);
  expect(svg.match(/<circle/g)).toHaveLength(6);
  expect(svg).not.toMatch(/NaN|Infinity/);
});

it('a plot of growth has a line for each contestant with values', () => {
  const svg = growthPlot([group(10_000, [10]), group(100_000, [100]), group(1_000_000, [1000])]);
  expect(svg.match(/fill="none"/g)).toHaveLength(2);
  expect(svg).not.toMatch(/NaN|Infinity/);
});

it('the processor time of a process is read behind its name, which may hold brackets and spaces', () => {
  const text = '42 (a (b) c) S 7 42 42 0 -1 0 0 0 0 0 100 20 3 4 20 0 1 0 5';
  expect(readStat(text)).toEqual({ parent: 7, ticks: 127 });
});

it('every plot that the guide shows is written, also before its workload was measured', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-results-'));
  try {
    await writeResults(folder, [group(100_000, [10])]);
    const guide = await readFile(fileURLToPath(new URL('../../../demo/guides/performance.md', import.meta.url)), 'utf8');
    const shownPlots = [...guide.matchAll(/results\/chromium\/([\w-]+\.svg)/g)].map(([, name]) => name);
    expect(shownPlots.length).toBeGreaterThan(5);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(shownPlots));
    expect(await readFile(join(folder, 'w1.svg'), 'utf8')).toContain('0.50×');
    expect(await readFile(join(folder, 'w2.svg'), 'utf8')).toContain('not measured yet');
  } finally {
    await rm(folder, { recursive: true });
  }
});
