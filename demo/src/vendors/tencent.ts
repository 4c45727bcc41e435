/** The phone's app in the names of Tencent Chat. */
import type { ConversationId, MessageStatus } from 'tidemark';
import TencentCloudChat, { type Message } from 'tidemark/compat/tencent';
import { isGroup } from '../people.ts';
import { type Line, type StartApp, targetOf } from './vendor-app.ts';

const { EVENT, TYPES } = TencentCloudChat;
/** No message of the list wants a receipt. */
const NONE_ELIGIBLE = 2114;

const conversationIDOf = (chat: ConversationId): string => `${isGroup(chat) ? TYPES.CONV_GROUP : TYPES.CONV_C2C}${targetOf(chat)}`;

const statusOf = ({ flow, status, isPeerRead, readReceiptInfo }: Message): MessageStatus => {
  if (flow === 'in') return 'received';
  if (status === 'unSend') return 'pending';
  if (status === 'fail') return 'failed';
  return isPeerRead || readReceiptInfo.isPeerRead ? 'read' : 'sent';
};

const textOf = (payload: unknown): string => (payload as { readonly text?: string } | null)?.text ?? '';

const lineOf = (message: Message): Line => ({
  id: message.ID,
  from: message.from,
  text: textOf(message.payload),
  at: message.time * 1000,
  status: statusOf(message),
  readers: message.flow === 'out' && message.status === 'success' ? (message.readReceiptInfo.readCount ?? null) : null,
});

export const startTencent: StartApp = async (user, access, { changed, connected, note }) => {
  const chat = TencentCloudChat.create({ SDKAppID: 1 }, access);
  const heard = (text: string): void => {
    note(text);
    changed();
  };
  chat.on(EVENT.SDK_READY, changed);
  chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => connected(data.state === TYPES.NET_STATE_CONNECTED));
  chat.on(EVENT.MESSAGE_RECEIVED, ({ data }) => heard(`MESSAGE_RECEIVED ${data.map(({ payload }) => `"${textOf(payload)}"`).join(', ')}`));
  chat.on(EVENT.MESSAGE_READ_BY_PEER, ({ data }) => heard(`MESSAGE_READ_BY_PEER: ${data.length}`));
  chat.on(EVENT.MESSAGE_READ_RECEIPT_RECEIVED, ({ data }) =>
    heard(`MESSAGE_READ_RECEIPT_RECEIVED ${data.map(({ readCount, isPeerRead }) => readCount ?? isPeerRead).join(', ')}`),
  );
  chat.on(EVENT.CONVERSATION_LIST_UPDATED, changed);
  chat.on(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, changed);
  chat.on(EVENT.KICKED_OUT, ({ data }) => note(`KICKED_OUT { type: "${data.type}" }`));
  await chat.login({ userID: user, userSig: '' });

  const messagesOf = async (of: ConversationId): Promise<Message[]> =>
    (await chat.getMessageList({ conversationID: conversationIDOf(of) })).data.messageList;

  return {
    rows: async () =>
      (await chat.getConversationList()).data.conversationList.map(({ conversationID, type, unreadCount, lastMessage }) => ({
        chat: type === TYPES.CONV_GROUP ? `group:${conversationID.slice(5)}` : `direct:${conversationID.slice(3)}`,
        unread: unreadCount,
        preview: lastMessage.messageForShow,
        at: lastMessage.lastTime * 1000 || null,
      })),
    total: async () => chat.getTotalUnreadMessageCount(),
    lines: async (of) => (await messagesOf(of)).map(lineOf),
    send: async (to, text) => {
      const conversationType = isGroup(to) ? TYPES.CONV_GROUP : TYPES.CONV_C2C;
      const message = chat.createTextMessage({ to: targetOf(to), conversationType, payload: { text }, needReadReceipt: true });
      note('sendMessage');
      await chat.sendMessage(message);
    },
    read: async (of) => {
      note(`setMessageRead("${conversationIDOf(of)}")`);
      await chat.setMessageRead({ conversationID: conversationIDOf(of) });
      const messages = await messagesOf(of);
      note(`sendMessageReadReceipt(${messages.length} messages)`);
      await chat.sendMessageReadReceipt(messages).catch((error: unknown) => {
        if ((error as { readonly code?: number }).code !== NONE_ELIGIBLE) throw error;
      });
    },
  };
};
