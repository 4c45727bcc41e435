/** The server's tables as the judges read them: each conversation with its messages, its members and its receipts. */
import type { Mentions } from '../../src/model/message/mentions.ts';
import type { MemoryDump } from '../../src/server/store/memory/memory-tables.ts';
import type { AckRecord, ReceiptRecord } from '../../src/server/store/receipt-records.ts';
import type { EndedMessage, MemberRecord, MessageRecord } from '../../src/server/store/records.ts';
import { type Chat, directChat } from './book.ts';
import { isMentioned } from './mentions.ts';

type Pairs = readonly (readonly [number, number])[];

/** The window of the server's default policy. */
export const RECEIPT_WINDOW_MS = 3 * 86_400_000;
/** When virtual time begins, epoch ms. */
export const EPOCH = Date.UTC(2026, 0, 1);

export const has = (ranges: Pairs, seq: number): boolean => ranges.some(([from, upTo]) => seq >= from && seq <= upTo);

export interface SeenMessage {
  readonly id: string;
  readonly seq: number;
  readonly senderId: string;
  readonly countable: boolean;
  /** The readers for whom the message does not count. */
  readonly uncountedFor: readonly string[];
  readonly recalled: boolean;
  /** The server has deleted the message, because `policy.retention` had ended. */
  readonly ended: boolean;
  readonly asked: boolean;
  readonly mentions: Mentions | null;
  readonly sentAt: number;
}

/** One member's part of a conversation, from the server's tables. */
export interface Part {
  readonly user: string;
  readonly isIn: boolean;
  readonly joinedAt: number;
  readonly readUpTo: number;
  /** The device of the last move of the position. */
  readonly readBy: string | undefined;
  readonly cleared: Pairs;
  readonly muted: boolean;
  readonly marked: boolean;
  /** How many times the user joined or left the group. */
  readonly moves: number;
  /** The flag alone, and whether the conversation is archived. */
  readonly archiveFlag: boolean;
  readonly archived: boolean;
  /** For a conversation marked unread: the first message of the mark. From here on messages count, read or not. */
  readonly from: number | null;
  /** The messages from there on that the user cleared one by one since. */
  readonly clearedSince: Pairs;
  /** The flags as the table has them. */
  readonly flags: Pick<MemberRecord, 'muted' | 'marked' | 'archived'>;
  /** How often the mark changed. */
  readonly markCount: number;
  readonly delivered: Pairs;
  readonly read: Pairs;
  readonly named: Pairs;
  readonly present: Pairs;
  /** Messages forbidden to all receipts of the user. */
  readonly untold: Pairs;
}

export interface Truth {
  readonly chat: Chat;
  readonly isGroup: boolean;
  readonly messages: readonly SeenMessage[];
  readonly parts: ReadonlyMap<string, Part>;
  /** By seq: the readers of a group message, and the number of members. */
  readonly receipts: ReadonlyMap<
    number,
    { readonly readers: readonly string[]; readonly lastAt: number; readonly memberCount: number; readonly expired: boolean }
  >;
}

/** Stored messages of a device without a delivery receipt; direct chats only. */
export const undeliveredIn = ({ messages, isGroup }: Truth, { user, delivered }: Part): readonly SeenMessage[] =>
  isGroup ? [] : messages.filter(({ seq, senderId, ended }) => !ended && senderId !== user && !has(delivered, seq));

const partOf = (record: MemberRecord, isGroup: boolean, messages: readonly MessageRecord[]): Part => {
  const { userId, role, joinedAt, moves, readUpTo, readBy, cleared, muted, marked, archived, delivered, read, named, present, untold } =
    record;
  const isMarked = marked.value && readUpTo <= marked.at;
  const endsArchive = ({ seq, senderId, countable, uncountedFor }: MessageRecord): boolean =>
    seq > archived.at && senderId !== userId && countable && !uncountedFor.includes(userId) && (!isGroup || has(present, seq));
  return {
    user: userId,
    isIn: !isGroup || role !== null,
    joinedAt,
    moves,
    readUpTo,
    readBy: readBy?.deviceId,
    cleared,
    muted: muted.value,
    marked: isMarked,
    archiveFlag: archived.value,
    archived: archived.value && (muted.value || !messages.some(endsArchive)),
    from: isMarked ? (marked.from ?? null) : null,
    clearedSince: marked.cleared ?? [],
    flags: { muted, marked, archived },
    markCount: marked.count,
    delivered,
    read,
    named,
    present,
    untold,
  };
};

/** A message that has ended, as the judges knew it before. */
const endedOf = ({ id, seq, senderId, sentAt }: EndedMessage, before: Truth | undefined): SeenMessage => {
  const known = before?.messages[seq - 1];
  const unknown = { countable: true, uncountedFor: [], recalled: false, asked: false, mentions: null };
  return { ...(known?.id === id ? known : unknown), id, seq, senderId, sentAt, ended: true };
};

const conversationOf = (chat: Chat, isGroup: boolean, rows: Rows, before: Truth | undefined): Truth => {
  const { members, messages, ended, receipts, acks } = rows;
  const acksOf = (seq: number): readonly AckRecord[] => acks.filter((ack) => ack.seq === seq);
  return {
    chat,
    isGroup,
    messages: [
      ...ended.map((message) => endedOf(message, before)),
      ...messages.map(({ receiptRequested, ...message }) => ({ ...message, ended: false, asked: receiptRequested })),
    ].sort((a, b) => a.seq - b.seq),
    parts: new Map(members.map((member) => [member.userId, partOf(member, isGroup, messages)])),
    receipts: new Map(
      receipts.map(({ seq, memberCount, expired }) => [
        seq,
        {
          readers: acksOf(seq).map(({ userId }) => userId),
          lastAt: Math.max(0, ...acksOf(seq).map(({ at }) => at)),
          memberCount,
          expired,
        },
      ]),
    ),
  };
};

/** The rows of one conversation in the server's tables. The server replaces a row as a whole, and changes none. */
class Rows {
  readonly members: MemberRecord[] = [];
  readonly messages: MessageRecord[] = [];
  readonly ended: EndedMessage[] = [];
  readonly receipts: ReceiptRecord[] = [];
  readonly acks: AckRecord[] = [];

  isSameAs(other: Rows): boolean {
    return (['members', 'messages', 'ended', 'receipts', 'acks'] as const).every((table) => {
      const [mine, others]: readonly (readonly unknown[])[] = [this[table], other[table]];
      return mine!.length === others!.length && mine!.every((row, i) => row === others![i]);
    });
  }
}

const rowsByConversation = ({ conversations, members, messages, ended, receipts, acks }: MemoryDump): Map<number, Rows> => {
  const rows = new Map(conversations.map(({ id }) => [id, new Rows()]));
  for (const row of members) rows.get(row.conversationId)?.members.push(row);
  for (const row of messages) rows.get(row.conversationId)?.messages.push(row);
  for (const row of ended) rows.get(row.conversationId)?.ended.push(row);
  for (const row of receipts) rows.get(row.conversationId)?.receipts.push(row);
  for (const row of acks) rows.get(row.conversationId)?.acks.push(row);
  return rows;
};

/** The rows from which a truth was made. */
const madeFrom = new WeakMap<Truth, Rows>();

/**
 * The server's tables by conversation.
 *
 * @param before the tables of the moment before: a conversation with the same rows is the same object again.
 */
export const truthOf = (dump: MemoryDump, before?: ReadonlyMap<Chat, Truth>): Map<Chat, Truth> => {
  const truths = new Map<Chat, Truth>();
  const rows = rowsByConversation(dump);
  for (const { id, groupId, userA, userB } of dump.conversations) {
    const chat = groupId === null ? directChat(userA, userB) : `group:${groupId}`;
    const known = before?.get(chat);
    const own = rows.get(id)!;
    const truth = known && madeFrom.get(known)!.isSameAs(own) ? known : conversationOf(chat, groupId !== null, own, known);
    madeFrom.set(truth, own);
    truths.set(chat, truth);
  }
  return truths;
};

/** A mark from a message on counts the messages again that were cleared before it. */
export const isCleared = ({ from, cleared, clearedSince }: Part, seq: number): boolean =>
  has(from !== null && seq >= from ? clearedSince : cleared, seq);

const countedFor = ({ messages }: Truth, part: Part, after: (seq: number) => boolean): readonly SeenMessage[] => {
  const { user, joinedAt } = part;
  return messages.filter(
    ({ seq, senderId, countable, uncountedFor, recalled, ended }) =>
      !ended &&
      after(seq) &&
      seq > joinedAt &&
      senderId !== user &&
      countable &&
      !uncountedFor.includes(user) &&
      !recalled &&
      !isCleared(part, seq),
  );
};

/** The unread count of a member (I-12). */
export const unreadOf = (truth: Truth, part: Part): number =>
  countedFor(truth, part, (seq) => seq > part.readUpTo || (part.from !== null && seq >= part.from)).length;

/** The mention count of a member (I-12). */
export const mentionsOf = (truth: Truth, part: Part): number =>
  countedFor(truth, part, (seq) => seq > part.readUpTo).filter((one) => isMentioned(one, part.user)).length;

export type Violated = (invariant: string, why: string) => void;
