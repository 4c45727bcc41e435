/** The phone's app in the names of Easemob Flutter. */
import type { ConversationId, MessageStatus as Ticks } from 'tidemark';
import {
  ChatType,
  EMChatEventHandler,
  EMClient,
  EMConnectionEventHandler,
  type EMConversation,
  EMConversationType,
  EMMessage,
  EMOptions,
  MessageStatus,
} from 'tidemark/compat/easemob-flutter';
import { isGroup } from '../people.ts';
import { type Line, type StartApp, targetOf } from './vendor-app.ts';

const PAGE = 30;

const statusOf = ({ status, hasReadAck, hasDeliverAck }: EMMessage): Ticks => {
  if (status === MessageStatus.PROGRESS) return 'pending';
  if (status === MessageStatus.FAIL) return 'failed';
  return hasReadAck ? 'read' : hasDeliverAck ? 'delivered' : 'sent';
};

export const startEasemobFlutter: StartApp = async (user, access, { changed, connected, note }) => {
  const client = EMClient.getInstance;
  await client.init(new EMOptions({ appKey: 'demo#tidemark', requireAck: true, requireDeliveryAck: true }, access));
  const manager = client.chatManager;
  const heard = (text: string): void => {
    note(text);
    changed();
  };
  client.addConnectionEventHandler(
    'phone',
    new EMConnectionEventHandler({ onConnected: () => connected(true), onDisconnected: () => connected(false) }),
  );
  manager.addEventHandler(
    'phone',
    new EMChatEventHandler({
      onMessagesReceived: (messages) => heard(`onMessagesReceived ${messages.map(({ body }) => `"${body.content}"`).join(', ')}`),
      onMessagesDelivered: (messages) => heard(`onMessagesDelivered: ${messages.length}`),
      onMessagesRead: (messages) => heard(`onMessagesRead: ${messages.length}`),
      onConversationRead: (from, to) => heard(`onConversationRead("${from}", "${to}")`),
      onGroupMessageRead: (acks) => heard(`onGroupMessageRead ${acks.map(({ from, readCount }) => `${from}: ${readCount}`).join(', ')}`),
      onReadAckForGroupMessageUpdated: () => heard('onReadAckForGroupMessageUpdated'),
      onConversationsUpdate: changed,
    }),
  );
  await client.loginWithToken(user, '');

  const conversationOf = (chat: ConversationId): Promise<EMConversation> =>
    manager.getConversation(targetOf(chat), { type: isGroup(chat) ? EMConversationType.GroupChat : EMConversationType.Chat });
  const lineOf = async (message: EMMessage): Promise<Line> => ({
    id: message.msgId,
    from: message.from,
    text: message.body.content,
    at: message.serverTime,
    status: message.from === user ? statusOf(message) : 'received',
    readers:
      message.from === user && message.needGroupAck && message.status === MessageStatus.SUCCESS ? await message.groupAckCount() : null,
  });

  return {
    rows: async () =>
      Promise.all(
        (await manager.loadAllConversations()).map(async (conversation) => {
          const latest = await conversation.latestMessage();
          return {
            chat: `${conversation.type === EMConversationType.GroupChat ? 'group' : 'direct'}:${conversation.id}` as const,
            unread: await conversation.unreadCount(),
            preview: latest?.body.content ?? '',
            at: latest?.serverTime ?? null,
          };
        }),
      ),
    total: () => manager.getUnreadMessageCount(),
    lines: async (chat) => Promise.all((await (await conversationOf(chat)).loadMessages({ loadCount: PAGE })).map(lineOf)),
    send: async (chat, content) => {
      const message = EMMessage.createTxtSendMessage({ targetId: targetOf(chat), content });
      if (isGroup(chat)) {
        message.chatType = ChatType.GroupChat;
        message.needGroupAck = true;
      }
      note('sendMessage');
      await manager.sendMessage(message);
    },
    read: async (chat) => {
      const id = targetOf(chat);
      const conversation = await conversationOf(chat);
      if (!isGroup(chat)) {
        note(`sendConversationReadAck("${id}")`);
        await manager.sendConversationReadAck(id);
        return;
      }
      note('markAllMessagesAsRead');
      await conversation.markAllMessagesAsRead();
      for (const { msgId, from, needGroupAck, hasReadAck } of await conversation.loadMessages({ loadCount: PAGE })) {
        if (from === user || !needGroupAck || hasReadAck) continue;
        note('sendGroupMessageReadAck');
        await manager.sendGroupMessageReadAck(msgId, id);
      }
    },
  };
};
