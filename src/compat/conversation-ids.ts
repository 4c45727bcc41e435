/** Conversation ids, which join the type and the peer or group. The vendors keep the two apart. */
import type { ConversationId } from '../index.ts';

export const isGroup = (conversationId: ConversationId): boolean => conversationId.startsWith('group:');

/** The peer of a direct chat, or the group. */
export const targetOf = (conversationId: ConversationId): string => conversationId.slice(conversationId.indexOf(':') + 1);
