/**
 * Events, for apps that show news. The watched states are the truth; an event only announces a change of state. The device writes each
 * event once, in the same transaction as its change.
 */
import type { ConversationId, MessageId, Seq, UserId } from './ids.ts';
import type { Message } from './message.ts';
import type { DeadLetter } from './outbox-entry.ts';
import type { Ranges } from './ranges.ts';

export type ReceiptEvent =
  /** The server has stored the message, with this `seq`. */
  | { readonly type: 'sent'; readonly messageId: MessageId; readonly conversationId: ConversationId; readonly seq: Seq }
  | { readonly type: 'message'; readonly message: Message }
  /** The peer's receipts for own messages stored on this device: all of them in `ranges`, the newest also by id in `messageIds`. */
  | {
      readonly type: 'delivered' | 'read';
      readonly conversationId: ConversationId;
      readonly ranges: Ranges;
      readonly messageIds: readonly MessageId[];
      readonly by: UserId;
    }
  /** A conversation read receipt of the peer or, if `self`, of another device of mine. */
  | {
      readonly type: 'conversationRead';
      readonly conversationId: ConversationId;
      readonly upTo: Seq;
      readonly by: UserId;
      readonly self: boolean;
    }
  /** Another device of mine moved my read position to `upTo`, inclusive. */
  | { readonly type: 'unreadCleared'; readonly conversationId: ConversationId; readonly upTo: Seq; readonly self: true }
  | { readonly type: 'recalled'; readonly conversationId: ConversationId; readonly messageId: MessageId }
  /** Members read a group message of mine. `by` and `content` are set for a single reader; several readers at once make a single event. */
  | {
      readonly type: 'groupRead';
      readonly conversationId: ConversationId;
      readonly messageId: MessageId;
      readonly by?: UserId;
      readonly readCount: number;
      readonly unreadCount: number;
      readonly content?: string;
    }
  /** The new read counts of my group messages after this device was offline. */
  | {
      readonly type: 'receiptStatistics';
      readonly receipts: readonly {
        readonly conversationId: ConversationId;
        readonly messageId: MessageId;
        readonly readCount: number;
        readonly unreadCount: number;
      }[];
    }
  /** The receipt window of these group messages is over: no more receipts for my messages, and none from this device for the others. */
  | { readonly type: 'expired'; readonly conversationId: ConversationId; readonly messageIds: readonly MessageId[] }
  | { readonly type: 'rejected'; readonly deadLetter: DeadLetter }
  /**
   * The browser has lost the data of this device, also at least `count` entries not yet at the server. Tidemark fetches the server's data
   * again. The user must repeat the lost entries.
   */
  | { readonly type: 'storageLost'; readonly count: number };

/** An event as stored on this device. The number is the order of writing: with its help the app receives each event once. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: ReceiptEvent;
}
