/** Public receipts of a direct chat: what one side told the other, and what that makes of a message. */
import { UsageError } from '../errors.ts';
import type { ConversationId, MessageId, Seq, UserId } from './ids.ts';
import type { MessageStatus, StoredMessage } from './message.ts';
import { contains, NO_RANGES, type Range, type Ranges, union } from './ranges.ts';

/** `delivered` held by a device · `read` by a conversation receipt · `named` by a message receipt, named. */
export type ReceiptKind = 'delivered' | 'read' | 'named';

/** What one member told the other. `read` and `named` stay apart: neither absorbs the other. */
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

/** The first time a stretch of messages was covered: `[from, upTo]` at `at` (epoch ms, the server's clock). Never changes. */
export interface ReceiptStep {
  readonly conversationId: ConversationId;
  readonly by: UserId;
  readonly kind: ReceiptKind;
  readonly range: Range;
  readonly at: number;
}

/** What a reader says with a group receipt: at most 1 KiB of text. */
export interface AckContent {
  readonly id: MessageId;
  readonly text: string;
}

export const MAX_CONTENT_BYTES = 1024;

/**
 * What a reader says with a group receipt, checked.
 *
 * @throws {UsageError} `usage/invalid-argument` for what is no text, more than 1 KiB of UTF-8, and for NUL and lone surrogates.
 */
export const requireContent = (content: unknown): string => {
  if (typeof content !== 'string') throw new UsageError('usage/invalid-argument', `content must be text; got ${typeof content}`);
  if (content.includes('\0') || /\p{Surrogate}/u.test(content))
    throw new UsageError('usage/invalid-argument', 'content holds NUL or half a surrogate pair; neither can be stored');
  const bytes = new TextEncoder().encode(content).length;
  if (bytes > MAX_CONTENT_BYTES)
    throw new UsageError('usage/invalid-argument', `content is ${bytes} bytes of UTF-8; at most ${MAX_CONTENT_BYTES} are taken`);
  return content;
};

/** One line of who has read a group message, or has not. */
export interface ReadMember {
  readonly userId: UserId;
  /** Epoch ms, the server's clock; `null` for who has not. */
  readonly readAt: number | null;
  readonly content?: string | undefined;
}

/** When an own message was delivered and read, each the time of the first step that covered it. */
export interface ReceiptTimes {
  readonly delivered?: number | undefined;
  readonly read?: number | undefined;
  readonly named?: number | undefined;
}

/** Of a group message that asked: how many of its members have read it. The numbers only grow. */
export interface GroupReceipt {
  readonly readCount: number;
  /** Members at the message's commit, its sender aside; fixed. */
  readonly memberCount: number;
  /** Its time is over. */
  readonly expired: boolean;
}

/** Commutative, associative, idempotent (I-2). */
export const joinGroupReceipts = (a: GroupReceipt, b: GroupReceipt): GroupReceipt => ({
  readCount: Math.max(a.readCount, b.readCount),
  memberCount: Math.max(a.memberCount, b.memberCount),
  expired: a.expired || b.expired,
});

/** A group message's receipt, by the message's place. */
export interface ReceiptAtSeq extends GroupReceipt {
  readonly seq: Seq;
}

export type ReceiptState = 'none' | 'pending' | 'processing' | 'done' | 'expired';

export interface MessageReceipts {
  readonly messageId: MessageId;
  readonly conversationId: ConversationId;
  /**
   * Own message: `none` not asked for, `pending` not yet at the server, `processing`, `done` read, `expired`.
   * Somebody else's, what I owe: `none`, `processing`, `pending` queued here, `done`, `expired`.
   */
  readonly state: ReceiptState;
  /** Epoch ms, or null. Direct chats. Reading implies delivered (I-7). */
  readonly deliveredAt: number | null;
  /** By whichever way. */
  readonly readAt: number | null;
  /** By a message receipt. */
  readonly ackedAt: number | null;
  /** Groups; 0 and 0 unless policy lets you see them. */
  readonly readCount: number;
  readonly unreadCount: number;
}

export const isRead = (receiptsSent: ReceiptsSent, seq: Seq): boolean =>
  contains(receiptsSent.read, seq) || contains(receiptsSent.named, seq);

/** delivered ≥ read, whatever was reported (I-7). */
export const isDelivered = (receiptsSent: ReceiptsSent, seq: Seq): boolean =>
  isRead(receiptsSent, seq) || contains(receiptsSent.delivered, seq);

/** A direct message that did not ask for receipts stops at `delivered`. */
export const directStatus = (message: StoredMessage, me: UserId, theirs: ReceiptsSent): MessageStatus => {
  if (message.senderId !== me) return 'received';
  if (message.receiptRequested && isRead(theirs, message.seq)) return 'read';
  return isDelivered(theirs, message.seq) ? 'delivered' : 'sent';
};

const earliest = (...times: (number | undefined)[]): number | null => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? null : Math.min(...known);
};

/** The three public times from the three kinds of step. */
export const timesOf = (times: ReceiptTimes): Pick<MessageReceipts, 'deliveredAt' | 'readAt' | 'ackedAt'> => ({
  deliveredAt: earliest(times.delivered, times.read, times.named),
  readAt: earliest(times.read, times.named),
  ackedAt: times.named ?? null,
});
