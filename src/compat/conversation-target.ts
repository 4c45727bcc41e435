/** The peer or the group of a conversation id, without the type. */
import type { ConversationId } from '../index.ts';

export const targetOf = (conversationId: ConversationId): string => conversationId.slice(conversationId.indexOf(':') + 1);
