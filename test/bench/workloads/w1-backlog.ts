/** W1: a backlog is stored and counted, while the page shows the total and 50 counts. */
import { Feed } from '../data/feed.ts';
import { Shown } from './check.ts';
import type { Workload } from './workload.ts';

export const backlog: Workload = {
  run: async (contestant, task) => {
    const feed = new Feed(task).skipBacklog();
    const shown = new Shown();
    await contestant.open!(task, shown);
    await contestant.prepare?.();
    let totalAt = 0;
    shown.onTotal = (total) => {
      if (total === feed.totalUnread) totalAt ||= performance.now();
    };
    await task.meter.begin();
    const began = performance.now();
    const times = await contestant.ingest!();
    // Some contestants count on after the storing.
    await shown.agreesWith(feed, task.conversations);
    const busy = await task.meter.end();
    const { totalMs = totalAt - began } = times;
    return { ...times, totalMs, ms: Math.max(times['ms']!, totalMs), ...busy, emissions: shown.emissions };
  },
};
