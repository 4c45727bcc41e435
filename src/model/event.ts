/** News, for apps that show them: states are the truth, events are news. Written with the change that caused them, once per device. */
import type { ConversationId, MessageId, Seq, UserId } from './ids.ts';
import type { Message } from './message.ts';
import type { DeadLetter } from './outbox-entry.ts';
import type { Ranges } from './ranges.ts';

export type ReceiptEvent =
  /** The server has it. */
  | { readonly type: 'sent'; readonly messageId: MessageId; readonly conversationId: ConversationId; readonly seq: Seq }
  | { readonly type: 'message'; readonly message: Message }
  /** Own messages that this device holds: all of them in `ranges`, the newest by id in `messageIds`. */
  | {
      readonly type: 'delivered' | 'read';
      readonly conversationId: ConversationId;
      readonly ranges: Ranges;
      readonly messageIds: readonly MessageId[];
      readonly by: UserId;
    }
  /** A conversation read receipt: the peer's, or (`self`) one by another device of mine. */
  | {
      readonly type: 'conversationRead';
      readonly conversationId: ConversationId;
      readonly upTo: Seq;
      readonly by: UserId;
      readonly self: boolean;
    }
  /** Another device of mine moved my position. */
  | { readonly type: 'unreadCleared'; readonly conversationId: ConversationId; readonly upTo: Seq; readonly self: true }
  | { readonly type: 'recalled'; readonly conversationId: ConversationId; readonly messageId: MessageId }
  /** Somebody read a group message of mine; `by` and `content` where this is one reader's. Readers at once come as one. */
  | {
      readonly type: 'groupRead';
      readonly conversationId: ConversationId;
      readonly messageId: MessageId;
      readonly by?: UserId;
      readonly readCount: number;
      readonly unreadCount: number;
      readonly content?: string;
    }
  /** What became of my group messages while I was away. */
  | {
      readonly type: 'receiptStatistics';
      readonly receipts: readonly {
        readonly conversationId: ConversationId;
        readonly messageId: MessageId;
        readonly readCount: number;
        readonly unreadCount: number;
      }[];
    }
  /** The time of these messages' receipts is over: mine nobody reads any more, others' this device was too late for. */
  | { readonly type: 'expired'; readonly conversationId: ConversationId; readonly messageIds: readonly MessageId[] }
  | { readonly type: 'rejected'; readonly deadLetter: DeadLetter }
  /**
   * The browser has lost what this device had stored, and with it at least `count` entries that had not reached the server. What the
   * server knows comes back by itself; what was only here is to be done again.
   */
  | { readonly type: 'storageLost'; readonly count: number };

/** As the device keeps it: numbered in the order of writing, so that each is heard once. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: ReceiptEvent;
}
