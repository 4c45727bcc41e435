/** W2: 2,000 messages a second for 10 s. The latency is from a message's scheduled arrival to the total on the page that contains it. */
import { Feed } from '../data/feed.ts';
import { quantile } from '../judge/arithmetic.ts';
import { Shown } from './check.ts';
import type { Workload } from './workload.ts';

const PER_SECOND = 2000;
const SECONDS = 10;

export const live: Workload = {
  run: async (contestant, task) => {
    const perSecond = Math.ceil(PER_SECOND * task.effort);
    const seconds = Math.ceil(SECONDS * task.effort);
    const feed = new Feed(task).skipBacklog();
    const before = feed.totalUnread;
    const shown = new Shown();
    await contestant.open!(task, shown);
    await shown.reaches(before);
    const seen: (readonly [at: number, total: number])[] = [];
    shown.onTotal = (total) => void seen.push([performance.timeOrigin + performance.now(), total]);
    await task.meter.begin();
    const beganAt = await contestant.live!(perSecond, seconds);
    feed.take(perSecond * seconds, true);
    await shown.reaches(feed.totalUnread);
    const busy = await task.meter.end();
    await shown.agreesWith(feed, task.conversations);

    const latencies: number[] = [];
    for (const [at, total] of seen)
      while (latencies.length < total - before) latencies.push(at - (beganAt + (latencies.length / perSecond) * 1000));
    return {
      ms: quantile(latencies, 0.99),
      p50Ms: quantile(latencies, 0.5),
      worstMs: Math.max(...latencies),
      ...busy,
      emissions: seen.length,
    };
  },
};
