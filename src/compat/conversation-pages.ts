/** The conversations on this device, newest first. */
import type { Observable } from 'rxjs';
import type { Conversation, ConversationId, ReceiptClient } from '../index.ts';
import { knownNow } from './now.ts';

/** As many as the client shows. */
const MAX_CONVERSATIONS = 1000;

export const watchAllConversations = (client: ReceiptClient): Observable<readonly Conversation[]> =>
  client.watchConversations({ limit: MAX_CONVERSATIONS });

export const allConversations = (client: ReceiptClient): Promise<readonly Conversation[]> =>
  knownNow(client, watchAllConversations(client));

/** @param after the last conversation of the page before; none for the first page. */
export const conversationPage = async (
  client: ReceiptClient,
  after: ConversationId | null,
  count: number,
): Promise<{ readonly page: readonly Conversation[]; readonly isLast: boolean }> => {
  const all = await allConversations(client);
  const start = all.findIndex(({ id }) => id === after) + 1;
  return { page: all.slice(start, start + count), isLast: start + count >= all.length };
};

export const hasConversation = async (client: ReceiptClient, conversationId: ConversationId): Promise<boolean> =>
  (await knownNow(client, client.watchConversation(conversationId))) !== null;
