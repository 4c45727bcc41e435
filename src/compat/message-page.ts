/** Pages of a conversation, from the newest message back. */
import type { ConversationId, LoadedMessages, Message, ReceiptClient } from '../index.ts';
import { now } from './now.ts';

/**
 * Loads the messages before the message `before`, or the newest messages, oldest first. The newest page ends with the unsent messages.
 */
export const messagePage = async (
  client: ReceiptClient,
  conversationId: ConversationId,
  before: string | null,
  limit: number,
): Promise<LoadedMessages> => {
  const page = await client.loadMessages(conversationId, { before: before ?? Number.MAX_SAFE_INTEGER, limit });
  if (before !== null) return page;
  const newest = await now(client.watchMessages(conversationId, { limit }));
  const isUnsent = ({ id, seq }: Message): boolean => seq === null && !page.messages.some((message) => message.id === id);
  return { ...page, messages: [...page.messages, ...newest.filter(isUnsent)] };
};
