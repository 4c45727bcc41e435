/**
 * W7b: conversations are opened while a backlog comes in. Tidemark must show the newest 50 messages, which the device
 * missed; the other stores show their newest stored messages.
 */
import { conversationOf, Feed } from '../data/feed.ts';
import { median } from '../judge/arithmetic.ts';
import { Shown } from './check.ts';
import type { Workload } from './workload.ts';

const LIMIT = 50;
const OPENED = 10;

export const openMeanwhile: Workload = {
  run: async (contestant, task) => {
    const feed = new Feed(task).skipBacklog();
    const shown = new Shown();
    await contestant.open!(task, shown);
    await contestant.prepare?.();
    await task.meter.begin();
    const begun = new Promise<void>((resolve) => {
      shown.onTotal = (count) => void (count > 0 && resolve());
    });
    const state = { isOver: false };
    const ingest = contestant.ingest!().then(() => {
      state.isOver = true;
    });
    await begun;
    const times: number[] = [];
    for (let i = 0; i < OPENED && (i === 0 || !state.isOver); i++) {
      const id = conversationOf(i * Math.floor(Math.min(100, task.conversations) / OPENED));
      const began = performance.now();
      await contestant.openConversation!(id, LIMIT, feed.latestSeq.get(id));
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await ingest;
    const busy = await task.meter.end();
    await shown.agreesWith(feed, task.conversations);
    return { ms: median(times), worstMs: Math.max(...times), opened: times.length, ...busy };
  },
};
