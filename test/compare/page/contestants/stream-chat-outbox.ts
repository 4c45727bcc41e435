/** `stream-chat` behind the outbox. */
import { streamOutbox } from '../../../../src/outbox/adapters/stream-chat.ts';
import { createReceiptOutbox, type ReceiptOutbox } from '../../../../src/outbox/outbox.ts';
import type { Contestant } from '../contestant.ts';
import { client, connect } from './stream-chat.ts';

let outbox: ReceiptOutbox;

export const contestant: Contestant = {
  start: async (server) => {
    await connect(server);
    outbox = createReceiptOutbox({ name: 'stream:alice', ...streamOutbox(client) });
  },
  isConnected: () => client.wsConnection?.isHealthy === true,
  read: ({ conversation, ...upTo }) => outbox.readConversation(`messaging:${conversation}`, { upTo }),
};
