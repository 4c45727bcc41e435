/** The outbox in front of the app's own endpoint, with a receipt for each message. */
import { createReceiptOutbox, type ReceiptOutbox } from '../../../../src/outbox/outbox.ts';
import type { Contestant } from '../contestant.ts';
import { isOnline, onlineChanges, post, startPlain } from '../plain.ts';

let outbox: ReceiptOutbox;

export const contestant: Contestant = {
  start: (server) => {
    startPlain(server);
    outbox = createReceiptOutbox({
      name: 'own:alice',
      send: ({ conversation, messages }) => post([{ conversation, messages: messages.map(({ id }) => id) }]),
      connected: onlineChanges,
    });
  },
  isConnected: isOnline,
  read: ({ conversation, id }) => outbox.read(conversation, [id]),
};
