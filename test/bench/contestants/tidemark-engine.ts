/** Tidemark's engine without network and public client: the cost of its log and pages, beside the other stores without a network. */
import { StreamPort } from '../../../src/bridge/streams.ts';
import { visibleOf } from '../data/feed.ts';
import type { Contestant } from '../page/contestant.ts';
import type { EngineJob } from './tidemark-engine-worker.ts';

let worker: Worker;

const answer = <T>(message: unknown, transfer: Transferable[] = []): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<T>) => resolve(data);
    worker.onerror = ({ message: why }) => reject(new Error(`the worker failed: ${why}`));
    worker.postMessage(message, transfer);
  });

export const contestant: Contestant = {
  open: async ({ messages, conversations }, screen) => {
    worker = new Worker(new URL('./tidemark-engine-worker.ts', import.meta.url), { type: 'module' });
    const { port1, port2 } = new MessageChannel();
    const streams = new StreamPort(port1);
    await answer({ amount: { messages, conversations }, streams: port2 } satisfies EngineJob, [port2]);
    streams.watch({ of: 'total-unread' }).subscribe((count) => screen.total(count));
    for (const id of visibleOf(conversations))
      streams.watch({ of: 'unread', conversationId: id }).subscribe((count) => screen.count(id, count));
  },
  ingest: () => answer('go'),
};
