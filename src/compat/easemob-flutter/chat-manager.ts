/** `EMClient.getInstance.chatManager` and `EMConversation`. */
import type { ConversationId } from '../../index.ts';
import { targetOf } from '../conversation-ids.ts';
import { allConversations, hasConversation } from '../conversation-pages.ts';
import { messagePage } from '../message-page.ts';
import { knownNow, now } from '../now.ts';
import { EMError, withEmErrors } from './errors.ts';
import type { ChatEvents, EMChatEvents, EMGroupMessageAck } from './event-handler.ts';
import { ChatType, EMMessage, MessageStatus } from './message.ts';
import type { Session } from './session.ts';

/** The vendor's constants for kinds of conversations. */
export const EMConversationType = { Chat: 'Chat', GroupChat: 'GroupChat' } as const;
export type EMConversationType = (typeof EMConversationType)[keyof typeof EMConversationType];

const idOf = (type: ChatType, target: string): ConversationId => `${type === ChatType.GroupChat ? 'group' : 'direct'}:${target}`;

/**
 * A conversation of this user. Its counts are those of all devices of the user. The vendor documents the fields of
 * arguments.
 */
export class EMConversation {
  private readonly conversationId: ConversationId;

  constructor(
    private readonly session: () => Session,
    /** The other user's id, or the group's id. */
    readonly id: string,
    /** The kind of the conversation. */
    readonly type: EMConversationType,
  ) {
    this.conversationId = idOf(type, id);
  }

  /** The unread count, the same on all devices of this user. */
  unreadCount(): Promise<number> {
    return withEmErrors(async () => {
      const { client } = this.session();
      return knownNow(client, client.watchUnreadCount(this.conversationId));
    });
  }

  /** Takes this message out of the count. The sender learns nothing. */
  markMessageAsRead(msgId: string): Promise<void> {
    return withEmErrors(() => this.session().client.clearConversationUnreadCount(this.conversationId, { messageIds: [msgId] }));
  }

  /** Sets the count to 0. The senders learn nothing. */
  markAllMessagesAsRead(): Promise<void> {
    return withEmErrors(() => this.session().client.clearConversationUnreadCount(this.conversationId));
  }

  /** The newest message, sent or not. */
  async latestMessage(): Promise<EMMessage | null> {
    return (await this.loadMessages({ loadCount: 1 }))[0] ?? null;
  }

  /** The newest messages, oldest first. Offline: those on this device. */
  loadMessages({ loadCount = 20 }: { readonly loadCount?: number } = {}): Promise<EMMessage[]> {
    return withEmErrors(async () => {
      const { client } = this.session();
      const { messages } = await messagePage(client, this.conversationId, null, loadCount);
      return Promise.all(messages.slice(-loadCount).map((message) => EMMessage.of(client, message)));
    });
  }
}

/**
 * The chat manager, with the vendor's calls for receipts and counts. EASEMOB-FLUTTER.md says call by call what
 * differs; the vendor documents the fields of arguments and answers.
 */
export class EMChatManager {
  constructor(
    private readonly session: () => Session,
    private readonly events: ChatEvents,
  ) {}

  /** Adds handlers under this id. Handlers with the same id are replaced. */
  addEventHandler(id: string, handler: EMChatEvents): void {
    this.events.add(id, handler);
  }

  /** Removes the handlers with this id. */
  removeEventHandler(id: string): void {
    this.events.remove(id);
  }

  /** Sends a message. Offline, the call resolves when this device has stored the message: `status` is then `PROGRESS`. */
  sendMessage(message: EMMessage): Promise<EMMessage> {
    return withEmErrors(async () => {
      const session = this.session();
      const { client } = session;
      const { msgId: id, to, chatType, needGroupAck, body, deliverOnlineOnly } = message;
      if (chatType === ChatType.ChatRoom) throw new EMError(505, 'chat rooms have no receipts and no unread counts');
      const requestReceipt = chatType === ChatType.Chat || needGroupAck;
      message.from = client.userId;
      try {
        // The body of the web facade, so both apps can talk.
        const textBody = { type: 'txt', msg: body.content };
        await session.sendMessage(idOf(chatType, to), textBody, { id, requestReceipt, countable: !deliverOnlineOnly });
      } catch (error) {
        message.status = MessageStatus.FAIL;
        throw error;
      }
      const stored = await client.findMessage(id);
      return stored ? Object.assign(message, await EMMessage.of(client, stored)) : message;
    });
  }

  /** Sends the read receipt of a direct message. @returns false, without a receipt, if `requireAck` is off. */
  sendMessageReadAck(message: EMMessage): Promise<boolean> {
    return withEmErrors(async () => {
      const session = this.session();
      if (session.requiresAck) await session.sendReceipts(idOf(ChatType.Chat, message.conversationId), [message.msgId]);
      return session.requiresAck;
    });
  }

  /** Sends the read receipt of a group message. The message must have asked for receipts (`needGroupAck`). */
  sendGroupMessageReadAck(msgId: string, groupId: string, { content }: { readonly content?: string } = {}): Promise<void> {
    return withEmErrors(async () => {
      const session = this.session();
      const options = content === undefined ? {} : { content };
      const { skipped } = await session.sendReceipts(idOf(ChatType.GroupChat, groupId), [msgId], options);
      if (skipped.some(({ reason }) => reason === 'not-requested')) throw new EMError(500, 'the message asks for no receipt: needGroupAck');
    });
  }

  /** Direct chats: sends the peer a receipt for everything so far, and sets the count to 0. Groups: sets the count to 0. */
  sendConversationReadAck(conversationId: string): Promise<void> {
    return withEmErrors(async () => {
      const session = this.session();
      if (!session.requiresAck) return;
      const group = idOf(ChatType.GroupChat, conversationId);
      await session.sendConversationReceipt((await hasConversation(session.client, group)) ? group : idOf(ChatType.Chat, conversationId));
    });
  }

  /** Sets all unread counts to 0, on all devices of this user. The senders learn nothing. */
  markAllConversationsAsRead(): Promise<void> {
    return withEmErrors(() => this.session().client.clearAllUnreadCounts());
  }

  /** The sum over the conversations, without muted conversations. */
  getUnreadMessageCount(): Promise<number> {
    return withEmErrors(async () => {
      const { client } = this.session();
      return knownNow(client, client.watchTotalUnreadCount());
    });
  }

  /** The conversations, newest first, at most 1,000. */
  loadAllConversations(): Promise<EMConversation[]> {
    return withEmErrors(async () => {
      const conversations = await allConversations(this.session().client);
      return conversations.map(({ id, type }) => {
        const conversationType = type === 'group' ? EMConversationType.GroupChat : EMConversationType.Chat;
        return new EMConversation(this.session, targetOf(id), conversationType);
      });
    });
  }

  /** A conversation, also one without messages. */
  async getConversation(
    id: string,
    { type = EMConversationType.Chat }: { readonly type?: EMConversationType } = {},
  ): Promise<EMConversation> {
    return new EMConversation(this.session, id, type);
  }

  /** A page of the readers of an own group message, in the order of reading. `cursor` is absent after the last page. */
  fetchGroupAcks(
    msgId: string,
    _groupId: string,
    { startAckId, pageSize = 100 }: { readonly startAckId?: string; readonly pageSize?: number } = {},
  ): Promise<{ readonly data: EMGroupMessageAck[]; readonly cursor?: string }> {
    return withEmErrors(async () => {
      const { client } = this.session();
      const { members, cursor } = await client.fetchReadMembers(msgId, {
        filter: 'read',
        cursor: startAckId ?? null,
        limit: Math.min(100, Math.max(1, pageSize)),
      });
      const receipts = await now(client.watchReceipts(msgId));
      const readCount = receipts?.readCount ?? members.length;
      const data = members.map(({ userId, readAt, content }) => ({
        messageId: msgId,
        from: userId,
        ...(content === undefined ? {} : { content }),
        readCount,
        timestamp: readAt ?? 0,
      }));
      return cursor === null ? { data } : { data, cursor };
    });
  }
}
