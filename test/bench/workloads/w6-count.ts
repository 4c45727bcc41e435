/** W6: the total number of unread messages is asked again and again, in stores of growing size. */
import { Feed } from '../data/feed.ts';
import { median } from '../judge/arithmetic.ts';
import { check, Shown } from './check.ts';
import type { Workload } from './workload.ts';

const TIMES = 20;

export const count: Workload = {
  run: async (contestant, task) => {
    const { totalUnread } = new Feed(task).skipBacklog();
    const shown = new Shown();
    await contestant.open!(task, shown);
    await task.meter.begin();
    const times: number[] = [];
    for (let i = 0; i < TIMES; i++) {
      const began = performance.now();
      const total = await contestant.countUnread!();
      times.push(performance.now() - began);
      check(total === totalUnread, `a total of ${total}, counted ${totalUnread}`);
    }
    return { ms: median(times), ...(await task.meter.end()) };
  },
};
