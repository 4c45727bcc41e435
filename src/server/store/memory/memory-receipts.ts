/** The reads of group receipts in the memory store. */
import { contains } from '../../../model/registers/ranges.ts';
import type { MemoryTables } from './memory-tables.ts';
import type { AckRecord, AddedReader, ChangedReceipt, ReceiptRecord } from '../receipt-records.ts';
import type { Interval, ServerReadTx } from '../server-store.ts';
import type { MemberRecord } from '../records.ts';

/** The order of two ids by code unit, as databases sort in byte order. */
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byTime = (a: AckRecord, b: AckRecord): number => a.at - b.at || byName(a.userId, b.userId);
const bySeq = (a: ReceiptRecord, b: ReceiptRecord): number => a.conversationId - b.conversationId || a.seq - b.seq;

/**
 * The part of an interval whose changes in a group the feed sends to one member. The part ends where the
 * member left the group; a user who never was a member gets nothing. For a member who came back in the interval, the
 * part begins with the first leaving.
 */
export const visibleInterval = (mine: MemberRecord, { after, upTo }: Interval): Interval => {
  if (mine.role === null) return { after, upTo: mine.moves === 0 ? 0 : Math.min(upTo, mine.version) };
  const isBack = mine.backSince > after && mine.backSince <= upTo;
  return { after: isBack ? Math.min(mine.awaySince, after) : after, upTo };
};

type ReceiptReads = Pick<
  ServerReadTx,
  'receiptsIn' | 'readCounts' | 'changedReceipts' | 'addedReaders' | 'readers' | 'nonReaders' | 'dueReceipts' | 'hasOpenReceipts'
>;

export const memoryReceiptReads = (tables: MemoryTables): ReceiptReads => {
  const all = (): ReceiptRecord[] => tables.all().flatMap(({ receipts }) => [...receipts.values()]);
  return {
    receiptsIn: async (ranges) =>
      ranges.flatMap(({ conversationId, range: [from, upTo] }) =>
        [...(tables.get(conversationId)?.receipts.values() ?? [])].filter(({ seq }) => seq >= from && seq <= upTo),
      ),
    readCounts: async (keys) =>
      keys.map(({ conversationId, seq }) => ({
        conversationId,
        seq,
        readCount: tables.get(conversationId)?.acks.get(seq)?.length ?? 0,
      })),
    changedReceipts: async (me, ofAllSenders, { after, upTo }, atLeast) => {
      const changed: ChangedReceipt[] = [];
      for (const { conversation, members, receipts, messages, acks } of tables.ofUser(me)) {
        const mine = members.get(me);
        if (conversation.groupId === null || !mine) continue;
        const visible = visibleInterval(mine, { after, upTo });
        for (const receipt of receipts.values()) {
          if (receipt.version <= visible.after || receipt.version > visible.upTo) continue;
          if (receipt.senderId !== me && !ofAllSenders && !receipt.expired) continue;
          const read = (acks.get(receipt.seq) ?? []).filter(({ version }) => version <= upTo);
          changed.push({
            ...receipt,
            version: receipt.version > after ? receipt.version : mine.backSince,
            groupId: conversation.groupId,
            messageId: messages.get(receipt.seq)!.id,
            readCount: read.length,
          });
        }
      }
      changed.sort((a, b) => a.version - b.version || bySeq(a, b));
      const last = changed[atLeast - 1];
      return last ? changed.filter(({ version }) => version <= last.version) : changed;
    },
    addedReaders: async (me, ofAllSenders, { after, upTo }, atLeast) => {
      const added = [...tables.ofUser(me)]
        .flatMap(({ conversation: { groupId }, members, receipts, messages, acks }): AddedReader[] => {
          const mine = members.get(me);
          if (groupId === null || !mine) return [];
          const visible = visibleInterval(mine, { after, upTo });
          return [...receipts.values()].flatMap(({ seq, senderId, memberCount, expired }) => {
            const all = senderId === me || ofAllSenders ? (acks.get(seq) ?? []) : [];
            return all
              .filter(({ version }) => version > visible.after && version <= visible.upTo)
              .map((ack) => ({
                ...ack,
                version: ack.version > after ? ack.version : mine.backSince,
                senderId,
                memberCount,
                expired,
                groupId,
                messageId: messages.get(seq)!.id,
                readCount: all.filter(({ version }) => version <= ack.version).length,
              }));
          });
        })
        .sort((a, b) => a.version - b.version || a.conversationId - b.conversationId || a.seq - b.seq || byName(a.userId, b.userId));
      const last = added[atLeast - 1];
      return last ? added.filter(({ version }) => version <= last.version) : added;
    },
    readers: async ({ conversationId, seq }, after, limit) =>
      [...(tables.get(conversationId)?.acks.get(seq) ?? [])]
        .sort(byTime)
        .filter(({ at, userId }) => !after || at > after.at || (at === after.at && byName(userId, after.userId) > 0))
        .slice(0, limit),
    nonReaders: async ({ conversationId, seq }, senderId, after, limit) => {
      const one = tables.get(conversationId);
      const readers = new Set((one?.acks.get(seq) ?? []).map(({ userId }) => userId));
      return [...(one?.members.values() ?? [])]
        .filter(({ userId, present }) => userId !== senderId && contains(present, seq) && !readers.has(userId))
        .map(({ userId }) => userId)
        .sort(byName)
        .filter((userId) => after === null || byName(userId, after) > 0)
        .slice(0, limit);
    },
    dueReceipts: async (now, limit) =>
      all()
        .filter(({ expiryPending, expiresAt }) => expiryPending && expiresAt < now)
        .sort((a, b) => a.expiresAt - b.expiresAt || bySeq(a, b))
        .slice(0, limit),
    hasOpenReceipts: async () => all().some(({ expiryPending }) => expiryPending),
  };
};
