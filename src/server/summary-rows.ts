/** A conversation as one of its members sees it: the row from which unread counts and receipt states are derived (I-12, I-13). */
import { type ConversationRow, MAX_SUMMARY_BODY_BYTES, MAX_TOLD_RANGES, MAX_UNCOUNTED_RANGES } from '../model/conversation.ts';
import type { UserId } from '../model/ids.ts';
import type { StoredMessage } from '../model/message.ts';
import { NO_RANGES, type Ranges, size } from '../model/ranges.ts';
import type { Told } from '../model/receipt.ts';
import { countingBase } from '../model/unread.ts';
import { type ConversationRecord, type MemberRecord, type MessageRecord, peerOf, type ServerReadTx, type Stretch } from './server-store.ts';

const encoder = new TextEncoder();
export const byteLength = (text: string): number => encoder.encode(text).length;

/** The frames' view of a stored message; what a recalled one said is gone for everybody. */
export const messageOf = ({ id, seq, senderId, sentAt, body, receiptRequested, countable, recalled }: MessageRecord): StoredMessage => ({
  id,
  seq,
  senderId,
  sentAt,
  body: recalled ? '' : body,
  receiptRequested,
  countable,
  recalled,
});

const newest = (ranges: Ranges): Ranges => ranges.slice(-MAX_TOLD_RANGES);

const told = ({ delivered, read, acked }: MemberRecord): Told => ({
  delivered: newest(delivered),
  read: newest(read),
  acked: newest(acked),
});

const summaryMessage = (record: MessageRecord): StoredMessage => {
  const message = messageOf(record);
  // A code unit is at most 3 bytes: only what could be too long is measured.
  const long = message.body.length * 3 > MAX_SUMMARY_BODY_BYTES && byteLength(message.body) > MAX_SUMMARY_BODY_BYTES;
  return long ? { ...message, body: '' } : message;
};

/**
 * Rows for `me`, in the order of the conversations, which all are theirs. Three batch reads, whatever their number.
 *
 * Above 256 uncounted ranges a row carries the count at its position instead.
 */
export const rowsOf = async (
  tx: ServerReadTx,
  me: UserId,
  conversations: readonly ConversationRecord[],
): Promise<readonly ConversationRow[]> => {
  if (conversations.length === 0) return [];
  const members = new Map<number, { mine?: MemberRecord; theirs?: MemberRecord }>();
  for (const member of await tx.members(conversations.map(({ id }) => id))) {
    let pair = members.get(member.conversationId);
    if (!pair) members.set(member.conversationId, (pair = {}));
    pair[member.userId === me ? 'mine' : 'theirs'] = member;
  }

  const heads: Stretch[] = [];
  const unread: Stretch[] = [];
  for (const conversation of conversations) {
    const { id, latestSeq } = conversation;
    const mine = members.get(id)?.mine;
    if (!mine) throw new Error(`conversation ${id} has no member row for its reader`);
    if (latestSeq >= conversation.firstSeq) heads.push({ conversationId: id, range: [latestSeq, latestSeq] });
    const base = countingBase({ joinedAt: mine.joinedAt, firstSeq: conversation.firstSeq }, mine.readUpTo);
    if (base < latestSeq) unread.push({ conversationId: id, range: [base + 1, latestSeq] });
  }
  const last = new Map((await tx.messagesIn(heads)).map((message) => [message.conversationId, message]));
  const islands = await tx.islands('uncounted', me, unread);
  const uncounted = new Map(unread.map(({ conversationId }, i) => [conversationId, islands[i] ?? NO_RANGES]));

  return conversations.map((conversation): ConversationRow => {
    const { mine, theirs } = members.get(conversation.id)!;
    const { joinedAt, readUpTo, readBy, muted, marked } = mine!;
    const { firstSeq, latestSeq, version } = conversation;
    const ranges = uncounted.get(conversation.id) ?? NO_RANGES;
    const tooMany = ranges.length > MAX_UNCOUNTED_RANGES;
    const at = countingBase({ joinedAt, firstSeq }, readUpTo);
    const lastMessage = last.get(conversation.id);
    return {
      conversationId: `direct:${peerOf(conversation, me)}`,
      version,
      latestSeq,
      firstSeq,
      joinedAt,
      readUpTo,
      readBy,
      uncounted: tooMany ? NO_RANGES : ranges,
      counted: tooMany ? { at, upTo: latestSeq, count: latestSeq - at - size(ranges) } : null,
      muted,
      marked,
      mine: told(mine!),
      theirs: theirs ? told(theirs) : { delivered: NO_RANGES, read: NO_RANGES, acked: NO_RANGES },
      lastMessage: lastMessage ? summaryMessage(lastMessage) : null,
      present: NO_RANGES,
    };
  });
};
