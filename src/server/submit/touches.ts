/**
 * The names of everything that a frame writes, so frames of many users can share a transaction. A frame that reads or
 * writes a name of another frame waits for the next transaction.
 *
 *   direct chat           the conversation of the two users, and their rows
 *   message, recall       the conversation, and the id of the message
 *   receipts in a group   the author's own row. Receipts of many members fit beside each other: each member adds the own receipts, and
 *                         the records of the messages end alike from each of them
 *   settings              the author's account
 */
import { conversationTarget, type UserId } from '../../model/ids.ts';
import type { WireConversationEntry } from '../../protocol/submit.ts';
import { sortedPair } from '../store/records.ts';
import type { Work } from '../store/server-store.ts';
import type { ReadEntry } from './read-entries.ts';

const placeOf = (me: UserId, { conversationId }: WireConversationEntry): string =>
  conversationId.startsWith('direct:') ? `direct ${sortedPair(me, conversationTarget(conversationId)).join('\n')}` : conversationId;

export const workOf = (me: UserId, read: readonly ReadEntry[]): Work => {
  const writes = new Set([`user ${me}`]);
  const shares = new Set<string>();
  for (const one of read) {
    if (!('entry' in one) || one.entry.kind === 'settings') continue;
    const { entry } = one;
    const place = placeOf(me, entry);
    if (entry.kind === 'receipts' && entry.conversationId.startsWith('group:')) shares.add(place);
    else writes.add(place);
    if (entry.kind === 'message') writes.add(`message ${entry.id}`);
  }
  return { weight: read.length, touches: { writes: [...writes], shares: [...shares].filter((place) => !writes.has(place)) } };
};
