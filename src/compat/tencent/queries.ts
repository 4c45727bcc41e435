/** Questions about conversations, messages and members. */
import { type ReceiptClient, TransportError } from '../../index.ts';
import { isGroup } from '../conversation-ids.ts';
import { messagePage } from '../message-page.ts';
import { ChatError, NO_RECEIPT_INFO } from './errors.ts';
import type { LiveMessages } from './live-messages.ts';
import { conversationIdOf } from './names.ts';
import type { Conversation, ConversationFilter, MembersOptions, MembersPage, Message, MessageRef } from './types.ts';

const PAGE = 15;
const MAX_MEMBERS = 100;

export interface MessageList {
  readonly messageList: Message[];
  readonly nextReqMessageID: string;
  readonly isCompleted: boolean;
}

/** A page of messages, oldest first. */
export const messagesOf = async (
  client: ReceiptClient,
  live: LiveMessages,
  { conversationID, nextReqMessageID = '' }: { readonly conversationID: string; readonly nextReqMessageID?: string },
): Promise<MessageList> => {
  const { messages, complete } = await messagePage(client, conversationIdOf(conversationID), nextReqMessageID || null, PAGE);
  return {
    messageList: await live.show(messages),
    nextReqMessageID: complete ? '' : (messages[0]?.id ?? ''),
    isCompleted: complete,
  };
};

/** The conversations with these ids, or with these conditions; all without either. */
export const conversationsThatFit = (
  all: readonly Conversation[],
  wanted?: readonly string[] | ConversationFilter | null,
): Conversation[] => {
  if (isList(wanted)) return all.filter(({ conversationID }) => wanted.includes(conversationID));
  const { type, markType, groupName, hasUnreadCount, hasGroupAtInfo } = wanted ?? {};
  const fits = <T>(wish: T | undefined, is: T): boolean => wish === undefined || wish === is;
  return all.filter(
    (conversation) =>
      fits(type, conversation.type) &&
      (markType === undefined || conversation.markList.includes(markType)) &&
      // There are no conversation groups.
      fits(groupName, undefined) &&
      fits(hasUnreadCount, conversation.unreadCount > 0) &&
      fits(hasGroupAtInfo, conversation.groupAtInfoList.length > 0),
  );
};

const isList = (wanted: readonly string[] | ConversationFilter | null | undefined): wanted is readonly string[] => Array.isArray(wanted);

/** The receipts of own messages, from the server or, without a connection, from this device. */
export const receiptsOf = async (client: ReceiptClient, live: LiveMessages, messages: readonly MessageRef[]): Promise<Message[]> => {
  const asking = messages.filter(({ flow, needReadReceipt }) => flow === 'out' && needReadReceipt).map(({ ID }) => ID);
  if (asking.length > 0)
    await client.fetchReceipts(asking).catch((error: unknown) => {
      if (!(error instanceof TransportError)) throw error;
    });
  return live.refresh(messages.map(({ ID }) => ID));
};

/** A page of the readers of a group message, or of the other members. */
export const membersOf = async (
  client: ReceiptClient,
  { message: { ID }, cursor, filter, count }: MembersOptions,
): Promise<MembersPage> => {
  const message = await client.findMessage(ID);
  const isFit = message?.senderId === client.userId && isGroup(message.conversationId) && message.receiptRequested;
  if (!isFit) throw new ChatError(NO_RECEIPT_INFO, 'not an own group message with receipts');
  const page = await client.fetchReadMembers(ID, {
    filter: filter === 1 ? 'unread' : 'read',
    cursor: cursor || null,
    limit: Math.min(Math.max(count, 1), MAX_MEMBERS),
  });
  const ids = page.members.map(({ userId }) => userId);
  return {
    messageID: ID,
    cursor: page.cursor ?? '',
    isCompleted: page.complete,
    readUserIDList: filter === 1 ? [] : ids,
    unreadUserIDList: filter === 1 ? ids : [],
  };
};
