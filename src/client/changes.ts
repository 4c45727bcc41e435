/**
 * The changing calls of the client: their public signatures, and the checks of their arguments. A new call is added
 * here, to `model/api/intents.ts`, and to a file of `engine/intents`.
 */
import type { WorkerConnection } from '../bridge/connect.ts';
import { type ConversationId, type MessageId, requireId } from '../model/ids.ts';
import type { SentReadReceipts } from '../model/api/intents.ts';
import { requireMentions } from '../model/message/mentions.ts';
import { bodyText, type BodyToSend, type Json, type Message } from '../model/message/message.ts';
import { invalid } from '../model/must.ts';
import { requireContent } from '../model/message/receipt.ts';
import type { SettingsScope } from '../model/message/receipt-settings.ts';
import { flag, messageIds, read, requireSettings, type } from './arguments.ts';
import type { SendMessageOptions } from './receipt-client-options.ts';

export interface Changes<Body = Json> {
  /**
   * Queues a message. Messages are sent in order. `body` is any JSON up to 16 KiB. A field that is undefined is left out;
   * other values that JSON would change (-0, NaN, holes in lists, class instances) are refused with their path. A body
   * that does not fit the option `bodySchema` is refused with the first issue. Resolves with the pending message.
   */
  sendMessage(conversationId: ConversationId, body: BodyToSend<Body>, options?: SendMessageOptions): Promise<Message<Body>>;
  /**
   * Takes an own message back. All devices drop its body, and the message no longer counts as unread.
   * `usage/unknown-message` if this device does not store the message.
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
   * @param options.messageIds clears only these messages, at most 10,000, in any order: the messages no longer count
   * on any device of the user. The position and a marked-unread flag stay, and no event tells the call. If this
   * device lacks a message of the list, the call rejects with `usage/unknown-message` and clears nothing. `upTo` and
   * `messageIds` together are `usage/invalid-argument`.
   */
  clearConversationUnreadCount(
    conversationId: ConversationId,
    options?:
      { readonly upTo?: MessageId; readonly messageIds?: never } | { readonly messageIds: readonly MessageId[]; readonly upTo?: never },
  ): Promise<void>;
  /**
   * Clears every conversation, like `clearConversationUnreadCount`.
   *
   * @param options.type only the direct chats, or only the groups. Default: both.
   */
  clearAllUnreadCounts(options?: { readonly type?: 'direct' | 'group' }): Promise<void>;
  /**
   * Sets the flag, also for a conversation unknown to this device, such as a chat without a message or a group that the user joins
   * later: the server keeps the flag, which applies once the conversation appears. A group that has removed the user
   * refuses the flag. The read position stays, and the senders learn nothing. The flag falls when the user reads the
   * conversation.
   *
   * @param options.from a message: "unread from here". While the flag is set, the countable messages from this message
   * on count as unread, on every device of the user: those that were read, and those cleared one by one before (`messageIds`). A message
   * cleared after this call does not count. When the flag falls, the position and the earlier clears hold again. Offline, on a device
   * that does not store all of the messages, the count is a lower bound (`exact` is false). Not together with `marked: false`.
   * @throws {UsageError} `usage/unknown-message` if this device does not store the message `from` in this conversation.
   */
  setMarkedUnread(conversationId: ConversationId, marked: boolean, options?: { readonly from?: MessageId }): Promise<void>;
  /** Sets the muted flag, like `setMarkedUnread`. */
  setMuted(conversationId: ConversationId, muted: boolean): Promise<void>;
  /**
   * Archives a conversation, like `setMarkedUnread`: lists and totals leave it out unless they ask for it. The
   * conversation is out of the archive with the next countable message of another user, also after a recall of this message. A muted
   * conversation stays in the archive.
   */
  setArchived(conversationId: ConversationId, archived: boolean): Promise<void>;
  /**
   * Switches the receipts of this user off or on. A receipt is sent only where the setting of the device and the
   * setting of the account allow it.
   *
   * Off: receipts that are not sent yet are cancelled, and conversation read receipts only clear the unread count.
   * On: later receipts leave out all messages that the user read while either setting was off, on every device of the
   * account.
   *
   * @param settings.readReceipts whether the user sends read receipts; left out: no change. `deliveryReceipts` likewise.
   * @param settings.scope `'device'` (default) for this device; `'account'` for all devices of the account. A change for the account also
   * works offline. Where two devices change it at the same time, the newer change wins, and "off" wins a tie.
   * @throws {UsageError} `usage/invalid-argument` for any other value.
   * @see `watchReceiptSettings`
   */
  setReceiptSettings(settings: {
    readonly deliveryReceipts?: boolean;
    readonly readReceipts?: boolean;
    readonly scope?: SettingsScope;
  }): Promise<void>;

  /** Stops sending and receiving on this device until `resume`. The pause is stored, so a restart keeps the pause. */
  pause(): Promise<void>;
  /** Ends a pause: sends and receives again, in every tab. Without a pause the call changes nothing. */
  resume(): Promise<void>;
  /**
   * Queues a rejected entry again, as a new entry. `requestReceipt: false` repeats a message without its request for
   * receipts. `usage/invalid-argument` for receipts that the user has switched off.
   */
  retryDeadLetter(id: string, options?: { readonly requestReceipt?: boolean }): Promise<void>;
  /** Forgets a rejected entry. An unknown id changes nothing. */
  dismissDeadLetter(id: string): Promise<void>;
}

export interface ChangeSources {
  readonly intent: WorkerConnection['intent'];
  /** @throws {UsageError} `usage/closed` */
  readonly requireOpen: () => void;
  /** Checks an id of a conversation. @throws {UsageError} also `usage/closed` */
  readonly conversation: (id: unknown) => ConversationId;
  /** @throws {UsageError} if the app's schema refuses the body. */
  readonly checkBody: (body: unknown) => void;
}

export const changesOf = ({ intent, requireOpen, conversation, checkBody }: ChangeSources): Changes => ({
  async sendMessage(conversationId, body, given) {
    const id = conversation(conversationId);
    const rules = { requestReceipt: flag, countable: flag, mentions: requireMentions, id: requireId };
    const options = read<SendMessageOptions>(given, 'sendMessage', rules);
    checkBody(body);
    return intent('sendMessage', id, { body: bodyText(body), ...options });
  },
  async recallMessage(messageId) {
    requireOpen();
    return intent('recallMessage', requireId(messageId, 'messageId'));
  },
  async sendReadReceipts(conversationId, ids, given) {
    const id = conversation(conversationId);
    const named = messageIds(ids, 'messageIds');
    return intent('sendReadReceipts', id, named, read(given, 'sendReadReceipts', { content: requireContent }));
  },
  async sendConversationReadReceipt(conversationId, given) {
    const id = conversation(conversationId);
    return intent('sendConversationReadReceipt', id, read(given, 'sendConversationReadReceipt', { upTo: requireId, keepUnread: flag }));
  },
  async clearConversationUnreadCount(conversationId, given) {
    const id = conversation(conversationId);
    const call = 'clearConversationUnreadCount';
    const { upTo, messageIds: ids } = read<{ readonly upTo?: MessageId; readonly messageIds?: readonly MessageId[] }>(given, call, {
      upTo: requireId,
      messageIds,
    });
    if (!ids) return intent(call, id, upTo);
    if (upTo !== undefined) throw invalid(`${call} takes upTo or messageIds, not both: make two calls`);
    return intent('clearMessages', id, ids);
  },
  async clearAllUnreadCounts(given) {
    requireOpen();
    return intent('clearAllUnreadCounts', read(given, 'clearAllUnreadCounts', { type }).type);
  },
  async setMarkedUnread(conversationId, marked, given) {
    const id = conversation(conversationId);
    const { from } = read(given, 'setMarkedUnread', { from: requireId });
    if (!flag(marked, 'marked') && from !== undefined) throw invalid('from is for a mark, and marked is false: leave from out');
    return intent('setMarkedUnread', id, marked, from);
  },
  async setMuted(conversationId, muted) {
    return intent('setMuted', conversation(conversationId), flag(muted, 'muted'));
  },
  async setArchived(conversationId, archived) {
    return intent('setArchived', conversation(conversationId), flag(archived, 'archived'));
  },
  async setReceiptSettings(settings) {
    requireOpen();
    return intent('setReceiptSettings', requireSettings(settings));
  },
  async pause() {
    requireOpen();
    return intent('setPaused', true);
  },
  async resume() {
    requireOpen();
    return intent('setPaused', false);
  },
  async retryDeadLetter(id, given) {
    requireOpen();
    return intent('retryDeadLetter', requireId(id, 'id'), read(given, 'retryDeadLetter', { requestReceipt: flag }));
  },
  async dismissDeadLetter(id) {
    requireOpen();
    return intent('dismissDeadLetter', requireId(id, 'id'));
  },
});
