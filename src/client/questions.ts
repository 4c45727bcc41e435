/**
 * The asking calls of the client: for messages, for receipts, for the stored amount. No question changes the state
 * of the account.
 */
import type { WorkerConnection } from '../bridge/connect.ts';
import { type ConversationId, type MessageId, requireId } from '../model/ids.ts';
import type { LoadedMessages, MessagesWanted, ReadMembersPage, ReadMembersWanted } from '../model/api/intents.ts';
import type { Json, Message } from '../model/message/message.ts';
import type { MessageReceipts } from '../model/message/receipt.ts';
import { ALWAYS_READABLE, type StorageReport } from '../model/api/storage.ts';
import type { UnreadExplanation } from '../model/conversation/unread.ts';
import { count, cursor, memberCount, messageIds, oneOf, read, requireWanted } from './arguments.ts';
import type { Persistence } from './page/persistence.ts';

export interface Questions<Body = Json> {
  /** Loads messages older than the stored ones, oldest first, and stores them. Offline: returns stored messages. `complete` as in `loadMessages`. */
  loadOlderMessages(conversationId: ConversationId, options: { readonly limit: number }): Promise<LoadedMessages<Body>>;
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
  loadMessages(conversationId: ConversationId, options: MessagesWanted): Promise<LoadedMessages<Body>>;
  /** Finds a stored message, also a pending message. @returns `null` for any other message. */
  findMessage(messageId: MessageId): Promise<Message<Body> | null>;
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
   * `messages`, which of it is encrypted (`encryption`), whether the browser keeps the data (`persisted`), and the bytes that the browser allows this origin (`quota`). The last
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
}

export interface QuestionSources {
  readonly connection: Pick<WorkerConnection, 'query'>;
  readonly persistence: Persistence;
  /** @throws {UsageError} `usage/closed` */
  readonly requireOpen: () => void;
  /** Checks an id of a conversation. @throws {UsageError} also `usage/closed` */
  readonly conversation: (id: unknown) => ConversationId;
}

const filter = oneOf('read', 'unread');
const FIRST_PAGE = { cursor: null, limit: 100 };

export const questionsOf = ({ connection, persistence, requireOpen, conversation }: QuestionSources): Questions => ({
  async loadOlderMessages(conversationId, given) {
    const { limit } = read(given, 'loadOlderMessages', { limit: count });
    return connection.query('loadOlderMessages', conversation(conversationId), count(limit, 'limit'));
  },
  async loadMessages(conversationId, given) {
    const id = conversation(conversationId);
    return connection.query('loadMessages', id, requireWanted(given));
  },
  async findMessage(messageId) {
    requireOpen();
    return connection.query('findMessage', requireId(messageId, 'messageId'));
  },
  async fetchReceipts(ids) {
    requireOpen();
    return connection.query('fetchReceipts', messageIds(ids, 'messageIds'));
  },
  async fetchReadMembers(messageId, given) {
    requireOpen();
    const page = read<ReadMembersWanted>(given as ReadMembersWanted, 'fetchReadMembers', { filter, cursor, limit: memberCount });
    filter(page.filter, 'filter');
    return connection.query('fetchReadMembers', requireId(messageId, 'messageId'), { ...FIRST_PAGE, ...page });
  },
  async explainUnread(conversationId) {
    return connection.query('explainUnread', conversation(conversationId));
  },
  async storage() {
    requireOpen();
    const [stored, browser] = await Promise.all([connection.query('storage'), persistence.report()]);
    return { ...stored, encryption: { ...stored.encryption, readable: ALWAYS_READABLE }, ...browser };
  },
  async dropCachedMessages() {
    requireOpen();
    return connection.query('dropCachedMessages');
  },
});
