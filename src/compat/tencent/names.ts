/** Conversation ids: `C2Calice` is `direct:alice`, `GROUPcrew` is `group:crew`. */
import type { ConversationId } from '../../index.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { TYPES } from './constants.ts';
import { ChatError, UNSUPPORTED } from './errors.ts';

/** As the vendor checks an id. {@link conversationIdOf} refuses some of these. */
export const isConversationID = (value: unknown): boolean =>
  typeof value === 'string' && [TYPES.CONV_C2C, TYPES.CONV_GROUP, TYPES.CONV_SYSTEM].some((type) => value.startsWith(type));

/** @throws {ChatError} 2998 for topics, and for the conversation of the vendor's system messages. */
export const conversationIdOf = (conversationID: string): ConversationId => {
  if (conversationID.includes('@TOPIC#')) throw new ChatError(UNSUPPORTED, 'topics are not covered');
  if (conversationID.startsWith('C2C') && conversationID.length > 3) return `direct:${conversationID.slice(3)}`;
  if (conversationID.startsWith('GROUP') && conversationID.length > 5) return `group:${conversationID.slice(5)}`;
  throw new ChatError(UNSUPPORTED, `${conversationID} is no direct chat and no group`);
};

export const typeOf = (conversationId: ConversationId): string => (isGroup(conversationId) ? TYPES.CONV_GROUP : TYPES.CONV_C2C);

export const conversationIDOf = (conversationId: ConversationId): string => typeOf(conversationId) + targetOf(conversationId);
