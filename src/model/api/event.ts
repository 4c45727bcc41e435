/**
 * Events, for apps that show news. The watched states are the truth; an event only announces a change of state. The device writes each
 * event once, in the same transaction as its change.
 */
import type { ConversationId, MessageId, Seq, UserId } from '../ids.ts';
import type { Json, Message } from '../message/message.ts';
import type { DeadLetter } from '../outbox-entry.ts';
import type { Ranges } from '../registers/ranges.ts';

/** The call of a read receipt: `message` by `sendReadReceipts`, `conversation` by `sendConversationReadReceipt`. */
export type ReadHow = 'message' | 'conversation';

/** A member who read a group message, and the text of the member's receipt. */
export interface GroupReader {
  /** The member. */
  readonly by: UserId;
  /** The text of the receipt; absent without one. */
  readonly content?: string | undefined;
}

/** The read counts of a group message. */
export interface ReceiptStatistic {
  /** The group. */
  readonly conversationId: ConversationId;
  /** The message. */
  readonly messageId: MessageId;
  /** The number of members who have read it. */
  readonly readCount: number;
  /** The number of members who have not read it. */
  readonly unreadCount: number;
}

/**
 * One piece of news; `type` says which. The fields mean the same in all events: `conversationId` the conversation,
 * `messageId` or `message` the message, `messageIds` and `ranges` the messages by id and by `seq`, `by` the user who
 * did it, `self` whether this was another device of the user, `upTo` a `seq`, inclusive, `readers` the members who
 * have read since the last event of the kind, `readCount` and `unreadCount` the numbers of members who have read and
 * who have not, `receipts` one pair of counts for each message, `deadLetter` the entry with its code, `count` the
 * smallest possible number of lost entries. `how` names the call that sent the receipts.
 */
export type ReceiptEvent<Body = Json> =
  /** The server has stored the message, with this `seq`. */
  | { readonly type: 'sent'; readonly messageId: MessageId; readonly conversationId: ConversationId; readonly seq: Seq }
  /** A new message on this device, also from another device of mine. */
  | { readonly type: 'message'; readonly message: Message<Body> }
  /** The peer has these messages of mine. `ranges` and `messageIds` name the same messages: all that are stored on this device. */
  | {
      readonly type: 'delivered';
      readonly conversationId: ConversationId;
      readonly ranges: Ranges;
      readonly messageIds: readonly MessageId[];
      readonly by: UserId;
    }
  /**
   * Read receipts, by the call that sent them: `message` named the messages, `conversation` covered a range. The peer read messages of
   * mine or, if `self`, another device of mine sent receipts for messages of others. `ranges` and `messageIds` name the same messages: all
   * that are stored on this device.
   */
  | {
      readonly type: 'read';
      readonly how: ReadHow;
      readonly conversationId: ConversationId;
      readonly ranges: Ranges;
      readonly messageIds: readonly MessageId[];
      readonly by: UserId;
      readonly self: boolean;
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
  /** The sender took the message back: its body is empty now, and it counts as unread nowhere. */
  | { readonly type: 'recalled'; readonly conversationId: ConversationId; readonly messageId: MessageId }
  /** Members read a group message of mine: all members whose receipts came at once, each with the text of the receipt. */
  | {
      readonly type: 'groupRead';
      readonly conversationId: ConversationId;
      readonly messageId: MessageId;
      readonly readers: readonly GroupReader[];
      readonly readCount: number;
      readonly unreadCount: number;
    }
  /**
   * The server has read receipts of this device: the message receipts in `messageIds`, and the conversation receipt up to `upTo`, inclusive;
   * `null` if there was none.
   */
  | {
      readonly type: 'receiptsConfirmed';
      readonly conversationId: ConversationId;
      readonly messageIds: readonly MessageId[];
      readonly upTo: Seq | null;
    }
  /** The new read counts of my group messages after this device was offline: one event for each catch-up. */
  | { readonly type: 'receiptStatistics'; readonly receipts: readonly ReceiptStatistic[] }
  /** The receipt window of these group messages is over: no more receipts for my messages, and none from this device for the others. */
  | { readonly type: 'expired'; readonly conversationId: ConversationId; readonly messageIds: readonly MessageId[] }
  /** The server has rejected an entry of this device. The entry is among the dead letters. */
  | { readonly type: 'rejected'; readonly deadLetter: DeadLetter }
  /**
   * The browser has lost the data of this device, also at least `count` entries not yet at the server. Tidemark fetches the server's data
   * again. The user must repeat the lost entries.
   */
  | { readonly type: 'storageLost'; readonly count: number };

/** An event as stored on this device: a message is named, because the device stores it once already. */
export type StoredEvent =
  | Exclude<ReceiptEvent, { readonly type: 'message' }>
  | { readonly type: 'message'; readonly conversationId: ConversationId; readonly messageId: MessageId; readonly seq: Seq };

/** An event for the page. The number is the order of writing: with its help the app receives each event once. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: ReceiptEvent;
}
