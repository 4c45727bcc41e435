/** The public types of the page's client. */
import type { Observable } from 'rxjs';
import type { Conversation } from '../model/conversation.ts';
import type { ReceiptEvent } from '../model/event.ts';
import type { ConversationId, MessageId } from '../model/ids.ts';
import type { LoadedMessages, MessagesWanted, ReadMembersPage, SentReadReceipts } from '../model/intents.ts';
import type { ListOptions } from '../model/list.ts';
import type { Message } from '../model/message.ts';
import type { DeadLetter } from '../model/outbox-entry.ts';
import type { MessageReceipts } from '../model/receipt.ts';
import type { TotalOptions } from '../model/total.ts';
import type { StorageReport } from '../model/storage.ts';
import type { FirstUnread, UnreadExplanation } from '../model/unread.ts';
import type { SettingsScope, ShownReceiptSettings } from '../model/receipt-settings.ts';
import type { LogOutOptions, SendMessageOptions } from './receipt-client-options.ts';
import type { ConnectionStatus, FlushResult, OutboxStatus } from '../model/status.ts';

/** An open view of a conversation, see {@link ReceiptClient.viewConversation}. */
export interface ConversationViewing {
  /**
   * The first unread message and the number of unread messages, at the moment when the view was opened; `null` if nothing
   * was unread. Fixed, so a divider stays where it was while the view reads: a later read on any device, a new message
   * and a recall of this message do not move it. `messageId` is `null` until this device stores the message. Emits once
   * the counts of this device are known, also offline, replays, and completes when the view is closed. A new view has a
   * new place.
   */
  readonly firstUnread: Observable<FirstUnread | null>;
  /** The user has seen this message. After the first call, the view reads only messages up to the newest seen one. */
  seen(messageId: MessageId): void;
  close(): void;
}

/**
 * An account on this device. Calls resolve once durable, online or offline. Every call is safe to repeat. Calls and
 * queries take effect in the order in which the page makes them.
 *
 * @throws {UsageError} `usage/invalid-argument` for bad arguments and for options with unknown names: `watch…` and
 * `viewConversation` throw, all other calls reject. `usage/closed` after `close()`, also from a stream with a later
 * subscription. `usage/unknown-conversation` from calls that move the read position in a conversation unknown before
 * the first sync.
 */
export interface ReceiptClient {
  readonly userId: string;

  /**
   * Queues a message. Messages are sent in order. `body` is any JSON up to 16 KiB. Values that JSON would change (-0,
   * NaN, holes in lists, class instances) are refused with their path. Resolves with the pending message.
   */
  sendMessage(conversationId: ConversationId, body: unknown, options?: SendMessageOptions): Promise<Message>;
  /**
   * Takes an own message back. All devices drop its body, and it no longer counts as unread. `usage/unknown-message` if
   * this device does not store the message.
   */
  recallMessage(messageId: MessageId): Promise<void>;
  /**
   * Tells the senders "I have read these messages". Moves no position. The server judges ids of messages that this
   * device lacks.
   *
   * @param options.content groups only: a text for the senders of these messages, at most 1 KiB of UTF-8 without NUL
   * and lone surrogates. Anything else, also in a direct chat, is `usage/invalid-argument`.
   */
  sendReadReceipts(
    conversationId: ConversationId,
    messageIds: readonly MessageId[],
    options?: { readonly content?: string },
  ): Promise<SentReadReceipts>;
  /**
   * Direct chats: tells the peer "I have read all messages so far"; the unread count becomes 0. Groups: clears the
   * unread count.
   *
   * @param options.upTo reads only up to this message. `usage/unknown-message` if this device does not store it.
   * @param options.keepUnread tells the peer, but keeps the count.
   */
  sendConversationReadReceipt(
    conversationId: ConversationId,
    options?: { readonly upTo?: MessageId; readonly keepUnread?: boolean },
  ): Promise<void>;
  /**
   * Clears the unread count and a marked-unread flag. The senders learn nothing; the user's other devices do.
   *
   * @param options.upTo clears only up to this message. `usage/unknown-message` if this device does not store it.
   * @param options.messageIds clears only these messages, at most 10,000, in any order: they no longer count, on no device of the user.
   * The position and a marked-unread flag stay, and no event tells the call. If this device does not store one of them, the call rejects
   * with `usage/unknown-message` and clears none. Together with `upTo` it is `usage/invalid-argument`.
   */
  clearConversationUnreadCount(
    conversationId: ConversationId,
    options?:
      { readonly upTo?: MessageId; readonly messageIds?: never } | { readonly messageIds: readonly MessageId[]; readonly upTo?: never },
  ): Promise<void>;
  /**
   * Clears every conversation, like {@link ReceiptClient.clearConversationUnreadCount}.
   *
   * @param options.type only the direct chats, or only the groups. Default: both.
   */
  clearAllUnreadCounts(options?: { readonly type?: 'direct' | 'group' }): Promise<void>;
  /**
   * Sets the flag, also for a conversation unknown to this device, such as a chat without a message or a group that the user joins
   * later: the server keeps the flag, and it applies once the conversation appears. A group that has removed the user refuses it. The
   * read position stays, and the senders learn nothing. The flag falls when the user reads the conversation.
   *
   * @param options.from a message: "unread from here". While the flag is set, the countable messages from this message
   * on count as unread, read or not, on every device of the user. Offline, on a device that does not store all of them,
   * the count is a lower bound (`exact` is false). Not together with `marked: false`.
   * @throws {UsageError} `usage/unknown-message` if this device does not store the message `from` in this conversation.
   */
  setMarkedUnread(conversationId: ConversationId, marked: boolean, options?: { readonly from?: MessageId }): Promise<void>;
  /** Sets the muted flag, like {@link ReceiptClient.setMarkedUnread}. */
  setMuted(conversationId: ConversationId, muted: boolean): Promise<void>;
  /**
   * Archives a conversation, like {@link ReceiptClient.setMarkedUnread}: lists and totals leave it out unless they ask for it. The
   * conversation is out of the archive with the next countable message of another user, also after a recall of this message. A muted
   * conversation stays in the archive.
   */
  setArchived(conversationId: ConversationId, archived: boolean): Promise<void>;
  /**
   * Switches the receipts that this user sends off or on. A receipt is sent only where the setting of the device and the setting of the
   * account allow it.
   *
   * Off: receipts that are not sent yet are cancelled, and conversation read receipts only clear the unread count. On: nothing about the
   * past is told. What the user read while either setting was off is told by no later receipt, from no device of the account.
   *
   * @param settings.readReceipts whether the user sends read receipts; left out: no change. `deliveryReceipts` likewise.
   * @param settings.scope `'device'` (default) for this device; `'account'` for all devices of the account. A change for the account also
   * works offline. Where two devices change it at the same time, the newer change wins, and "off" wins a tie.
   * @throws {UsageError} `usage/invalid-argument` for any other value.
   * @see {@link ReceiptClient.watchReceiptSettings}
   */
  setReceiptSettings(settings: {
    readonly deliveryReceipts?: boolean;
    readonly readReceipts?: boolean;
    readonly scope?: SettingsScope;
  }): Promise<void>;
  /**
   * Opens a view. The view reads present and arriving messages while the page is visible and focused. While the page is
   * hidden or blurred, messages are only delivered. In a group, the view clears the count and sends receipts for stored
   * messages that ask for them.
   *
   * @param options.receipts false: the view moves the read position, and the senders learn nothing from this view, now or
   * later. Delivery receipts stay. Default true.
   */
  viewConversation(conversationId: ConversationId, options?: { readonly receipts?: boolean }): ConversationViewing;
  /** Loads messages older than the stored ones, oldest first, and stores them. Offline: returns stored messages. `complete` as in `loadMessages`. */
  loadOlderMessages(conversationId: ConversationId, options: { readonly limit: number }): Promise<LoadedMessages>;
  /**
   * Loads the messages around a message, before it or after it, oldest first, and stores them. Missing messages cost a request, or a few.
   *
   * @param options exactly one of `around`, `before` and `after`: a message id or a `seq`; `around` also takes `'first-unread'`, which is
   * the newest message if nothing is unread. `limit` is at most 1,000.
   * @returns `complete` is true if there are no more messages in that direction; with `around`, in both. Offline: the stored messages. Of a
   * conversation that this device does not know: none, and before the first sync `complete` is false.
   * @throws {UsageError} `usage/unknown-message` for an id that is in no conversation, or in another one, that the user may see.
   * @throws {TransportError} offline, for an id that this device does not store.
   */
  loadMessages(conversationId: ConversationId, options: MessagesWanted): Promise<LoadedMessages>;
  /** Finds a message that this device stores, also one that is not sent yet. @returns `null` for any other message. */
  findMessage(messageId: MessageId): Promise<Message | null>;
  /**
   * Asks the server for the current receipts of these messages and stores the answer. The result follows the order of
   * the ids. Messages unknown to both device and server, or hidden from the user, are left out.
   *
   * @param messageIds at most 10,000, sent in as many requests as the server's limits need.
   * @throws {TransportError} `transport/unreachable` offline, `transport/timeout` without an answer in 10 s.
   */
  fetchReceipts(messageIds: readonly MessageId[]): Promise<readonly MessageReceipts[]>;
  /**
   * Fetches a page of the members who have read an own group message (in order of reading) or have not (by user id).
   * The list covers the members at the time of sending: members who left since keep their state, later members are
   * missing. Empty if the server's policy hides the list.
   *
   * @param options.cursor the cursor of the page before; omitted or `null` for the first page. No member appears twice
   * while others read.
   * @param options.limit at most and by default 100.
   * @throws {TransportError} `transport/unreachable` offline, `transport/timeout` without an answer in 10 s.
   */
  fetchReadMembers(
    messageId: MessageId,
    options: { readonly filter: 'read' | 'unread'; readonly cursor?: string | null; readonly limit?: number },
  ): Promise<ReadMembersPage>;
  /**
   * Explains an unread count: the read position and its origin, pending entries, counted messages, and messages not
   * stored here.
   */
  explainUnread(conversationId: ConversationId): Promise<UnreadExplanation>;

  /**
   * Reports what this device stores of the account: `bytes` (the texts in UTF-8, without the browser's own overhead), the number of
   * `messages`, whether the browser keeps the data (`persisted`), and the bytes that the browser allows this origin (`quota`). The last
   * two are null in a browser that does not say.
   */
  storage(): Promise<StorageReport>;
  /**
   * Removes the stored messages from this device, in every tab. The newest message of each conversation stays, for the list. Positions,
   * counts, receipts, flags and the outbox stay, so no count changes and no receipt is sent twice. `watchMessages` then shows the newest
   * message with the failed and pending ones; an open conversation, and each that is opened later, loads the messages that it shows again,
   * as soon as there is a network. The background does not. For other messages, `watchReceipts` emits null, and `findMessage` finds nothing.
   *
   * @throws {StoreError} `store/quota-exceeded` if the device refuses even this write. A part may be removed then; repeat the call.
   */
  dropCachedMessages(): Promise<void>;

  /** Stops sending and receiving on this device until `resume`. Stored, so a restart obeys it. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Sends the outbox now and waits until it is empty, at most `timeoutMs` (default 10,000). `logOut` and `close` of this
   * client answer a waiting `flush` with the number of entries sent until then.
   *
   * @throws {UsageError} `usage/closed` if another tab logs out while `flush` waits.
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<FlushResult>;
  /**
   * Queues a rejected entry again, as a new entry. `requestReceipt: false` repeats a message without its request for
   * receipts. `usage/invalid-argument` for receipts that the user has switched off.
   */
  retryDeadLetter(id: string, options?: { readonly requestReceipt?: boolean }): Promise<void>;
  dismissDeadLetter(id: string): Promise<void>;
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
  watchConversations(options?: ListOptions): Observable<readonly Conversation[]>;
  /** Emits `null` for a conversation unknown to the server. */
  watchConversation(conversationId: ConversationId): Observable<Conversation | null>;
  /** The newest `limit` messages (default 50), oldest first, pending last. A subscription fetches missing ones. */
  watchMessages(conversationId: ConversationId, options?: { readonly limit?: number }): Observable<readonly Message[]>;
  /** Emits `null` while this device does not store the message. */
  watchReceipts(messageId: MessageId): Observable<MessageReceipts | null>;
  /** Emits the receipts of the messages that `watchMessages` shows with the same limit (default 50), in the same order. */
  watchReceiptsIn(conversationId: ConversationId, options?: { readonly limit?: number }): Observable<readonly MessageReceipts[]>;
  watchConnection(): Observable<ConnectionStatus>;
  watchOutbox(): Observable<OutboxStatus>;
  /**
   * The receipt settings: `readReceipts` and `deliveryReceipts` are in force on this device, `device` and `account` are the two settings they
   * come from. Emits once this device knows the account's settings, and when a setting changes, here or on another device.
   */
  watchReceiptSettings(): Observable<ShownReceiptSettings>;
  watchDeadLetters(): Observable<readonly DeadLetter[]>;
  /**
   * Events. The other streams hold the truth; events only announce changes. The first subscriber gets up to 1,000
   * events that no tab has received yet.
   */
  watchEvents(): Observable<ReceiptEvent>;
}
