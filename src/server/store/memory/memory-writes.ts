/** The writes of the memory store. Each write adds its undo step, which runs if the transaction fails. */
import { NO_RANGES } from '../../../model/registers/ranges.ts';
import { ALL_ON } from '../../../model/message/receipt-settings.ts';
import type { MemoryTables } from './memory-tables.ts';
import type { ServerReadTx, ServerTx } from '../server-store.ts';
import { type MessageKey, NEW_REGISTERS, type NoticeRecord, sortedPair } from '../records.ts';

const deleteReceipts = (tables: MemoryTables, keys: Iterable<MessageKey>, undo: (() => void)[]): void => {
  for (const { conversationId, seq } of keys) {
    const { receipts, acks } = tables.require(conversationId);
    const receipt = receipts.get(seq);
    const readers = acks.get(seq);
    receipts.delete(seq);
    acks.delete(seq);
    undo.push(() => {
      if (receipt) receipts.set(seq, receipt);
      if (readers) acks.set(seq, readers);
    });
  }
};

export const memoryWrites = (
  tables: MemoryTables,
  at: number,
  undo: (() => void)[],
  newId: (conversation: string) => number = () => tables.size + 1,
): Omit<ServerTx, keyof ServerReadTx | 'version' | 'lockConversations'> => ({
  // Transactions run one after another, so each row that a transaction reads is locked already.
  lockConversationsById: async (ids) => [...new Set(ids)].flatMap((id) => tables.get(id)?.conversation ?? []).sort((a, b) => a.id - b.id),
  lockSweep: async () => true,
  lockNotices: async () => undefined,
  putDeletedUser: async (userId) => {
    if (tables.deleted.has(userId)) return;
    tables.deleted.add(userId);
    undo.push(() => tables.deleted.delete(userId));
  },
  dropContents: async (userId, conversationId) => {
    const { acks } = tables.require(conversationId);
    for (const [seq, before] of acks) {
      if (!before.some((ack) => ack.userId === userId && ack.content !== null)) continue;
      acks.set(
        seq,
        before.map((ack) => (ack.userId === userId ? { ...ack, content: null } : ack)),
      );
      undo.push(() => acks.set(seq, before));
    }
  },
  putNotice: async (notice, forgetBefore) => {
    const before = tables.notices;
    const isKept = ({ kind, at: then }: NoticeRecord): boolean => (kind === 'policy' ? notice.kind !== 'policy' : then >= forgetBefore);
    tables.notices = [...before.filter(isKept), { number: (before.at(-1)?.number ?? 0) + 1, ...notice }];
    undo.push(() => void (tables.notices = before));
  },
  lockAccount: async (userId) => tables.accounts.get(userId) ?? { userId, ...ALL_ON, version: 0 },
  putAccount: async (record) => {
    const before = tables.accounts.get(record.userId);
    tables.accounts.set(record.userId, record);
    undo.push(() => (before ? tables.accounts.set(record.userId, before) : tables.accounts.delete(record.userId)));
  },
  lockGroup: async (groupId) => tables.named('', `group:${groupId}`)?.conversation,
  createDirect: async (me, peers) => {
    for (const peer of new Set(peers)) {
      if (tables.named(me, `direct:${peer}`)) continue;
      const [userA, userB] = sortedPair(me, peer);
      const one = tables.add({
        id: newId(`direct:${userA}\n${userB}`),
        groupId: null,
        userA,
        userB,
        latestSeq: 0,
        firstSeq: 1,
        versionA: 0,
        versionB: 0,
      });
      for (const userId of [userA, userB])
        tables.putMember({
          conversationId: one.conversation.id,
          userId,
          joinedAt: 0,
          ...NEW_REGISTERS,
          present: NO_RANGES,
          role: 'member',
          moves: 0,
          version: 0,
          awaySince: 0,
          backSince: 0,
        });
      undo.push(() => tables.remove(one));
    }
  },
  createGroups: async (groupIds) => {
    for (const groupId of groupIds) {
      if (tables.named('', `group:${groupId}`)) continue;
      const one = tables.add({ id: newId(`group:${groupId}`), groupId, userA: null, userB: null, latestSeq: 0, firstSeq: 1, version: at });
      undo.push(() => tables.remove(one));
    }
  },
  putConversations: async (records) => {
    for (const record of records) {
      const one = tables.require(record.id);
      const before = one.conversation;
      one.conversation = record;
      undo.push(() => (one.conversation = before));
    }
  },
  putMembers: async (records) => {
    for (const record of records) undo.push(tables.putMember(record));
  },
  insertMessages: async (records) => {
    for (const record of records) {
      const { messages } = tables.require(record.conversationId);
      if (tables.messagesById.has(record.id)) throw new Error(`message ${record.id} is stored already`);
      undo.push(messages.add(record));
      tables.messagesById.set(record.id, record);
      undo.push(() => tables.messagesById.delete(record.id));
    }
  },
  putCountingVersion: async (userId) => {
    const before = tables.counting.get(userId);
    tables.counting.set(userId, Math.max(before ?? 0, at));
    undo.push(() => (before === undefined ? tables.counting.delete(userId) : tables.counting.set(userId, before)));
  },
  putSenderCounts: async (reader, list) => {
    for (const { conversationId, senderId, after, counts } of list) {
      const { messages } = tables.require(conversationId);
      for (const before of messages.within([after + 1, Number.MAX_SAFE_INTEGER])) {
        if (before.senderId !== senderId || before.uncountedFor.includes(reader) !== counts) continue;
        const uncountedFor = counts ? before.uncountedFor.filter((userId) => userId !== reader) : [...before.uncountedFor, reader];
        const put = (message: typeof before): void => {
          messages.put(message);
          tables.messagesById.set(message.id, message);
        };
        put({ ...before, uncountedFor });
        undo.push(() => put(before));
      }
    }
  },
  putMessages: async (records) => {
    for (const record of records) {
      const { messages } = tables.require(record.conversationId);
      const before = messages.get(record.seq)!;
      const { body, recalled, mentions, version } = record;
      const after = { ...before, body, recalled, mentions, version: Math.max(before.version, version) };
      messages.put(after);
      tables.messagesById.set(record.id, after);
      undo.push(() => {
        messages.put(before);
        tables.messagesById.set(before.id, before);
      });
    }
  },
  endMessages: async (list) => {
    for (const { conversationId, upTo } of list) {
      const one = tables.require(conversationId);
      const { removed, undo: back } = one.messages.end(upTo);
      const { steps } = one;
      one.steps = steps.filter(({ range }) => range[1] > upTo);
      for (const { id, seq, senderId, sentAt } of removed) {
        tables.messagesById.delete(id);
        tables.ended.set(id, { conversationId, id, seq, senderId, sentAt });
      }
      undo.push(() => {
        back();
        one.steps = steps;
        for (const message of removed) {
          tables.messagesById.set(message.id, message);
          tables.ended.delete(message.id);
        }
      });
      deleteReceipts(
        tables,
        [...one.receipts.values()].filter(({ seq }) => seq <= upTo),
        undo,
      );
    }
  },
  insertSteps: async (records) => {
    for (const record of records) {
      const { steps } = tables.require(record.conversationId);
      steps.push(record);
      undo.push(() => steps.pop());
    }
  },
  insertReceipts: async (records) => {
    for (const record of records) {
      const { receipts } = tables.require(record.conversationId);
      if (receipts.has(record.seq)) throw new Error(`the receipt record of message ${record.seq} is stored already`);
      receipts.set(record.seq, record);
      undo.push(() => receipts.delete(record.seq));
    }
  },
  putReceipts: async (records) => {
    for (const { conversationId, seq, expiryPending, expired, version } of records) {
      const { receipts } = tables.require(conversationId);
      const before = receipts.get(seq)!;
      receipts.set(seq, { ...before, expiryPending, expired, version });
      undo.push(() => receipts.set(seq, before));
    }
  },
  deleteReceipts: async (keys) => deleteReceipts(tables, keys, undo),
  insertAcks: async (records) => {
    for (const record of records) {
      const readers = tables.acksOf(tables.require(record.conversationId), record.seq);
      if (readers.some(({ userId }) => userId === record.userId))
        throw new Error(`the read receipt of "${record.userId}" for message ${record.seq} is stored already`);
      readers.push(record);
      undo.push(() => readers.pop());
    }
  },
});
