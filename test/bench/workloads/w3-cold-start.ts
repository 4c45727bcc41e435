/** W3: the browser has just started; from the navigation until the total and the 50 newest conversations are on the page. */
import { Feed, VISIBLE } from '../data/feed.ts';
import { check } from './check.ts';
import type { Workload } from './workload.ts';

export const coldStart: Workload = {
  run: async (contestant, task) => {
    const { total, newest, times } = await contestant.coldStart!(task);
    const ms = performance.now();
    const { totalUnread } = new Feed(task).skipBacklog();
    check(total === totalUnread, `a total of ${total}, counted ${totalUnread}`);
    check(newest.length === Math.min(VISIBLE, task.conversations), `${newest.length} conversations`);
    return { ms, workerMs: ms, ...times };
  },
};
