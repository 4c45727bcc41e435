/** The phone's app in the names of ZEGO ZIM. */
import type { ConversationId, MessageStatus } from 'tidemark';
import {
  ZIM,
  ZIMConnectionState,
  ZIMConversationType,
  type ZIMMessage,
  ZIMMessageDirection,
  ZIMMessageReceiptStatus,
  ZIMMessageSentStatus,
  ZIMMessageType,
} from 'tidemark/compat/zim';
import { isGroup } from '../people.ts';
import { type Line, type StartApp, targetOf } from './vendor-app.ts';

const PAGE = 30;
const { Done, Processing } = ZIMMessageReceiptStatus;

const typeOf = (chat: ConversationId): number => (isGroup(chat) ? ZIMConversationType.Group : ZIMConversationType.Peer);

const statusOf = ({ direction, sentStatus, receiptStatus }: ZIMMessage): MessageStatus => {
  if (direction === ZIMMessageDirection.Receive) return 'received';
  if (sentStatus === ZIMMessageSentStatus.Sending) return 'pending';
  if (sentStatus === ZIMMessageSentStatus.Failed) return 'failed';
  return receiptStatus === Done ? 'read' : 'sent';
};

export const startZim: StartApp = async (user, access, { changed, connected, note }) => {
  const zim = ZIM.create({ appID: 1 }, access) ?? ZIM.getInstance();
  if (!zim) throw new Error('ZIM has no instance');
  const heard = (text: string): void => {
    note(text);
    changed();
  };
  const texts = (list: readonly ZIMMessage[]): string => list.map(({ message = '' }) => `"${message}"`).join(', ');
  zim.on('connectionStateChanged', (_zim, { state }) => connected(state === ZIMConnectionState.Connected));
  zim.on('peerMessageReceived', (_zim, { messageList }) => heard(`peerMessageReceived ${texts(messageList)}`));
  zim.on('groupMessageReceived', (_zim, { messageList }) => heard(`groupMessageReceived ${texts(messageList)}`));
  zim.on('messageReceiptChanged', (_zim, { infos }) =>
    heard(
      `messageReceiptChanged ${infos.map(({ readMemberCount, unreadMemberCount }) => `${readMemberCount}/${unreadMemberCount}`).join(', ')}`,
    ),
  );
  zim.on('conversationMessageReceiptChanged', (_zim, { infos }) =>
    heard(`conversationMessageReceiptChanged ${infos.map(({ conversationID }) => conversationID).join(', ')}`),
  );
  zim.on('messageSentStatusChanged', changed);
  zim.on('conversationChanged', changed);
  zim.on('error', (_zim, { code, message }) => note(`error ${code}: ${message}`));
  await zim.login(user, { userName: '', token: '' });

  const messagesOf = async (chat: ConversationId): Promise<ZIMMessage[]> =>
    (await zim.queryHistoryMessage(targetOf(chat), typeOf(chat), { count: PAGE, reverse: true })).messageList;

  return {
    rows: async () =>
      (await zim.queryConversationList({ count: 50 })).conversationList.map(
        ({ conversationID, type, unreadMessageCount, lastMessage }) => ({
          chat: type === ZIMConversationType.Group ? `group:${conversationID}` : `direct:${conversationID}`,
          unread: unreadMessageCount,
          preview: lastMessage?.message ?? '',
          at: lastMessage?.timestamp ?? null,
        }),
      ),
    total: async () => (await zim.queryConversationTotalUnreadMessageCount({ conversationTypes: [], marks: [] })).unreadMessageCount,
    lines: async (chat) => {
      const messages = await messagesOf(chat);
      // The vendor refuses a call with no message that wants receipts.
      const asking = messages.filter(({ receiptStatus }) => receiptStatus !== ZIMMessageReceiptStatus.None);
      const { infos } = asking.length === 0 ? { infos: [] } : await zim.queryMessageReceiptsInfo(asking, targetOf(chat), typeOf(chat));
      const readers = new Map(infos.map(({ messageID, readMemberCount }) => [messageID, readMemberCount]));
      return messages.map((message): Line => {
        const { messageID = '', senderUserID = '', timestamp = 0 } = message;
        const status = statusOf(message);
        const isCounted =
          isGroup(chat) && (status === 'sent' || status === 'read') && message.receiptStatus !== ZIMMessageReceiptStatus.None;
        return {
          id: messageID,
          from: senderUserID,
          text: message.message ?? '',
          at: timestamp,
          status,
          readers: isCounted ? (readers.get(messageID) ?? 0) : null,
        };
      });
    },
    send: async (chat, text) => {
      note('sendMessage');
      const message = { type: ZIMMessageType.Text, message: text };
      await zim.sendMessage(message, targetOf(chat), typeOf(chat), { priority: 1, hasReceipt: true });
    },
    read: async (chat) => {
      const id = targetOf(chat);
      note('clearConversationUnreadMessageCount');
      await zim.clearConversationUnreadMessageCount(id, typeOf(chat));
      if (isGroup(chat)) {
        const wanted = (await messagesOf(chat)).filter(
          (message) => statusOf(message) === 'received' && message.receiptStatus === Processing,
        );
        for (let start = 0; start < wanted.length; start += 10) {
          note('sendMessageReceiptsRead');
          await zim.sendMessageReceiptsRead(wanted.slice(start, start + 10), id, typeOf(chat));
        }
      } else {
        note(`sendConversationMessageReceiptRead("${id}")`);
        await zim.sendConversationMessageReceiptRead(id, typeOf(chat));
      }
    },
  };
};
