/** W4: read receipts are queued without a network; each promise resolves when its receipt is stored. */
import { Feed } from '../data/feed.ts';
import type { Workload } from './workload.ts';

const RECEIPTS = 10_000;
const CALLERS = 100;
/** A single caller at a time is slow in some contestants, and steady in all. */
const ONE_BY_ONE = 1000;

const queue = (all: number, callers: number, skip = 0): Workload => ({
  run: async (contestant, task) => {
    const targets = new Feed(task).skipBacklog().toRead(Math.ceil(all * task.effort), Math.ceil(skip * task.effort));
    await contestant.goOffline!(task);
    await task.meter.begin();
    const began = performance.now();
    let longestCallMs = 0;
    const caller = async (number: number): Promise<void> => {
      for (let i = number; i < targets.length; i += callers) {
        const asked = performance.now();
        await contestant.queueReceipt!(targets[i]!);
        longestCallMs = Math.max(longestCallMs, performance.now() - asked);
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
    const ms = performance.now() - began;
    return { ms, perSecond: (targets.length / ms) * 1000, longestCallMs, ...(await task.meter.end()) };
  },
});

export const receipts = queue(RECEIPTS, CALLERS);
export const receiptsOneByOne = queue(ONE_BY_ONE, 1, RECEIPTS);
