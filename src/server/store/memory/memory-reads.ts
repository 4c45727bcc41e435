/** The reads of conversations, members and messages in the memory store: loops over its tables. */
import type { Seq, UserId } from '../../../model/ids.ts';
import { countsAbove } from '../../../model/registers/flag.ts';
import { mentionsReader } from '../../../model/message/mentions.ts';
import { fromSeqs, NO_RANGES, type Ranges, union } from '../../../model/registers/ranges.ts';
import { countingBase } from '../../../model/conversation/unread.ts';
import type { AckRecord } from '../receipt-records.ts';
import { memoryReceiptReads, visibleInterval } from './memory-receipts.ts';
import type { ConversationTables, MemoryTables } from './memory-tables.ts';
import {
  byFeedOrder,
  type ChangedPiece,
  type ConversationRange,
  type ConversationRecord,
  type MessageRecord,
  nameOf,
  type ListedConversation,
  type StepRecord,
  type UnreadSender,
  type FeedRecall,
  versionFor,
} from '../records.ts';
import { cutBody, upToBytes } from '../bodies.ts';
import type { RangeKind, ServerReadTx } from '../server-store.ts';

/** Whether the message counts for `me`, recalled or not. */
const countsFor = ({ senderId, countable, uncountedFor }: MessageRecord, me: UserId): boolean =>
  senderId !== me && countable && !uncountedFor.includes(me);

const within = (tables: MemoryTables, { conversationId, range }: ConversationRange): MessageRecord[] =>
  tables.get(conversationId)?.messages.within(range) ?? [];

const ofKind = (kind: RangeKind, message: MessageRecord, me: UserId): boolean => {
  switch (kind) {
    case 'own':
      return message.senderId === me;
    case 'uncounted':
      return !countsFor(message, me) || message.recalled;
    case 'ackable':
      return message.senderId !== me && message.receiptRequested && !message.recalled;
    case 'mentioning':
      return mentionsReader(message.mentions, message.senderId, me);
  }
};

const seqsOf = (messages: readonly MessageRecord[], kind: RangeKind, me: UserId): Ranges =>
  fromSeqs(messages.filter((message) => ofKind(kind, message, me)).map(({ seq }) => seq));

/** The parts of the range in which all messages are of the kind. */
const partsOf = (tables: MemoryTables, kind: RangeKind, me: UserId, { conversationId, range }: ConversationRange): Ranges => {
  const messages = tables.get(conversationId)?.messages;
  if (!messages) return NO_RANGES;
  switch (kind) {
    case 'own':
      return messages.ofSender(me, range);
    case 'uncounted':
      return union(messages.ofSender(me, range), seqsOf(messages.specialIn(range), kind, me));
    case 'mentioning':
      return seqsOf(messages.specialIn(range), kind, me);
    case 'ackable':
      return seqsOf(messages.within(range), kind, me);
  }
};

const byVersion = (a: StepRecord, b: StepRecord): number =>
  a.version - b.version || a.conversationId - b.conversationId || a.kind.localeCompare(b.kind) || a.range[0] - b.range[0];

const byId = (a: ConversationRecord, b: ConversationRecord): number => a.id - b.id;

const firstOf = (recalls: FeedRecall[], atLeast: number): readonly FeedRecall[] => {
  recalls.sort(byFeedOrder);
  const last = recalls[atLeast - 1];
  return last ? recalls.filter(({ version }) => version <= last.version) : recalls;
};

/** The conversation in the list of its member `me`. */
const listedFor = (me: UserId, { conversation, members }: ConversationTables): ListedConversation => {
  const mine = members.get(me)!;
  return { ...conversation, left: mine.role === null, version: versionFor(conversation, mine) };
};

export const memoryReads = (
  tables: MemoryTables,
  now: () => number,
): Omit<ServerReadTx, 'feedEnd' | 'isBehind' | 'run' | 'runs' | 'begunAt'> => ({
  ...memoryReceiptReads(tables),
  now: async () => now(),
  deletedUsers: async (userIds) => new Set(userIds.filter((userId) => tables.deleted.has(userId))),
  notices: async (after) => tables.notices.filter(({ number }) => number > after),
  account: async (userId) => tables.accounts.get(userId),
  conversations: async (me, names) =>
    [...new Set(names)]
      .flatMap((name) => tables.named(me, name) ?? [])
      .filter(({ members }) => members.get(me)?.role)
      .map(({ conversation }) => conversation)
      .sort(byId),
  conversationsById: async (me, ids) =>
    [...new Set(ids)]
      .flatMap((id) => tables.get(id) ?? [])
      .filter(({ members }) => members.get(me)?.role)
      .map(({ conversation }) => conversation)
      .sort(byId),
  changedConversations: async (me, { after, upTo }, atLeast) => {
    // Most conversations of a user have not changed, and each pull asks.
    const changed = [...tables.ofUser(me)]
      .filter(({ conversation, members }) => {
        const version = versionFor(conversation, members.get(me)!);
        return version > after && version <= upTo;
      })
      .map((one) => listedFor(me, one))
      .sort((a, b) => a.version - b.version || byId(a, b));
    const last = changed[atLeast - 1];
    return last ? changed.filter((one) => one.version <= last.version) : changed;
  },
  membersNamed: async (id, userIds) => [...new Set(userIds)].flatMap((userId) => tables.get(id)?.members.get(userId) ?? []),
  members: async (ids) => ids.flatMap((id) => [...(tables.get(id)?.members.values() ?? [])]),
  ownMembers: async (me, ids) => ids.flatMap((id) => tables.get(id)?.members.get(me) ?? []),
  roster: async (ids) =>
    ids.flatMap((conversationId) =>
      [...(tables.get(conversationId)?.members.values() ?? [])].flatMap(({ userId, role }) =>
        role ? [{ conversationId, userId, role }] : [],
      ),
    ),
  messagesById: async (ids, chars) =>
    [...new Set(ids)].flatMap((id) => tables.messagesById.get(id) ?? []).map((message) => cutBody(message, chars)),
  messagesIn: async (ranges, chars) => ranges.flatMap((one) => within(tables, one)).map((message) => cutBody(message, chars)),
  endedMessages: async (ids) => [...new Set(ids)].flatMap((id) => tables.ended.get(id) ?? []),
  firstSince: async (at, ranges) => ranges.map((one) => within(tables, one).find(({ sentAt }) => sentAt >= at)?.seq ?? 0),
  toEnd: async (after, limit, { before, most }) =>
    tables
      .all()
      .filter(({ conversation }) => conversation.id > after)
      .slice(0, limit)
      .map(({ conversation: { id, firstSeq, latestSeq }, messages }) => ({
        id,
        isDue: latestSeq - firstSeq + 1 > (most ?? Infinity) || (before !== null && (messages.get(firstSeq)?.sentAt ?? Infinity) < before),
      })),
  archivedMembers: async (ids) =>
    ids.flatMap((id) => [...(tables.get(id)?.members.values() ?? [])].filter(({ archived }) => archived.value)),
  messagesWithin: async (ranges, bytes) =>
    upToBytes(
      ranges.flatMap((one) => within(tables, one).reverse()),
      bytes,
    ),
  changedMessages: async (ids, { after, upTo }, limit, bytes) =>
    upToBytes(
      ids
        .flatMap((id) => tables.get(id)?.messages.changedAfter(after) ?? [])
        .filter((message) => message.version <= upTo)
        .sort((a, b) => b.version - a.version || a.conversationId - b.conversationId || b.seq - a.seq)
        .slice(0, limit),
      bytes,
    ),
  missedRecalls: async (me, { after, upTo }, atLeast) => {
    const missed: FeedRecall[] = [];
    for (const { conversation, members, messages } of tables.ofUser(me)) {
      const mine = members.get(me);
      if (conversation.groupId === null || !mine || mine.version <= after) continue;
      const visible = visibleInterval(mine, { after, upTo });
      const end = mine.role === null ? visible.upTo : after;
      for (const message of messages.all) {
        if (!message.recalled || message.version <= visible.after || message.version > end) continue;
        missed.push({ in: nameOf(conversation, me), message, version: message.version > after ? message.version : mine.backSince });
      }
    }
    return firstOf(missed, atLeast);
  },
  changedRecalls: async (me, { after, upTo }, atLeast) => {
    const changed: FeedRecall[] = [];
    for (const { conversation, members, messages } of tables.ofUser(me)) {
      const mine = members.get(me);
      if (!mine?.role || versionFor(conversation, mine) <= after) continue;
      for (const message of messages.changedAfter(after)) {
        if (!message.recalled || message.version > upTo) continue;
        const wasAway = mine.backSince > after && message.version > mine.awaySince;
        const version = wasAway ? Math.max(message.version, mine.backSince) : message.version;
        if (version <= upTo) changed.push({ in: nameOf(conversation, me), message, version });
      }
    }
    return firstOf(changed, atLeast);
  },
  changedSteps: async (ids, me, { after, upTo }, limit) =>
    ids
      .flatMap((id) => (tables.get(id)?.steps ?? []).filter((step) => step.userId !== me && step.version > after && step.version <= upTo))
      .sort(byVersion)
      .slice(0, limit),
  changedPieces: async (ids, me, { after, upTo }, limit) => {
    const isChanged = ({ version }: { readonly version: number }): boolean => version > after && version <= upTo;
    return ids
      .flatMap((id): ChangedPiece[] => {
        const { steps = [], acks = new Map<Seq, readonly AckRecord[]>() } = tables.get(id) ?? {};
        const own = [...acks.values()].flat().filter((ack) => ack.userId === me && isChanged(ack));
        return [
          ...steps.filter(isChanged),
          ...own.map(({ conversationId, userId, seq }) => ({ conversationId, userId, kind: 'named' as const, range: [seq, seq] as const })),
        ];
      })
      .slice(0, limit);
  },
  stepTimes: async (me, keys) =>
    keys.flatMap(({ conversationId, seq }) =>
      (tables.get(conversationId)?.steps ?? [])
        .filter((step) => step.userId !== me && step.range[0] <= seq && seq <= step.range[1])
        .map(({ kind, at }) => ({ conversationId, seq, kind, at })),
    ),
  islands: async (kinds, me, ranges) => kinds.map((kind) => ranges.map((one) => partsOf(tables, kind, me, one))),
  firstCounting: async (me, ranges) => ranges.map((one) => within(tables, one).find((message) => countsFor(message, me))?.seq ?? 0),
  unreadPlaces: async (userIds) =>
    [...new Set(userIds)].flatMap((userId) =>
      [...tables.ofUser(userId)].flatMap(({ conversation: { groupId, firstSeq, latestSeq }, members }) => {
        const member = members.get(userId);
        return member?.role && (latestSeq > member.readUpTo || member.marked.value) ? [{ member, groupId, firstSeq, latestSeq }] : [];
      }),
    ),
  uncountedIn: async (parts) =>
    parts.map((part) => within(tables, part).filter((message) => ofKind('uncounted', message, part.userId)).length),
  unreadSenders: async (reader) =>
    [...tables.ofUser(reader)]
      .flatMap(({ conversation, members, messages }): UnreadSender[] => {
        const mine = members.get(reader);
        if (!mine?.role) return [];
        const { id, firstSeq } = conversation;
        const base = countingBase({ joinedAt: mine.joinedAt, firstSeq }, countsAbove(mine.marked, mine.readUpTo));
        const senders = new Map<string, UnreadSender>();
        for (const { senderId, countable, recalled, uncountedFor } of messages.within([base + 1, Number.MAX_SAFE_INTEGER])) {
          if (senderId === reader || !countable || recalled) continue;
          const counts = !uncountedFor.includes(reader);
          senders.set(`${counts} ${senderId}`, { conversationId: id, senderId, counts });
        }
        return [...senders.values()];
      })
      .sort(
        (a, b) =>
          a.conversationId - b.conversationId ||
          (a.senderId < b.senderId ? -1 : Number(a.senderId > b.senderId)) ||
          Number(a.counts) - Number(b.counts),
      ),
  countingVersions: async (userIds) =>
    new Map(
      userIds.flatMap((userId): [string, number][] => {
        const version = tables.counting.get(userId);
        return version === undefined ? [] : [[userId, version]];
      }),
    ),
  latestSeqsBelow: async (version, ids) =>
    ids.flatMap((conversationId) => {
      const last = tables.get(conversationId)?.messages.all.findLast((message) => message.version < version);
      return last ? [{ conversationId, seq: last.seq }] : [];
    }),
});
