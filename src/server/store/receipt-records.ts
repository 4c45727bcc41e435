/** What the server keeps of receipts in groups. How many have read a message is the number of its acks: never a counter. */
import type { MessageId, Seq, UserId } from '../../model/ids.ts';

/** A group message that was accepted as asking. Where none is, nothing is asked, or the message was recalled. */
export interface ReceiptRecord {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly senderId: UserId;
  /** Members at the message's commit, its sender aside; fixed. */
  readonly memberCount: number;
  /** The last moment at which receipts are taken, by the database's clock, epoch ms. */
  readonly expiresAt: number;
  /** Told to the group: its time is over, and not everybody has read it. */
  readonly expired: boolean;
  /** Its end is still to come. */
  readonly open: boolean;
  /** Of its newest change: made, read by one more, expired. */
  readonly version: number;
}

/** One reader's receipt. */
export interface AckRecord {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly userId: UserId;
  readonly at: number;
  /** The text they gave with it. */
  readonly content: string | null;
  readonly version: number;
}

export interface ReadCount {
  readonly conversationId: number;
  readonly seq: Seq;
  readonly readCount: number;
}

/** A receipt as a step of the feed. */
export interface ChangedReceipt extends ReceiptRecord {
  readonly groupId: string;
  readonly messageId: MessageId;
  /** Up to the end of the interval. */
  readonly readCount: number;
  /** Of those, how many within it; where one, whose and with what text. */
  readonly fresh: number;
  readonly by: UserId | null;
  readonly content: string | null;
}
