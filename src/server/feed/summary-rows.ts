/**
 * Makes the rows of conversations, as one member sees them. Clients derive unread counts and receipt states
 * from these rows (I-12, I-13).
 */
import { byteLength } from '../../model/byte-length.ts';
import {
  type ConversationRow,
  MAX_MENTION_RANGES,
  MAX_SUMMARY_BODY_BYTES,
  MAX_UNCOUNTED_RANGES,
} from '../../model/conversation/conversation.ts';
import { clearedUnder, countsAbove } from '../../model/registers/flag.ts';
import type { Seq, UserId } from '../../model/ids.ts';
import { mentionsReader } from '../../model/message/mentions.ts';
import type { StoredMessage } from '../../model/message/message.ts';
import { above, contains, intersect, NO_RANGES, range, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import { NO_RECEIPTS_SENT, type ReceiptsSent } from '../../model/message/receipt.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import { boundRows, type FullRow, type Known } from './bound-rows.ts';
import {
  type ConversationRecord,
  type MemberRecord,
  type MessageRecord,
  nameOf,
  reopeningRanges,
  type ConversationRange,
  versionFor,
} from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';

/** The wire form of a stored message, for one reader. The text of a recalled message is empty for every user. */
export const wireMessageOf = (
  { id, seq, senderId, sentAt, body, receiptRequested, countable, recalled, mentions }: MessageRecord,
  reader: UserId,
): StoredMessage => ({
  id,
  seq,
  senderId,
  sentAt,
  body: recalled ? '' : body,
  receiptRequested,
  countable,
  recalled,
  ...(mentionsReader(mentions, senderId, reader) ? { mentionsMe: true } : {}),
});

const newest = (cleared: Ranges): Ranges => cleared.slice(-MAX_UNCOUNTED_RANGES);

const receiptsSentOf = ({ delivered, read, named }: MemberRecord): ReceiptsSent => ({ delivered, read, named });

const summaryMessage = (record: MessageRecord, reader: UserId): StoredMessage => {
  const message = wireMessageOf(record, reader);
  // A code unit is at most 3 bytes, so only long bodies are measured.
  const long = message.body.length * 3 > MAX_SUMMARY_BODY_BYTES && byteLength(message.body) > MAX_SUMMARY_BODY_BYTES;
  return long ? { ...message, body: '' } : message;
};

/** A conversation as its member sees it. For a former member the conversation ends at the departure. */
export interface MemberView {
  readonly conversation: ConversationRecord;
  readonly mine: MemberRecord;
  readonly theirs: MemberRecord | undefined;
}

export const viewOf = (conversation: ConversationRecord, mine: MemberRecord, theirs: MemberRecord | undefined): MemberView => {
  const isGone = conversation.groupId !== null && mine.role === null;
  return { conversation: isGone ? { ...conversation, latestSeq: mine.joinedAt } : conversation, mine, theirs };
};

/**
 * Reads the member rows for the conversations. For a group only the reader's own row is read: the group may
 * have many members.
 */
const viewsOf = async (tx: ServerReadTx, me: UserId, conversations: readonly ConversationRecord[]): Promise<readonly MemberView[]> => {
  const direct = conversations.filter(({ groupId }) => groupId === null).map(({ id }) => id);
  const groups = conversations.filter(({ groupId }) => groupId !== null).map(({ id }) => id);
  const mine = new Map<number, MemberRecord>();
  const theirs = new Map<number, MemberRecord>();
  const [inChats, inGroups] = await Promise.all([tx.members(direct), tx.ownMembers(me, groups)]);
  for (const member of inChats) (member.userId === me ? mine : theirs).set(member.conversationId, member);
  for (const member of inGroups) mine.set(member.conversationId, member);
  return conversations.map((conversation) => {
    const own = mine.get(conversation.id);
    if (!own) throw new Error(`conversation ${conversation.id} has no member row for its reader`);
    return viewOf(conversation, own, theirs.get(conversation.id));
  });
};

/** The first message that reopens each archived conversation. */
const reopenedBy = async (tx: ServerReadTx, me: UserId, views: readonly MemberView[]): Promise<ReadonlyMap<number, Seq>> => {
  const after: ConversationRange[] = [];
  for (const { conversation, mine } of views)
    for (const one of reopeningRanges(conversation, mine)) after.push({ conversationId: conversation.id, range: one });
  const found = await tx.firstCounting(me, after);
  const first = new Map<number, Seq>();
  // The ranges of one conversation ascend.
  for (const [i, { conversationId }] of after.entries())
    if (found[i]! > 0 && !first.has(conversationId)) first.set(conversationId, found[i]!);
  return first;
};

/**
 * Makes rows for `me`, in the order of the conversations; `me` is or was a member of each. The number of
 * batch reads does not depend on the number of conversations.
 *
 * Above 256 uncounted ranges a row carries the number of unread messages above its position instead, and
 * likewise for mentions.
 * `boundRows` cuts receipts in many pieces.
 *
 * @param known the reader's knowledge before the rows.
 */
export const rowsOf = async (
  tx: ServerReadTx,
  me: UserId,
  conversations: readonly ConversationRecord[],
  known: Known,
): Promise<readonly ConversationRow[]> =>
  conversations.length === 0 ? [] : rowsOfViews(tx, me, await viewsOf(tx, me, conversations), known);

/** As {@link rowsOf}, for a caller that knows the rows of the members. */
export const rowsOfViews = async (
  tx: ServerReadTx,
  me: UserId,
  views: readonly MemberView[],
  known: Known,
): Promise<readonly ConversationRow[]> => {
  const lastSeqs: ConversationRange[] = [];
  const unread: ConversationRange[] = [];
  for (const { conversation, mine } of views) {
    const { id, latestSeq } = conversation;
    // A new member does not get the last message from before the join.
    const isVisible = conversation.groupId === null || contains(mine.present, latestSeq);
    if (mine.role !== null && isVisible && latestSeq >= conversation.firstSeq)
      lastSeqs.push({ conversationId: id, range: [latestSeq, latestSeq] });
    const base = countingBase({ joinedAt: mine.joinedAt, firstSeq: conversation.firstSeq }, countsAbove(mine.marked, mine.readUpTo));
    if (base < latestSeq) unread.push({ conversationId: id, range: [base + 1, latestSeq] });
  }
  const [lastMessages, [uncounted = [], mentioning = []], reopened] = await Promise.all([
    tx.messagesIn(lastSeqs, MAX_SUMMARY_BODY_BYTES + 1),
    tx.islands(['uncounted', 'mentioning'], me, unread),
    reopenedBy(tx, me, views),
  ]);
  const last = new Map(lastMessages.map((message) => [message.conversationId, message]));
  const place = new Map(unread.map(({ conversationId }, i) => [conversationId, i]));

  const rows = views.map(({ conversation, mine, theirs }): FullRow => {
    const { joinedAt, readUpTo, readBy, muted, marked, untold, archived } = mine;
    const { firstSeq, latestSeq } = conversation;
    const placed = place.get(conversation.id) ?? -1;
    // A mark may count messages from below the position. Mentions count above the position alone.
    const at = countingBase({ joinedAt, firstSeq }, countsAbove(marked, readUpTo));
    const notCounting = uncounted[placed] ?? NO_RANGES;
    const visible = range(at + 1, latestSeq);
    const cleared = intersect(mine.cleared, visible);
    const clearedNow = intersect(clearedUnder(marked, readUpTo, cleared), visible);
    const ranges = union(notCounting, clearedNow);
    const tooMany = [ranges, cleared, clearedNow].some(({ length }) => length > MAX_UNCOUNTED_RANGES);
    const position = countingBase({ joinedAt, firstSeq }, readUpTo);
    // A later mark may count a cleared message again, so a mention stays named if the row also names the clear.
    const mentioned = above(subtract(mentioning[placed] ?? NO_RANGES, notCounting), position);
    const mentions = subtract(mentioned, subtract(clearedNow, union(newest(cleared), newest(marked.cleared ?? NO_RANGES))));
    const tooManyMentions = mentions.length > MAX_MENTION_RANGES;
    const lastMessage = last.get(conversation.id);
    const row: ConversationRow = {
      conversationId: nameOf(conversation, me),
      version: versionFor(conversation, mine),
      latestSeq,
      firstSeq,
      joinedAt,
      readUpTo,
      readBy,
      uncounted: tooMany ? NO_RANGES : notCounting,
      cleared: newest(cleared),
      counted: tooMany ? { at, upTo: latestSeq, count: latestSeq - at - size(ranges) } : null,
      mentions: tooManyMentions ? NO_RANGES : mentions,
      mentionsCounted: tooManyMentions ? { at: position, upTo: latestSeq, count: size(subtract(mentions, clearedNow)) } : null,
      muted,
      marked: marked.cleared ? { ...marked, cleared: newest(marked.cleared) } : marked,
      untold,
      archived,
      reopenedBy: reopened.get(conversation.id) ?? 0,
      left: { count: mine.moves, value: mine.role === null },
      mine: receiptsSentOf(mine),
      theirs: theirs ? receiptsSentOf(theirs) : NO_RECEIPTS_SENT,
      lastMessage: lastMessage ? summaryMessage(lastMessage, me) : null,
      present: intersect(mine.present, range(1, latestSeq)),
    };
    return { id: conversation.id, row, memberVersion: mine.version };
  });
  return boundRows(tx, me, rows, known);
};
