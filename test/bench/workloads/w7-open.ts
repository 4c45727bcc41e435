/** W7: a conversation is opened: its 50 newest messages, for 100 conversations. */
import { conversationOf, Feed } from '../data/feed.ts';
import { median } from '../judge/arithmetic.ts';
import { check, newestSeqs, Shown } from './check.ts';
import type { Workload } from './workload.ts';

const LIMIT = 50;
const OPENED = 100;

export const open: Workload = {
  run: async (contestant, task) => {
    const feed = new Feed(task).skipBacklog();
    await contestant.open!(task, new Shown());
    await task.meter.begin();
    const times: number[] = [];
    for (let i = 0; i < Math.min(OPENED, task.conversations); i++) {
      // An empty conversation has nothing to open.
      const id = conversationOf((i * 7) % task.conversations);
      if (!feed.latestSeq.has(id)) continue;
      const began = performance.now();
      const seqs = await contestant.openConversation!(id, LIMIT);
      times.push(performance.now() - began);
      const wanted = newestSeqs(feed, id, LIMIT);
      check(seqs.join() === wanted.join(), `${id} shows ${seqs.join()}, fed ${wanted.join()}`);
    }
    return { ms: median(times), firstMs: times[0]!, worstMs: Math.max(...times), ...(await task.meter.end()) };
  },
};
