/** Questions about conversations, messages and members. */
import { firstValueFrom } from 'rxjs';
import type { ConversationId, ReceiptClient } from '../../index.ts';
import { conversationPage } from '../conversation-pages.ts';
import { messagePage } from '../message-page.ts';
import { BAD_PARAMETER, ZIMError } from './errors.ts';
import { conversationIdOf, statusOf, zimConversationOf, zimMessageOf } from './messages.ts';
import { type ZIMConversation, ZIMConversationType, type ZIMMessage, ZIMMessageReceiptStatus, type ZIMUser } from './types.ts';

const MAX_MEMBERS = 100;

export interface TotalConfig {
  readonly conversationTypes?: readonly number[];
  readonly marks?: readonly number[];
}

export const totalOf = async (client: ReceiptClient, { conversationTypes = [] }: TotalConfig): Promise<number> => {
  const total = (type: 'direct' | 'group'): Promise<number> => firstValueFrom(client.watchTotalUnreadCount({ type }));
  if (conversationTypes.length === 0) return firstValueFrom(client.watchTotalUnreadCount());
  const direct = conversationTypes.includes(ZIMConversationType.Peer) ? await total('direct') : 0;
  return direct + (conversationTypes.includes(ZIMConversationType.Group) ? await total('group') : 0);
};

export interface ListConfig {
  readonly nextConversation?: { readonly conversationID: string; readonly type: number };
  readonly count: number;
}

export const listOf = async (client: ReceiptClient, { nextConversation, count }: ListConfig): Promise<ZIMConversation[]> => {
  const after = nextConversation ? conversationIdOf(nextConversation.conversationID, nextConversation.type) : null;
  const { page } = await conversationPage(client, after, count);
  return Promise.all(page.map((conversation) => zimConversationOf(client, conversation)));
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
): Promise<ZIMMessage[]> => {
  const { messages } = await messagePage(client, conversationId, nextMessage?.messageID ?? null, count);
  return Promise.all(messages.map((message) => zimMessageOf(client, message)));
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

/** The readers of a message, or the other members. The vendor's page token is a number, and the server's cursor is a text. */
export class MemberPages {
  private readonly cursors = new Map<number, string>();

  /** `nextFlag` 0 asks for the first page, and comes back after the last. */
  async page(
    client: ReceiptClient,
    filter: 'read' | 'unread',
    { messageID = '' }: ZIMMessage,
    groupID: string,
    { nextFlag, count }: MembersConfig,
  ): Promise<MembersPage> {
    const message = await client.findMessage(messageID);
    const receipts = message && (await firstValueFrom(client.watchReceipts(messageID)));
    const isFit =
      message?.senderId === client.userId &&
      message.conversationId === `group:${groupID}` &&
      message.seq !== null &&
      receipts != null &&
      statusOf(receipts.state, true) !== ZIMMessageReceiptStatus.None;
    if (!isFit) throw new ZIMError(BAD_PARAMETER, 'the message is no own message of this group that was sent and wants receipts');
    const cursor = nextFlag === 0 ? null : this.cursors.get(nextFlag);
    if (cursor === undefined) throw new ZIMError(BAD_PARAMETER, `no page ${nextFlag}`);
    if (count < 1) return { groupID, userList: [], nextFlag: 0 };
    const page = await client.fetchReadMembers(messageID, { filter, cursor, limit: Math.min(count, MAX_MEMBERS) });
    const next = page.complete || page.cursor === null ? 0 : this.cursors.size + 1;
    if (next > 0) this.cursors.set(next, page.cursor!);
    return { groupID, userList: page.members.map(({ userId }) => ({ userID: userId, userName: '' })), nextFlag: next };
  }
}
