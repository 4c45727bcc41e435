/** Receipts of direct chats and groups, and the message status derived from them. */
import { byteLength } from '../byte-length.ts';
import type { ConversationId, MessageId, Seq, UserId } from '../ids.ts';
import { must } from '../must.ts';
import type { MessageStatus, StoredMessage } from './message.ts';
import { contains, NO_RANGES, type Range, type Ranges, union } from '../registers/ranges.ts';

/** `delivered`: delivery receipt · `read`: conversation read receipt · `named`: message read receipt, which names single messages. */
export type ReceiptKind = 'delivered' | 'read' | 'named';

/** The receipts of a direct chat, from one member to the other. `read` and `named` are separate sets: neither absorbs the other. */
export interface ReceiptsSent {
  readonly delivered: Ranges;
  readonly read: Ranges;
  readonly named: Ranges;
}

export const NO_RECEIPTS_SENT: ReceiptsSent = { delivered: NO_RANGES, read: NO_RANGES, named: NO_RANGES };

export const joinReceiptsSent = (a: ReceiptsSent, b: ReceiptsSent): ReceiptsSent => {
  const delivered = union(a.delivered, b.delivered);
  const read = union(a.read, b.read);
  const named = union(a.named, b.named);
  return delivered === a.delivered && read === a.read && named === a.named ? a : { delivered, read, named };
};

/** The first time of a receipt for the messages of `range`. `at` is epoch ms by the server's clock. A step never changes. */
export interface ReceiptStep {
  readonly conversationId: ConversationId;
  readonly by: UserId;
  readonly kind: ReceiptKind;
  readonly range: Range;
  readonly at: number;
}

/** A reader's text to a group receipt: at most 1 KiB of UTF-8. */
export interface AckContent {
  readonly id: MessageId;
  readonly text: string;
}

/** Largest text beside a group receipt, in UTF-8 bytes. */
export const MAX_CONTENT_BYTES = 1024;
/** Longest cursor of a page of readers, in characters. */
export const MAX_CURSOR_CHARS = 256;

const isStorable = (text: unknown): boolean => typeof text === 'string' && !text.includes('\0') && !/\p{Surrogate}/u.test(text);

/**
 * Checks and returns the text of a reader for a group receipt.
 *
 * @throws {UsageError} `usage/invalid-argument` for other types than text, for more than 1 KiB of UTF-8, for NUL and lone surrogates.
 */
export const requireContent = (content: unknown): string => {
  const rule = `text of at most ${MAX_CONTENT_BYTES} bytes of UTF-8, without NUL and half surrogate pairs`;
  const text = must(isStorable(content), content as string, 'content', rule);
  const bytes = byteLength(text);
  return must(bytes <= MAX_CONTENT_BYTES, text, 'content', rule, undefined, `${bytes} bytes`);
};

/** A member, as a reader or a non-reader of a group message. */
export interface ReadMember {
  /** The member. */
  readonly userId: UserId;
  /** Epoch ms by the server's clock; `null` if the member has not read the message. */
  readonly readAt: number | null;
  /** The text of the receipt; absent without one. */
  readonly content?: string | undefined;
}

/**
 * When an own message was delivered and read (epoch ms, the server's clock): for each kind, the time of the first
 * step with this message.
 */
export interface ReceiptTimes {
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
  readonly named?: number | undefined;
}

/** How many members have read a group message that asked for a receipt. The numbers only grow. */
export interface GroupReceipt {
  readonly readCount: number;
  /** Number of members at the message's commit, without its sender. It never changes. */
  readonly memberCount: number;
  /** The receipt window is over: the server accepts no more receipts for this message. */
  readonly expired: boolean;
}

/** Joins two states of one group receipt. Commutative, associative, idempotent (I-2). */
export const joinGroupReceipts = (a: GroupReceipt, b: GroupReceipt): GroupReceipt => ({
  readCount: Math.max(a.readCount, b.readCount),
  memberCount: Math.max(a.memberCount, b.memberCount),
  expired: a.expired || b.expired,
});

/** Number of members who have not read the message. */
export const unreadMembers = ({ readCount, memberCount }: Pick<GroupReceipt, 'readCount' | 'memberCount'>): number =>
  Math.max(0, memberCount - readCount);

/** The receipt of the group message with this `seq`. */
export interface ReceiptAtSeq extends GroupReceipt {
  readonly seq: Seq;
}

/** How far the receipts of a message have come; {@link MessageReceipts.state} explains each value. */
export type ReceiptState = 'none' | 'pending' | 'processing' | 'done' | 'expired';

/** The receipts of one message. */
export interface MessageReceipts {
  /** The message. */
  readonly messageId: MessageId;
  /** Its conversation. */
  readonly conversationId: ConversationId;
  /**
   * A recalled message has `none`.
   * Own message: `none` no receipt requested · `pending` not yet at the server · `processing` not yet read · `done` read · `expired`.
   * Message of another user: `none` no receipt requested · `processing` not yet read by me · `pending` my receipt is queued on this
   * device · `done` my receipt is at the server · `expired`.
   */
  readonly state: ReceiptState;
  /** Direct chats: epoch ms by the server's clock, or null. A read message counts as delivered (I-7). */
  readonly deliveredAt: number | null;
  /** Direct chats: the first read receipt of either kind, epoch ms, or null. */
  readonly readAt: number | null;
  /** Direct chats: the first message read receipt, epoch ms, or null. */
  readonly ackedAt: number | null;
  /** Direct chats: the first conversation read receipt that covers the message, epoch ms, or null. Neither kind replaces the other. */
  readonly conversationReadAt: number | null;
  /** Groups: numbers of readers and non-readers; 0 and 0 unless the server's policy shows the numbers to this user. */
  readonly readCount: number;
  /** Groups: the number of members who have not read the message. */
  readonly unreadCount: number;
}

export const isRead = (receiptsSent: ReceiptsSent, seq: Seq): boolean =>
  contains(receiptsSent.read, seq) || contains(receiptsSent.named, seq);

/** A read message counts as delivered, with or without a delivery receipt (I-7). */
export const isDelivered = (receiptsSent: ReceiptsSent, seq: Seq): boolean =>
  isRead(receiptsSent, seq) || contains(receiptsSent.delivered, seq);

/** The status of a message in a direct chat. An own message without a requested receipt never becomes `read`. */
export const directStatus = (message: StoredMessage, me: UserId, theirs: ReceiptsSent): MessageStatus => {
  if (message.senderId !== me) return 'received';
  if (message.receiptRequested && isRead(theirs, message.seq)) return 'read';
  return isDelivered(theirs, message.seq) ? 'delivered' : 'sent';
};

const earliest = (...times: (number | undefined)[]): number | null => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? null : Math.min(...known);
};

/** Derives the public times from the three kinds of step. */
export const timesOf = (times: ReceiptTimes): Pick<MessageReceipts, 'deliveredAt' | 'readAt' | 'ackedAt' | 'conversationReadAt'> => ({
  deliveredAt: earliest(times.delivered, times.read, times.named),
  readAt: earliest(times.read, times.named),
  ackedAt: times.named ?? null,
  conversationReadAt: times.read ?? null,
});
