/** The public types of the page's client. */
import type { Observable } from 'rxjs';
import type { Conversation } from '../model/conversation/conversation.ts';
import type { ReceiptEvent } from '../model/api/event.ts';
import type { ConversationId, MessageId } from '../model/ids.ts';
import type { ListOptions } from '../model/conversation/list.ts';
import type { Json, Message } from '../model/message/message.ts';
import type { DeadLetter } from '../model/outbox-entry.ts';
import type { MessageReceipts } from '../model/message/receipt.ts';
import type { TotalOptions } from '../model/conversation/total.ts';
import type { Inspection } from '../model/api/inspection.ts';
import type { FirstUnread } from '../model/conversation/unread.ts';
import type { ShownReceiptSettings } from '../model/message/receipt-settings.ts';
import type { Changes } from './changes.ts';
import type { Questions } from './questions.ts';
import type { LogOutOptions } from './receipt-client-options.ts';
import type { ConnectionStatus, FlushResult, OutboxStatus } from '../model/api/status.ts';

/** An open view of a conversation, see {@link ReceiptClient.viewConversation}. */
export interface ConversationViewing {
  /**
   * The first unread message and the number of unread messages, at the moment when the view was opened; `null` if nothing
   * was unread. Fixed, so a divider keeps its place while the view reads: a later read on any device, a new message
   * and a recall of this message do not move it. `messageId` is `null` until this device stores the message. Emits
   * once the counts of this device are known, also offline, replays, and completes when the view is closed. A new
   * view has a new place.
   */
  readonly firstUnread: Observable<FirstUnread | null>;
  /** The user has seen this message. After the first call, the view reads only messages up to the newest seen one. */
  seen(messageId: MessageId): void;
  /** Closes the view: it reads no further message. Repeated calls have no effect. */
  close(): void;
}

/**
 * An account on this device. `Body` is the app's type of a message body: any JSON, unless `createReceiptClient` is told another type.
 *
 * Calls resolve once durable, online or offline. Every call is safe to repeat. Calls and
 * queries take effect in the order in which the page makes them.
 *
 * @throws {UsageError} `usage/invalid-argument` for bad arguments and for options with unknown names: `watch…` and
 * `viewConversation` throw, all other calls reject. `usage/closed` after `close()`, also from a stream with a later
 * subscription. `usage/unknown-conversation` from calls that move the read position in a conversation unknown before
 * the first sync.
 */
export interface ReceiptClient<Body = Json> extends Changes<Body>, Questions<Body> {
  /** The user of this client, as given to `createReceiptClient`. */
  readonly userId: string;

  /**
   * Opens a view. The view reads present and arriving messages while the page is visible and focused. While the page is
   * hidden or blurred, messages are only delivered. In a group, the view clears the count and sends receipts for stored
   * messages that ask for them.
   *
   * @param options.receipts false: the view moves the read position, and the senders learn nothing from this view, now or
   * later. Delivery receipts stay. Default true.
   */
  viewConversation(conversationId: ConversationId, options?: { readonly receipts?: boolean }): ConversationViewing;
  /**
   * Shows the inside of the client at one moment, for a report of a fault and for the inspector: the connection, the tabs, the pending
   * entries with their tries, the dead letters, the cursor and the last records of the log, of every level. No message body, no text of
   * a receipt and no token. Without a worker it answers after 2 s with what the page knows.
   */
  inspect(): Promise<Inspection>;
  /**
   * Sends the outbox now and waits until it is empty, at most `timeoutMs` (default 10,000). `logOut` and `close` of this
   * client answer a waiting `flush` with the number of entries sent until then.
   *
   * @throws {UsageError} `usage/closed` if another tab logs out while `flush` waits.
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<FlushResult>;
  /**
   * Logs the account out on this device. In every tab, streams complete and calls reject with `usage/closed`. After
   * this resolves, nothing of the account is sent any more, and all its data is deleted here, including this device's
   * id, unless `keepData` is true. After a crash, the next start finishes the log-out before showing anything. Other accounts keep their data.
   * Later calls wait for the outcome.
   *
   * @throws {TransportError} from `pending: 'send'`: `transport/unreachable` or `transport/timeout` if an entry did not
   * reach the server in time. The error's `pending` is the number of such entries. The client then goes on unchanged.
   * `pending: 'discard'` needs no network.
   */
  logOut(options: LogOutOptions): Promise<void>;
  /**
   * Ends this tab's client for good; data stays. Streams complete. Resolves after every earlier call, of the same turn
   * too, is stored and answered, and the worker has ended. After 2 s, a waiting `flush` answers with the number of
   * entries sent so far, and a waiting query to the server rejects with `transport/closed`.
   */
  close(): Promise<void>;

  /**
   * The sum of unread counts of the conversations that are neither muted nor archived, true at one moment: a long catch-up
   * changes the sum once, at its end. Like all counts and conversations, the sum appears after the first complete snapshot.
   * After a loss of this device's data, the stream waits for the server.
   *
   * @param options.of `mentions`: the sum of mention counts, of muted conversations too. `conversations`: the number of
   * conversations with an unread message or a mark. Default `messages`.
   * @param options.type only `direct` chats, or only `group`s. Default: both.
   * @param options.archived counts the archived conversations instead of all others. Default false.
   */
  watchTotalUnreadCount(options?: TotalOptions): Observable<number>;
  /** The unread count of a conversation; 0 if the server does not know the conversation. */
  watchUnreadCount(conversationId: ConversationId): Observable<number>;
  /** The number of unread messages that mention this user. A muted conversation keeps the count. */
  watchMentionCount(conversationId: ConversationId): Observable<number>;
  /**
   * Conversations, newest first: with pending messages, then by server time of the last message, then by id. A group that the
   * user has left stays in the list.
   *
   * @param options.limit default 50, at most 1,000.
   * @param options.type only `direct` chats, or only `group`s. Default: both.
   * @param options.unreadOnly only conversations with an unread message or a mark. Default false.
   * @param options.archived lists the archived conversations instead of all others. Default false.
   * @param options.before a conversation id, such as the last one of the page before: the list begins behind that conversation.
   * The place is taken when the stream is opened, and stays when the conversation moves. For an unknown conversation: an empty list.
   */
  watchConversations(options?: ListOptions): Observable<readonly Conversation<Body>[]>;
  /** Emits `null` for a conversation unknown to the server. */
  watchConversation(conversationId: ConversationId): Observable<Conversation<Body> | null>;
  /**
   * The newest `limit` messages (default 50), oldest first, pending last. A subscription fetches missing ones. `limit`
   * is at most 1,000.
   */
  watchMessages(conversationId: ConversationId, options?: { readonly limit?: number }): Observable<readonly Message<Body>[]>;
  /** Emits `null` while this device does not store the message. */
  watchReceipts(messageId: MessageId): Observable<MessageReceipts | null>;
  /** Emits the receipts of the messages that `watchMessages` shows with the same `limit` (default 50), in the same order. */
  watchReceiptsIn(conversationId: ConversationId, options?: { readonly limit?: number }): Observable<readonly MessageReceipts[]>;
  /** The connection of this device: state, pause, leader, the time of the next try (epoch ms), trouble, durability, `asOf`. */
  watchConnection(): Observable<ConnectionStatus>;
  /** The number of pending entries, the time of the oldest one (epoch ms; null without one), and the number on their way. */
  watchOutbox(): Observable<OutboxStatus>;
  /**
   * The receipt settings: `readReceipts` and `deliveryReceipts` are in force on this device, `device` and `account`
   * are the two settings behind these values. Emits once this device knows the account's settings, and when a setting
   * changes, here or on another device.
   */
  watchReceiptSettings(): Observable<ShownReceiptSettings>;
  /** The rejected entries until the app retries or dismisses an entry, oldest first; the newest 1,000 are kept. */
  watchDeadLetters(): Observable<readonly DeadLetter[]>;
  /**
   * Events. The other streams hold the truth; events only announce changes. The first subscriber gets up to 1,000
   * events that no tab has received yet.
   */
  watchEvents(): Observable<ReceiptEvent<Body>>;
}
