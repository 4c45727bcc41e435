/** The calls of the client that ask: for messages, for receipts, for what this device stores. They change no state of the account. */
import type { WorkerConnection } from '../bridge/connect.ts';
import { type ConversationId, requireId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import {
  MAX_LIMIT,
  MAX_MEMBERS,
  requireCount,
  requireCursor,
  requireFilter,
  requireIds,
  requireWanted,
  WANTED_NAMES,
} from './arguments.ts';
import type { Persistence } from './persistence.ts';
import type { ReceiptClient } from './receipt-client.ts';

type Questions = Pick<
  ReceiptClient,
  | 'loadOlderMessages'
  | 'loadMessages'
  | 'findMessage'
  | 'fetchReceipts'
  | 'fetchReadMembers'
  | 'explainUnread'
  | 'storage'
  | 'dropCachedMessages'
>;

export interface QuestionSources {
  readonly connection: Pick<WorkerConnection, 'query'>;
  readonly persistence: Persistence;
  /** @throws {UsageError} `usage/closed` */
  readonly requireOpen: () => void;
  /** Checks an id of a conversation. @throws {UsageError} also `usage/closed` */
  readonly conversation: (id: unknown) => ConversationId;
}

export const questionsOf = ({ connection, persistence, requireOpen, conversation }: QuestionSources): Questions => ({
  async loadOlderMessages(conversationId, given) {
    const { limit } = readOptions(given, 'loadOlderMessages', { limit: 1 });
    return connection.query('loadOlderMessages', conversation(conversationId), requireCount(limit, 'limit', MAX_LIMIT));
  },
  async loadMessages(conversationId, given) {
    const id = conversation(conversationId);
    return connection.query('loadMessages', id, requireWanted(readOptions(given, 'loadMessages', WANTED_NAMES)));
  },
  async findMessage(messageId) {
    requireOpen();
    return connection.query('findMessage', requireId(messageId, 'messageId'));
  },
  async fetchReceipts(messageIds) {
    requireOpen();
    return connection.query('fetchReceipts', requireIds(messageIds));
  },
  async fetchReadMembers(messageId, given) {
    requireOpen();
    const { filter, cursor, limit } = readOptions(given, 'fetchReadMembers', { filter: 1, cursor: 1, limit: 1 });
    return connection.query('fetchReadMembers', requireId(messageId, 'messageId'), {
      filter: requireFilter(filter),
      cursor: requireCursor(cursor),
      limit: requireCount(limit ?? MAX_MEMBERS, 'limit', MAX_MEMBERS),
    });
  },
  async explainUnread(conversationId) {
    return connection.query('explainUnread', conversation(conversationId));
  },
  async storage() {
    requireOpen();
    const [stored, browser] = await Promise.all([connection.query('storage'), persistence.report()]);
    return { ...stored, ...browser };
  },
  async dropCachedMessages() {
    requireOpen();
    return connection.query('dropCachedMessages');
  },
});
