/** Times, rates and the use of the machine, of one part of a scenario. */
import { loadavg } from 'node:os';
import { quantile } from '../../bench/judge/arithmetic.ts';
import type { Row } from '../report/results.ts';
import type { Rig } from './rig.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const pause = sleep;

export interface Times {
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

export const timesOf = (all: readonly number[]): Times | undefined =>
  all.length === 0 ? undefined : { p50: quantile(all, 0.5), p99: quantile(all, 0.99) };

/** What a part of a scenario says of itself. */
export interface Outcome {
  readonly what: string;
  /** The number of operations. */
  readonly count: number;
  readonly answers?: readonly number[];
  readonly told?: readonly number[];
  readonly failures: readonly string[];
  /** What was asked of the server afterwards, and found right. */
  readonly judged: string;
  readonly kibPerSocket?: number;
}

/** Runs a part, and measures everything that it uses. `end` stops the clock before the judgement. */
export const measured = async (rig: Rig, run: (end: () => void) => Promise<Outcome>): Promise<Row> => {
  const load = loadavg()[0]!;
  const before = rig.cpu();
  const since = performance.now();
  let ms = 0;
  let used = before;
  const end = (): void => {
    ms = performance.now() - since;
    used = rig.cpu();
  };
  const outcome = await run(end);
  if (ms === 0) end();
  const { what, count, answers = [], told = [], failures, judged, kibPerSocket } = outcome;
  const [answer, toldTimes] = [timesOf(answers), timesOf(told)];
  const share = (part: keyof typeof used): number => (used[part] - before[part]) / ms;
  return {
    what,
    perSecond: (count * 1000) / ms,
    seconds: ms / 1000,
    ...(answer && { answer }),
    ...(toldTimes && { told: toldTimes }),
    cpu: { servers: share('servers'), database: share('database'), bus: share('bus'), clients: share('clients') },
    ...(kibPerSocket !== undefined && { kibPerSocket }),
    failures,
    judged,
    load: Math.round(load * 10) / 10,
  };
};

/** A load ends early if the operations of so many seconds wait for their answers. */
const MOST_WAITING_S = 3;

/**
 * Begins `rate` operations a second, whatever the server does: each has a time at which it is due, and its duration counts from then. So a
 * server that falls behind shows it.
 */
export const paced = async (rate: number, seconds: number, operation: (i: number, due: number) => Promise<void>): Promise<void> => {
  const all: Promise<void>[] = [];
  const since = performance.now();
  const count = Math.round(rate * seconds);
  let done = 0;
  for (let i = 0; i < count && i - done < rate * MOST_WAITING_S;) {
    const dueNow = Math.min(count, Math.ceil(((performance.now() - since) / 1000) * rate));
    for (; i < dueNow; i++) all.push(operation(i, since + (i * 1000) / rate).then(() => void done++));
    await sleep(2);
  }
  await Promise.all(all);
};
