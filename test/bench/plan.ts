/** The steps of one run, in order. */
import { entryOf } from './contestants/list.ts';
import type { Amount } from './data/feed.ts';
import { MIDDLE, nearestTo } from './judge/results.ts';
import type { BenchOptions } from './options.ts';
import { type Listed, listedOf } from './workloads/list.ts';

export interface Planned {
  readonly workload: Listed;
  readonly amount: Amount;
  readonly contestant: string;
}

/** Sizes above this take many minutes, so they run once, and only the workloads for each size run on them. */
const RUNS_OFTEN_UP_TO = 100_000;

/** Contestants change places with every run: the first one of a run is the last one of the next. */
const inTurn = <T>(list: readonly T[], run: number): T[] => {
  const first = list.length === 0 ? 0 : run % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
};

/** One list for each store size: the profiles of a size are removed before the next size. */
export const planRun = (options: BenchOptions, run: number): Planned[][] => {
  const middle = nearestTo(MIDDLE, options.sizes);
  const stepsOf = (amount: Amount, wants: (workload: Listed) => boolean): Planned[] => {
    if (run > 0 && amount.messages > RUNS_OFTEN_UP_TO) return [];
    return options.workloads
      .map(listedOf)
      .filter(wants)
      .flatMap((workload) => {
        const contestants = options.contestants.filter((id) => {
          const { workloads, most = Infinity } = entryOf(id);
          return workloads.includes(workload.id) && amount.messages <= most;
        });
        return inTurn(contestants, run).map((contestant) => ({ workload, amount, contestant }));
      });
  };
  const isMiddle = (amount: Amount): boolean => amount === middle && amount.messages <= RUNS_OFTEN_UP_TO;
  const bySize = options.sizes.map((amount) =>
    stepsOf(amount, ({ sizes }) => sizes === 'each' || (sizes === 'middle' && isMiddle(amount))),
  );
  return [...bySize, stepsOf(options.million, ({ sizes }) => sizes === 'million')].filter((steps) => steps.length > 0);
};
