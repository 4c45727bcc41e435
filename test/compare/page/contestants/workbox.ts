/** The queue of Workbox. On a page it has no sync event, so the rig tells when the browser would fire one. */
import { Queue } from 'workbox-background-sync';
import type { Contestant } from '../contestant.ts';
import { isOnline, receiptsUrl, startPlain } from '../plain.ts';

Object.assign(self, { registration: {} });
let queue: Queue;
let isRestored = false;

export const contestant: Contestant = {
  start: (server) => {
    startPlain(server);
    // Without this handler, the queue would replay itself while it starts.
    queue = new Queue('receipts', { onSync: () => undefined });
    isRestored = true;
  },
  isConnected: () => isRestored && isOnline(),
  read: ({ conversation, id }) => {
    const body = JSON.stringify({ receipts: [{ conversation, messages: [id] }] });
    return queue.pushRequest({ request: new Request(receiptsUrl(), { method: 'POST', body }) });
  },
  reconnected: () => void queue.replayRequests().catch(() => undefined),
};
