/** `@amityco/ts-sdk` behind the outbox, with an adapter as in "Write your own in twenty lines". */
import { createReceiptOutbox, type ReceiptOutbox, ReceiptRefused } from '../../../../src/outbox/outbox.ts';
import type { Contestant } from '../contestant.ts';
import { onlineChanges } from '../plain.ts';
import { client, connect, isConnected } from './amity.ts';

const FORBIDDEN = 400_300;
let outbox: ReceiptOutbox;

export const contestant: Contestant = {
  start: (server) => {
    const loggedIn = connect(server);
    outbox = createReceiptOutbox({
      name: 'amity:alice',
      async send({ conversation, readUpTo }) {
        try {
          await client.http.put(`/api/v1/markers/message-feeds/${conversation}/mark-read`, { readToSegment: readUpTo!.order });
        } catch (error) {
          if ((error as { readonly code?: number }).code === FORBIDDEN) throw new ReceiptRefused('forbidden');
          throw error;
        }
      },
      connected: {
        subscribe(next) {
          const tell = (): void => next(isConnected());
          void loggedIn.then(tell);
          return onlineChanges.subscribe(tell);
        },
      },
    });
  },
  isConnected,
  read: ({ conversation, ...upTo }) => outbox.readConversation(conversation, { upTo }),
};
