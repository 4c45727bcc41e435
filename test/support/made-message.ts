import type { WireMessage } from '../../src/protocol/changes.ts';

/** A message on the wire. Default: a message of bob that asks for a receipt. */
export const madeMessage = (seq: number, more: Partial<WireMessage> = {}): WireMessage => ({
  id: `m${seq}`,
  seq,
  senderId: 'bob',
  sentAt: seq,
  body: `"${seq}"`,
  receiptRequested: true,
  countable: true,
  recalled: false,
  ...more,
});
