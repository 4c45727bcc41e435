/** The queue of Workbox, as a service worker keeps failed requests. */
import { Queue } from 'workbox-background-sync';
import type { Contestant } from '../page/contestant.ts';

// On a page there is no registration to sync with; the queue then only stores, and the bench measures the storing.
Object.assign(self, { registration: {} });
let queue: Queue;

export const contestant: Contestant = {
  goOffline: async () => {
    queue = new Queue('receipts', { onSync: () => undefined });
  },
  queueReceipt: ({ conversationId, id }) =>
    queue.pushRequest({
      request: new Request('/receipts', { method: 'POST', body: JSON.stringify({ conversationId, messageIds: [id] }) }),
    }),
};
