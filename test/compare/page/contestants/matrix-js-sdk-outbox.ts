/** `matrix-js-sdk` behind the outbox. */
import { matrixOutbox } from '../../../../src/outbox/adapters/matrix.ts';
import { createReceiptOutbox, type ReceiptOutbox } from '../../../../src/outbox/outbox.ts';
import type { Contestant } from '../contestant.ts';
import { client, connect, isSyncing } from './matrix-js-sdk.ts';

let outbox: ReceiptOutbox;

export const contestant: Contestant = {
  start: (server) => {
    void connect(server);
    outbox = createReceiptOutbox({ name: 'matrix:alice', ...matrixOutbox(client) });
  },
  isConnected: isSyncing,
  read: ({ conversation, ...upTo }) => outbox.readConversation(conversation, { upTo }),
};
