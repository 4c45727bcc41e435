/** Questions about conversations, messages and members. */
import type { ConversationId, ReceiptClient } from '../../index.ts';
import { conversationPage } from '../conversation-pages.ts';
import { messagePage } from '../message-page.ts';
import { knownNow } from '../now.ts';
import { BAD_PARAMETER, ZIMError } from './errors.ts';
import { conversationIdOf, heldMessage, receiptInfoOf, zimConversationOf, zimMessageOf } from './messages.ts';
import {
  type ZIMConversation,
  ZIMConversationType,
  type ZIMMessage,
  type ZIMMessageReceiptInfo,
  ZIMMessageReceiptStatus,
  type ZIMUser,
} from './types.ts';

const MAX_MEMBERS = 100;

export interface TotalConfig {
  readonly conversationTypes?: readonly number[];
  readonly marks?: readonly number[];
}

export const totalOf = async (
  client: ReceiptClient,
  { conversationTypes = [] }: TotalConfig,
): Promise<{ readonly unreadMessageCount: number }> => {
  const [direct, group] = [ZIMConversationType.Peer, ZIMConversationType.Group].map(
    (type) => conversationTypes.length === 0 || conversationTypes.includes(type),
  );
  if (!direct && !group) return { unreadMessageCount: 0 };
  // One question: the sum of two totals may be of no single moment.
  const total$ = client.watchTotalUnreadCount(direct && group ? {} : { type: direct ? 'direct' : 'group' });
  return { unreadMessageCount: await knownNow(client, total$) };
};

export interface ListConfig {
  readonly nextConversation?: { readonly conversationID: string; readonly type: number };
  readonly count: number;
}

export const listOf = async (
  client: ReceiptClient,
  { nextConversation, count }: ListConfig,
): Promise<{ readonly conversationList: ZIMConversation[] }> => {
  const after = nextConversation ? conversationIdOf(nextConversation.conversationID, nextConversation.type) : null;
  const { page } = await conversationPage(client, after, count);
  return { conversationList: await Promise.all(page.map((conversation) => zimConversationOf(client, conversation))) };
};

export interface HistoryConfig {
  readonly nextMessage?: ZIMMessage;
  readonly count: number;
  readonly reverse?: boolean;
}

export const historyOf = async (
  client: ReceiptClient,
  conversationId: ConversationId,
  { nextMessage, count }: HistoryConfig,
): Promise<{ readonly messageList: ZIMMessage[] }> => {
  const { messages } = await messagePage(client, conversationId, nextMessage?.messageID ?? null, count);
  return { messageList: await Promise.all(messages.map((message) => zimMessageOf(client, message))) };
};

export interface ReceiptsInfo {
  readonly infos: ZIMMessageReceiptInfo[];
  readonly errorMessageIDs: string[];
}

/** The receipts of the conversation's messages, as far as this device knows. */
export const receiptsOf = async (
  client: ReceiptClient,
  conversationId: ConversationId,
  messageList: readonly ZIMMessage[],
): Promise<ReceiptsInfo> => {
  const infos: ZIMMessageReceiptInfo[] = [];
  const errorMessageIDs: string[] = [];
  for (const { messageID = '' } of messageList) {
    const held = await heldMessage(client, messageID);
    if (held?.message.conversationId === conversationId && held.status !== ZIMMessageReceiptStatus.None)
      infos.push(receiptInfoOf(client, held));
    else errorMessageIDs.push(messageID);
  }
  if (infos.length === 0) throw new ZIMError(BAD_PARAMETER, 'no message of this conversation wants receipts');
  return { infos, errorMessageIDs };
};

export interface MembersConfig {
  readonly nextFlag: number;
  readonly count: number;
}

export interface MembersPage {
  readonly groupID: string;
  readonly userList: ZIMUser[];
  readonly nextFlag: number;
}

/**
 * The readers of a message, or the other members.
 *
 * @param cursors where the pages begin, by `nextFlag`: the vendor's page token is a number, and the server's cursor is a
 * text. The first page, 0, has no cursor, and 0 comes back after the last page.
 */
export const membersOf = async (
  client: ReceiptClient,
  cursors: (string | null)[],
  filter: 'read' | 'unread',
  { messageID = '' }: ZIMMessage,
  groupID: string,
  { nextFlag, count }: MembersConfig,
): Promise<MembersPage> => {
  const held = await heldMessage(client, messageID);
  const isFit =
    held?.message.senderId === client.userId &&
    held.message.conversationId === `group:${groupID}` &&
    held.message.seq !== null &&
    held.status !== ZIMMessageReceiptStatus.None;
  if (!isFit) throw new ZIMError(BAD_PARAMETER, 'not an own message of this group with receipts');
  const cursor = cursors[nextFlag];
  if (cursor === undefined) throw new ZIMError(BAD_PARAMETER, `no page ${nextFlag}`);
  if (count < 1) return { groupID, userList: [], nextFlag: 0 };
  const page = await client.fetchReadMembers(messageID, { filter, cursor, limit: Math.min(count, MAX_MEMBERS) });
  return {
    groupID,
    userList: page.members.map(({ userId }) => ({ userID: userId, userName: '' })),
    nextFlag: page.cursor === null ? 0 : cursors.push(page.cursor) - 1,
  };
};
