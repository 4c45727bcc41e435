/** Conversation ids: `C2Calice` is `direct:alice`, `GROUPcrew` is `group:crew`. */
import type { ConversationId } from '../../index.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { TYPES } from './constants.ts';
import { ChatError, UNSUPPORTED } from './errors.ts';

/** As the vendor checks an id. {@link conversationIdOf} refuses some of these. */
export const isConversationID = (value: unknown): boolean => typeof value === 'string' && /^(C2C|GROUP|@TIM#SYSTEM)/.test(value);

/** @throws {ChatError} 2998 for topics, and for the conversation of the vendor's system messages. */
export const conversationIdOf = (conversationID: string): ConversationId => {
  const [, type, target] = /^(C2C|GROUP)(?!.*@TOPIC#)(.+)/s.exec(conversationID) ?? [];
  if (!target) throw new ChatError(UNSUPPORTED, `${conversationID} is not covered`);
  return `${type === TYPES.CONV_C2C ? 'direct' : 'group'}:${target}`;
};

export const typeOf = (conversationId: ConversationId): string => (isGroup(conversationId) ? TYPES.CONV_GROUP : TYPES.CONV_C2C);

export const conversationIDOf = (conversationId: ConversationId): string => typeOf(conversationId) + targetOf(conversationId);
