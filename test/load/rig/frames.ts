/** The entries and requests of a load. */
import type { ConversationId } from '../../../src/model/ids.ts';
import type { WireEntry } from '../../../src/protocol/submit.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';

const MIB = 1024 * 1024;

export const hello = (userId: string) => ({ type: 'hello', version: PROTOCOL_VERSION, token: userId, userId, deviceId: `d-${userId}` });

let ids = 0;
const nextId = (): string => `${process.pid}-${++ids}`;

export const messageIn = (conversationId: ConversationId, bytes = 10): Extract<WireEntry, { kind: 'message' }> => {
  const id = nextId();
  const body = JSON.stringify('x'.repeat(bytes));
  return { kind: 'message', key: id, conversationId, cursor: null, id, body, receiptRequested: true, countable: true };
};

export const messageTo = (peer: string, bytes = 10) => messageIn(`direct:${peer}`, bytes);

/** The user reads one message, and tells the sender. */
export const receiptFor = (conversationId: ConversationId, seq: number): WireEntry => ({
  kind: 'receipts',
  key: nextId(),
  conversationId,
  cursor: null,
  position: seq,
  ...(conversationId.startsWith('group:') ? { named: [[seq, seq]] } : { read: [[seq, seq]] }),
});

export const post = async (port: number, frames: readonly object[]): Promise<string> => {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/receipts`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(frames),
    });
    const body = await response.text();
    return `status ${response.status}, ${(body.length / MIB).toFixed(2)} MiB`;
  } catch (error) {
    return `no answer (${String(error)})`;
  }
};

export const makeGroup = async (port: number, groupId: string, members: readonly string[]): Promise<void> => {
  const response = await fetch(`http://127.0.0.1:${port}/group`, { method: 'POST', body: JSON.stringify({ groupId, members }) });
  if (!response.ok) throw new Error(`the server did not create the group: ${response.status}`);
};
