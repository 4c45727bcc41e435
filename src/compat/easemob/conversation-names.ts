/** Names of conversations and messages, in Tidemark's form and in the vendor's. */
import type { Conversation, ConversationId, Json, Message } from '../../index.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { textOfBody } from '../text-of-body.ts';
import { EasemobError } from './errors.ts';
import type { ChatType, ContentMessage, ConversationItem } from './types.ts';

export const conversationIdOf = (chatType: ChatType | undefined, to: string): ConversationId => {
  if (typeof to !== 'string' || to === '') throw new EasemobError(205, 'the message has no receiver: to');
  if (chatType === 'chatRoom') throw new EasemobError(505, 'chat rooms have no receipts and no unread counts');
  return `${chatType === 'groupChat' ? 'group' : 'direct'}:${to}`;
};

export const chatTypeOf = (conversationId: ConversationId): 'singleChat' | 'groupChat' =>
  isGroup(conversationId) ? 'groupChat' : 'singleChat';

/** The fields of a message for the body. */
export const bodyOf = ({
  id: _id,
  from: _from,
  to: _to,
  chatType: _chatType,
  time: _time,
  msgConfig: _config,
  ...body
}: ContentMessage): Json => {
  // JSON has no undefined, and the client refuses undefined.
  return JSON.parse(JSON.stringify(body)) as Json;
};

const isContent = (body: unknown): body is Pick<ContentMessage, 'type'> =>
  typeof body === 'object' && body !== null && 'type' in body && ['txt', 'cmd', 'custom'].includes(String(body.type));

/** A message as the vendor's handlers get it. */
export const messageOf = (me: string, { id, conversationId, senderId, sentAt, body, receiptRequested }: Message): ContentMessage => {
  const target = targetOf(conversationId);
  const chatType = chatTypeOf(conversationId);
  const to = chatType === 'groupChat' || senderId === me ? target : me;
  const content = isContent(body) ? body : { type: 'txt', msg: textOfBody(body) };
  return {
    ext: {},
    ...content,
    id,
    chatType,
    from: senderId,
    to,
    time: sentAt,
    ...(chatType === 'groupChat' && receiptRequested ? { msgConfig: { allowGroupAck: true } } : {}),
  } as ContentMessage;
};

export const conversationItemOf = (me: string, { id, unreadCount, lastMessage }: Conversation): ConversationItem => ({
  conversationId: targetOf(id),
  conversationType: chatTypeOf(id),
  isPinned: false,
  pinnedTime: 0,
  unReadCount: unreadCount,
  lastMessage: lastMessage ? messageOf(me, lastMessage) : null,
});
