/** `easemob-websdk` behind the outbox. */
import vendor from 'easemob-websdk';
import { easemobConversation, easemobOutbox } from '../../../../src/outbox/adapters/easemob.ts';
import { createReceiptOutbox, type ReceiptOutbox } from '../../../../src/outbox/outbox.ts';
import type { Contestant } from '../contestant.ts';
import { connect, connection, isOpened } from './easemob-websdk.ts';

let outbox: ReceiptOutbox;

export const contestant: Contestant = {
  start: (server) => {
    connect(server);
    outbox = createReceiptOutbox({ name: 'easemob:alice', ...easemobOutbox(connection, vendor.message) });
  },
  isConnected: isOpened,
  read: ({ conversation, ...upTo }) => outbox.readConversation(easemobConversation('singleChat', conversation), { upTo }),
};
