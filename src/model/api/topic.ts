/** The topics for a page to watch, and the type of the values of each. */
import type { Conversation } from '../conversation/conversation.ts';
import type { NumberedEvent } from './event.ts';
import type { ConversationId, MessageId, Seq } from '../ids.ts';
import type { ListWanted } from '../conversation/list.ts';
import type { Message } from '../message/message.ts';
import type { DeadLetter } from '../outbox-entry.ts';
import type { MessageReceipts } from '../message/receipt.ts';
import type { ShownReceiptSettings } from '../message/receipt-settings.ts';
import type { ConnectionStatus, OutboxStatus } from './status.ts';
import type { TotalOptions, Totals } from '../conversation/total.ts';

export type Topic =
  /** `wanted`: without the defaults, so that equal topics are equal texts. */
  | { readonly of: 'total-unread'; readonly wanted?: TotalOptions }
  /** The totals, of which the badge on the app's icon shows one. */
  | { readonly of: 'badge' }
  | { readonly of: 'unread'; readonly conversationId: ConversationId }
  | { readonly of: 'mentions'; readonly conversationId: ConversationId }
  /** Without the defaults, so that equal topics are equal texts. */
  | ({ readonly of: 'conversations' } & ListWanted)
  | { readonly of: 'conversation'; readonly conversationId: ConversationId }
  | { readonly of: 'messages'; readonly conversationId: ConversationId; readonly limit: number }
  /** The id of the message with this `seq`; null while this device does not store the message. */
  | { readonly of: 'message-id'; readonly conversationId: ConversationId; readonly seq: Seq }
  | { readonly of: 'receipts'; readonly messageId: MessageId }
  /** The receipts of the messages that the topic `messages` shows with the same limit. */
  | { readonly of: 'receipts-in'; readonly conversationId: ConversationId; readonly limit: number }
  /** Counts the moments at which messages may have been read, on any device, or recalled. */
  | { readonly of: 'reads' }
  | { readonly of: 'connection' }
  | { readonly of: 'outbox' }
  | { readonly of: 'dead-letters' }
  | { readonly of: 'receipt-settings' }
  /** `after`: the page has already received the events up to this number, even if the store does not know of the receipt. */
  | { readonly of: 'events'; readonly after?: number };

/** Hears the values of a topic. */
export interface Watcher<T> {
  readonly next: (value: T) => void;
  /** The store did not answer. No value follows; the page is to watch again. */
  readonly failed: (error: unknown) => void;
  /** The account ended. No value follows. */
  readonly ended: () => void;
}

export interface TopicValue {
  'total-unread': number;
  /** null before this device has received its first state from the server: 0 would be a guess. */
  badge: Totals | null;
  unread: number;
  mentions: number;
  conversations: readonly Conversation[];
  conversation: Conversation | null;
  messages: readonly Message[];
  'message-id': MessageId | null;
  receipts: MessageReceipts | null;
  'receipts-in': readonly MessageReceipts[];
  reads: number;
  connection: ConnectionStatus;
  outbox: OutboxStatus;
  'dead-letters': readonly DeadLetter[];
  'receipt-settings': ShownReceiptSettings;
  events: NumberedEvent;
}
