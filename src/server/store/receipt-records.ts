/**
 * The records of group receipts. The number of readers of a message is the number of its {@link AckRecord}s;
 * the server keeps no counter.
 */
import type { MessageId, Seq, UserId } from '../../model/ids.ts';

/**
 * A group message for which the server collects read receipts. A message has no such record if its sender
 * asked for none, if the policy refused them, or after its recall.
 */
export interface ReceiptRecord {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly senderId: UserId;
  /** The number of members when the message was stored, without its sender. Never changes. */
  readonly memberCount: number;
  /** The last moment at which the server accepts receipts, by the database's clock, epoch ms. */
  readonly expiresAt: number;
  /**
   * The receipt window has ended, and some members had not read the message. The feed sends this to the
   * group.
   */
  readonly expired: boolean;
  /** The server has not yet handled the end of the receipt window. The window itself may have ended. */
  readonly expiryPending: boolean;
  /** The version of the newest change: creation, another reader, expiry. */
  readonly version: number;
}

/** The read receipt of one member for one group message. */
export interface AckRecord {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly userId: UserId;
  readonly at: number;
  /** The text that the reader sent with the receipt. */
  readonly content: string | null;
  readonly version: number;
}

export interface ReadCount {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly readCount: number;
}

/** A receipt record as a change in the feed. */
export interface ChangedReceipt extends ReceiptRecord {
  readonly groupId: string;
  readonly messageId: MessageId;
  /** The number of readers at the end of the interval. */
  readonly readCount: number;
}

/** A read receipt as a change in the feed, with the message and its state at the version of this receipt. */
export interface AddedReader extends AckRecord, Pick<ReceiptRecord, 'senderId' | 'memberCount' | 'expired'> {
  readonly groupId: string;
  readonly messageId: MessageId;
  /** The number of readers at this version. */
  readonly readCount: number;
}
