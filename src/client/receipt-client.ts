/** The page's door: what an app holds in its hand. */
import type { Observable } from 'rxjs';
import type { Conversation } from '../model/conversation.ts';
import type { ReceiptEvent } from '../model/event.ts';
import type { ConversationId, MessageId } from '../model/ids.ts';
import type { ReadMembersPage, SentReadReceipts } from '../model/intents.ts';
import type { Message } from '../model/message.ts';
import type { DeadLetter } from '../model/outbox-entry.ts';
import type { MessageReceipts } from '../model/receipt.ts';
import type { Retention } from '../model/retention.ts';
import type { UnreadExplanation } from '../model/unread.ts';
import type { ConnectionStatus, FlushResult, OutboxStatus } from '../model/status.ts';
import type { Log } from '../logging.ts';

export interface ReceiptClientOptions {
  /** Address of the receipt server: `wss://…`, or `ws://…` on this machine. Without token or query. */
  readonly url: string;
  /** Whose client this is: 1 to 128 bytes of text without control characters, lone surrogates or U+FEFF, as every id is. A token that names somebody else stops it with `auth/wrong-user`. */
  readonly userId: string;
  /** Asked when a connection is opened and before the token ends; never stored. Its failure is retried. */
  readonly getToken: () => string | Promise<string>;
  /** Whether senders learn that this device holds their messages. Default true; giving one sets it for this account and device. */
  readonly deliveryReceipts?: boolean;
  /** Whether senders learn what was read. Default true; giving one sets it for this account and device. */
  readonly readReceipts?: boolean;
  /**
   * What of old messages is kept on this device: the newest so many of each conversation, those of so many days; default: all. What is
   * beyond goes when nothing else happens, and comes back with `loadOlderMessages`; counts, positions and receipts stay as they are.
   */
  readonly retention?: Retention;
  /**
   * Whether the number on the installed app's icon is this account's total unread count; default false. One account of an origin owns it,
   * the last that turned it on: give it in every tab of that account. The service worker keeps it true where no tab is open, log-out and a
   * client without it take it away. Nothing happens where the browser has no such badge (Firefox).
   */
  readonly appBadge?: boolean;
  /**
   * Makes a worker, for pages whose policy forbids the default start: a new one at every call, since one that died is followed by another.
   * Default: the package's own, no setup.
   */
  readonly worker?: () => Worker;
  /**
   * Takes every record of this client's log; LOG.md lists the events. Default: warnings and errors go to the console, other records nowhere.
   * No record holds a message body, a token or text that a user wrote. An error that this function throws is dropped.
   */
  readonly log?: Log;
}

export interface SendMessageOptions {
  /** Default: true in direct chats, false in groups. */
  readonly requestReceipt?: boolean;
  /** Default true. False: never counts as unread. */
  readonly countable?: boolean;
  /** Default: made here. The same id with the same content is the same message. */
  readonly id?: MessageId;
}

export interface LogOutOptions {
  /** What happens to what is still owed: sent before anything else, or given up. */
  readonly pending: 'send' | 'discard';
  /** How long `send` waits. Default 10,000. */
  readonly timeoutMs?: number;
  /** Leaves what is stored on this device; nothing is sent until a client is created again. Default false: all of it goes. */
  readonly keepData?: boolean;
}

/** While open, what the user sees is read: see {@link ReceiptClient.viewConversation}. */
export interface ConversationViewing {
  /** The user has seen this message. Once called, nothing goes past what was seen. */
  seen(messageId: MessageId): void;
  close(): void;
}

/**
 * One account on this device. Calls resolve when durable, online or off; every call is safe to repeat. Calls take effect in the order
 * in which the page makes them, questions included.
 *
 * @throws {UsageError} `usage/invalid-argument` for bad arguments, also for an option with an unknown name: from `watch…` and
 * `viewConversation` at once, from all else as a rejection. `usage/closed` after `close()`, also from a stream that is subscribed to only then.
 * `usage/unknown-conversation` from calls that move the read position, for a conversation that a device does not know before its first sync.
 */
export interface ReceiptClient {
  readonly userId: string;

  /**
   * Queues a message; sent in order. `body` is any JSON up to 16 KiB. Values that JSON would change (-0, NaN, holes in lists, class
   * instances) are refused with their path. Resolves with the pending message.
   */
  sendMessage(conversationId: ConversationId, body: unknown, options?: SendMessageOptions): Promise<Message>;
  /** Takes an own message back: its body goes everywhere, counts fall where it was unread. `usage/unknown-message` where not held. */
  recallMessage(messageId: MessageId): Promise<void>;
  /**
   * "I have read these", told to the sender; moves no position. Ids not held here are queued and judged by the server.
   *
   * @param options.content groups: text the sender is given with each of them, at most 1 KiB of UTF-8 without NUL and lone surrogates.
   * `usage/invalid-argument` for anything else, and in direct chats.
   */
  sendReadReceipts(
    conversationId: ConversationId,
    messageIds: readonly MessageId[],
    options?: { readonly content?: string },
  ): Promise<SentReadReceipts>;
  /**
   * Direct chats: "I have read what I received so far", told to the peer; the unread count becomes 0. Groups: a clear.
   *
   * @param options.upTo read only through this message. `usage/unknown-message` where it is not held.
   * @param options.keepUnread tell the peer, keep the count.
   */
  sendConversationReadReceipt(
    conversationId: ConversationId,
    options?: { readonly upTo?: MessageId; readonly keepUnread?: boolean },
  ): Promise<void>;
  /** Clears the unread count; the sender learns nothing, my other devices do. Also drops a marked-unread flag. */
  clearConversationUnreadCount(conversationId: ConversationId, options?: { readonly upTo?: MessageId }): Promise<void>;
  clearAllUnreadCounts(): Promise<void>;
  /** Of a conversation that this device knows or not: the flag is in force when the conversation appears. */
  setMarkedUnread(conversationId: ConversationId, marked: boolean): Promise<void>;
  /** As {@link ReceiptClient.setMarkedUnread}. */
  setMuted(conversationId: ConversationId, muted: boolean): Promise<void>;
  setReceiptSettings(settings: { readonly deliveryReceipts?: boolean; readonly readReceipts?: boolean }): Promise<void>;
  /**
   * While the page is visible and focused, what is and what arrives in this conversation is read; hidden or blurred, only delivered.
   * In a group: the count is cleared, and messages held here that ask for a receipt get one.
   */
  viewConversation(conversationId: ConversationId): ConversationViewing;
  /** Messages below what is held, oldest first; stored as they come. Offline: what is held. */
  loadOlderMessages(
    conversationId: ConversationId,
    options: { readonly limit: number },
  ): Promise<{ readonly messages: readonly Message[]; readonly complete: boolean }>;
  /**
   * What became of these messages' receipts, asked of the server now; what it says is kept. In the order of the ids; messages that
   * neither this device holds nor the server places (none you may see) are left out.
   *
   * @param messageIds at most 10,000, asked for in as many requests as the server's limits take.
   * Rejects offline with `transport/unreachable`, without an answer in 10 s with `transport/timeout`.
   */
  fetchReceipts(messageIds: readonly MessageId[]): Promise<readonly MessageReceipts[]>;
  /**
   * A page of those who have read an own group message (in the order in which they did) or have not (by user id). Of its members when
   * it was sent: who left since counts as they stood, who came later never does. Nobody where the policy does not show it.
   *
   * @param options.cursor where the page before ended; left out or `null` for the first. Nobody is listed twice while people go on
   * reading.
   * @param options.limit at most and by default 100.
   * Rejects offline with `transport/unreachable`, without an answer in 10 s with `transport/timeout`.
   */
  fetchReadMembers(
    messageId: MessageId,
    options: { readonly filter: 'read' | 'unread'; readonly cursor?: string | null; readonly limit?: number },
  ): Promise<ReadMembersPage>;
  /** Why the count is what it is: the position and who set it, what is pending, the places counted, what is not held here. */
  explainUnread(conversationId: ConversationId): Promise<UnreadExplanation>;

  /** This account sends and receives nothing on this device until `resume`; stored, obeyed after a restart. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Nudges the outbox and waits until it is empty, at most `timeoutMs` (default 10,000). */
  flush(options?: { readonly timeoutMs?: number }): Promise<FlushResult>;
  /**
   * Tries a refused entry again, as a new one; a message refused for asking for receipts can go without. `usage/invalid-argument` for
   * receipts that are switched off by now.
   */
  retryDeadLetter(id: string, options?: { readonly requestReceipt?: boolean }): Promise<void>;
  dismissDeadLetter(id: string): Promise<void>;
  /**
   * Leaves the account on this device: in every tab streams complete and calls reject with `usage/closed`; once this resolves nothing
   * of it is sent any more, and nothing of it is stored here, this device's id included. Interrupted by a crash, it is finished at the
   * next start before anything is shown. Other accounts are not touched. What is called after it waits for its outcome.
   *
   * @throws {TransportError} from `pending: 'send'`, `transport/unreachable` or `transport/timeout`, where something did not reach the
   * server in time: its `pending` says how much. Nothing has changed then; the client goes on. `pending: 'discard'` needs no network.
   */
  logOut(options: LogOutOptions): Promise<void>;
  /**
   * Ends this tab's client for good; data stays. Streams complete. Resolves when everything that was called before, in the same turn too,
   * is stored and answered, and the worker has ended. A `flush` that still waits after 2 s answers with what was sent until then; a
   * question that still waits for the server rejects with `transport/closed`.
   */
  close(): Promise<void>;

  /**
   * Sum over conversations that are not muted, true of one moment: a long catch-up moves it once, at its end. Nothing, as of all counts and
   * of conversations, before the first complete snapshot; nor, where the browser took this device's data, until the server has spoken.
   */
  watchTotalUnreadCount(): Observable<number>;
  watchUnreadCount(conversationId: ConversationId): Observable<number>;
  /** Newest first: pending messages, then server time of the last message, then id. Default limit 50. */
  watchConversations(options?: { readonly limit?: number }): Observable<readonly Conversation[]>;
  /** `null` where the server knows nothing of it. */
  watchConversation(conversationId: ConversationId): Observable<Conversation | null>;
  /** The newest `limit` (default 50), oldest first, pending last. Opening one fetches what is not held. */
  watchMessages(conversationId: ConversationId, options?: { readonly limit?: number }): Observable<readonly Message[]>;
  /** `null` while the message is not held. */
  watchReceipts(messageId: MessageId): Observable<MessageReceipts | null>;
  watchConnection(): Observable<ConnectionStatus>;
  watchOutbox(): Observable<OutboxStatus>;
  watchDeadLetters(): Observable<readonly DeadLetter[]>;
  /** News; states are the truth. What no tab heard (the last 1,000) goes to the first that subscribes. */
  watchEvents(): Observable<ReceiptEvent>;
}
