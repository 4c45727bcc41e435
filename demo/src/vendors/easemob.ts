/** The phone's app in the names of Easemob Web. The vendor stores no ticks, so the app keeps them from the events. */
import type { ConversationId } from 'tidemark';
import WebIM, { type ConversationItem, type TextMessage } from 'tidemark/compat/easemob';
import { isGroup } from '../people.ts';
import { type Line, type StartApp, targetOf } from './vendor-app.ts';

const PAGE = 30;

const chatOf = ({ conversationType, conversationId }: Pick<ConversationItem, 'conversationId' | 'conversationType'>): ConversationId =>
  `${conversationType === 'groupChat' ? 'group' : 'direct'}:${conversationId}`;

const textOf = (message: object | null): string => (message && 'msg' in message ? String(message.msg) : '');

export const startEasemob: StartApp = async (user, access, { changed, connected, note }) => {
  const conn = new WebIM.connection({ appKey: 'demo#tidemark', delivery: true }, access);
  const unsent = new Map<string, TextMessage>();
  const ticks = new Map<string, 'delivered' | 'read'>();
  /** When the peer read the whole chat, by peer. */
  const readAt = new Map<string, number>();
  const readers = new Map<string, number>();
  const acknowledged = new Set<string>();

  conn.addEventHandler('phone', {
    onConnected: () => connected(true),
    onDisconnected: () => connected(false),
    onTextMessage: ({ from, msg }) => {
      note(`onTextMessage { from: "${from}", msg: "${msg}" }`);
      changed();
    },
    onReceivedMessage: ({ mid }) => {
      if (unsent.delete(mid)) note('onReceivedMessage');
      changed();
    },
    onDeliveredMessage: ({ mid = '', from = '' }) => {
      note(`onDeliveredMessage { from: "${from}" }`);
      if (!ticks.has(mid)) ticks.set(mid, 'delivered');
      changed();
    },
    onReadMessage: ({ mid = '', from = '', groupReadCount }) => {
      note(`onReadMessage { from: "${from}"${groupReadCount ? `, groupReadCount: ${groupReadCount[mid]}` : ''} }`);
      if (groupReadCount) readers.set(mid, groupReadCount[mid] ?? 0);
      else ticks.set(mid, 'read');
      changed();
    },
    onChannelMessage: ({ from = '', time }) => {
      note(`onChannelMessage { from: "${from}" }`);
      readAt.set(from, time);
      changed();
    },
    onStatisticMessage: ({ location }) => {
      note('onStatisticMessage');
      const { group_ack } = JSON.parse(location) as { readonly group_ack: Record<string, number>[] };
      for (const counts of group_ack) for (const [id, count] of Object.entries(counts)) readers.set(id, count);
      changed();
    },
    onError: ({ type, message }) => note(`onError ${type}: ${message}`),
  });
  await conn.open({ user });

  const lineOf = (message: TextMessage): Line => {
    const { id, from = user, to, time } = message;
    const isOwn = from === user || from === '';
    const seen = time <= (readAt.get(to) ?? 0) ? 'read' : (ticks.get(id) ?? 'sent');
    return {
      id,
      from: isOwn ? user : from,
      text: textOf(message),
      at: time,
      status: isOwn ? (unsent.has(id) ? 'pending' : seen) : 'received',
      readers: isOwn && message.msgConfig?.allowGroupAck && !unsent.has(id) ? (readers.get(id) ?? 0) : null,
    };
  };
  const history = async (chat: ConversationId): Promise<TextMessage[]> => {
    const chatType = isGroup(chat) ? 'groupChat' : 'singleChat';
    const { messages } = await conn.getHistoryMessages({ targetId: targetOf(chat), chatType, pageSize: PAGE });
    return messages.filter((message) => message.type === 'txt').reverse();
  };

  return {
    rows: async () => {
      const { data } = await conn.getServerConversations({ pageSize: 50 });
      return data.conversations.map((conversation) => ({
        chat: chatOf(conversation),
        unread: conversation.unReadCount,
        preview: textOf(conversation.lastMessage),
        at: conversation.lastMessage?.time ?? null,
      }));
    },
    total: async () => {
      const { data } = await conn.localCache.getLocalConversations();
      return data.reduce((sum, { unReadCount }) => sum + unReadCount, 0);
    },
    lines: async (chat) => {
      const sent = await history(chat);
      for (const { id } of sent) unsent.delete(id);
      const waiting = [...unsent.values()].filter(({ to }) => to === targetOf(chat));
      return [...sent, ...waiting].map(lineOf);
    },
    send: async (chat, text) => {
      const group = { chatType: 'groupChat', msgConfig: { allowGroupAck: true } } as const;
      const message = WebIM.message.create({
        type: 'txt',
        to: targetOf(chat),
        msg: text,
        ...(isGroup(chat) ? group : { chatType: 'singleChat' as const }),
      });
      unsent.set(message.id, message);
      note(`conn.send({ type: "txt", to: "${message.to}" })`);
      changed();
      await conn.send(message);
    },
    read: async (chat) => {
      const to = targetOf(chat);
      if (!isGroup(chat)) {
        note(`conn.send({ type: "channel", to: "${to}" })`);
        await conn.send(WebIM.message.create({ type: 'channel', chatType: 'singleChat', to }));
        return;
      }
      note('localCache.clearConversationUnreadCount');
      await conn.localCache.clearConversationUnreadCount({ conversationId: to, conversationType: 'groupChat' });
      for (const { id, from, msgConfig } of await history(chat)) {
        if (from === user || !msgConfig?.allowGroupAck || acknowledged.has(id)) continue;
        acknowledged.add(id);
        note(`conn.send({ type: "read", to: "${to}" })`);
        await conn.send(WebIM.message.create({ type: 'read', chatType: 'groupChat', to, id }));
      }
    },
  };
};
