/** The app's messages: an object for each id, which changes when the message or its receipts change. */
import type { Conversation as CoreConversation, Json, Message as CoreMessage, MessageReceipts, ReceiptClient } from '../../index.ts';
import { TYPES } from './constants.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { now } from '../now.ts';
import { textOfBody } from '../text-of-body.ts';
import { conversationIDOf, typeOf } from './names.ts';
import type { Conversation, Message, MessageOptions, ReadReceiptInfo } from './types.ts';

const seconds = (ms: number): number => Math.floor(ms / 1000);

interface Content {
  readonly type: string;
  readonly payload: unknown;
  readonly cloudCustomData: string;
}

const contentOf = (body: Json): Content => {
  if (typeof body === 'object' && body !== null && 'type' in body && 'payload' in body && typeof body['type'] === 'string')
    return { cloudCustomData: '', ...(body as unknown as Pick<Content, 'type' | 'payload'>) };
  return { type: TYPES.MSG_TEXT, payload: { text: textOfBody(body) }, cloudCustomData: '' };
};

const NO_INFO: ReadReceiptInfo = { readCount: undefined, unreadCount: undefined, isPeerRead: undefined, timestamp: 0 };

const infoOf = (receipts: MessageReceipts | null, isOwn: boolean): ReadReceiptInfo => {
  if (!receipts || receipts.state === 'none') return { ...NO_INFO };
  const { conversationId, readCount, unreadCount, ackedAt } = receipts;
  if (isGroup(conversationId)) return { ...NO_INFO, readCount, unreadCount };
  return { ...NO_INFO, isPeerRead: isOwn && ackedAt !== null, timestamp: seconds(ackedAt ?? 0) };
};

type Shown = Pick<
  CoreMessage,
  'id' | 'conversationId' | 'senderId' | 'body' | 'receiptRequested' | 'seq' | 'sentAt' | 'status' | 'recalled'
>;

export interface LiveMessages {
  readonly find: (id: string) => Message | null;
  /** A new, unsent message. */
  readonly create: (options: MessageOptions) => Message;
  /** Brings the objects of these messages up to date. Unknown messages are left out. */
  readonly refresh: (ids: readonly string[]) => Promise<Message[]>;
  readonly show: (messages: readonly CoreMessage[]) => Promise<Message[]>;
}

export const createLiveMessages = (client: Pick<ReceiptClient, 'userId' | 'findMessage' | 'watchReceipts'>): LiveMessages => {
  const byId = new Map<string, Message>();

  const update = (message: Shown, receipts: MessageReceipts | null): Message => {
    const { id, conversationId, senderId, seq, sentAt, status } = message;
    const isOwn = senderId === client.userId;
    const shown: Message = {
      ...contentOf(message.body),
      ID: id,
      conversationID: conversationIDOf(conversationId),
      conversationType: typeOf(conversationId),
      from: senderId,
      to: isOwn || isGroup(conversationId) ? targetOf(conversationId) : client.userId,
      flow: isOwn ? 'out' : 'in',
      time: seconds(sentAt),
      sequence: seq ?? 0,
      random: 0,
      status: status === 'pending' ? 'unSend' : status === 'failed' ? 'fail' : 'success',
      isRevoked: message.recalled,
      isPeerRead: isOwn && receipts !== null && receipts.conversationReadAt !== null,
      needReadReceipt: message.receiptRequested,
      readReceiptInfo: infoOf(receipts, isOwn),
    };
    const held = byId.get(id);
    if (held) return Object.assign(held, { ...shown, readReceiptInfo: Object.assign(held.readReceiptInfo, shown.readReceiptInfo) });
    byId.set(id, shown);
    return shown;
  };

  const show = (messages: readonly CoreMessage[]): Promise<Message[]> =>
    Promise.all(messages.map(async (message) => update(message, await now(client.watchReceipts(message.id)))));

  return {
    find: (id) => byId.get(id) ?? null,
    create: ({ to, conversationType, payload, needReadReceipt = false, cloudCustomData = '' }) => {
      const message = update(
        {
          id: crypto.randomUUID(),
          conversationId: `direct:${to}`,
          senderId: client.userId,
          body: { type: TYPES.MSG_TEXT, payload: { text: payload.text }, cloudCustomData },
          receiptRequested: needReadReceipt,
          seq: null,
          sentAt: Date.now(),
          status: 'pending',
          recalled: false,
        },
        null,
      );
      // `sendMessage` refuses other types of conversations.
      return Object.assign(message, { conversationID: `${conversationType}${to}`, conversationType: String(conversationType) });
    },
    refresh: async (ids) => {
      const found = await Promise.all(ids.map((id) => client.findMessage(id)));
      return show(found.filter((message) => message !== null));
    },
    show,
  };
};

export const bodyOf = ({ type, payload, cloudCustomData }: Message): Json => ({
  type,
  payload: payload as Json,
  ...(cloudCustomData === '' ? {} : { cloudCustomData }),
});

export const conversationOf = (userId: string, conversation: CoreConversation): Conversation => {
  const { id, lastMessage, peerReadUpTo = 0, mentionCount, muted, markedUnread, unreadCount } = conversation;
  const content = contentOf(lastMessage?.body ?? null);
  const { text = '' } = (content.payload ?? {}) as { readonly text?: string };
  const isOwn = lastMessage?.senderId === userId;
  return {
    conversationID: conversationIDOf(id),
    type: typeOf(id),
    unreadCount,
    lastMessage: {
      lastTime: seconds(lastMessage?.sentAt ?? 0),
      lastSequence: lastMessage?.seq ?? 0,
      fromAccount: lastMessage?.senderId ?? '',
      messageForShow: text,
      type: content.type,
      payload: content.payload,
      isRevoked: lastMessage?.recalled ?? false,
      isPeerRead: isOwn && lastMessage.seq !== null && lastMessage.seq <= peerReadUpTo,
    },
    groupAtInfoList: mentionCount > 0 ? [{ groupID: targetOf(id), atTypeArray: [TYPES.CONV_AT_ME] }] : [],
    messageRemindType: muted ? TYPES.MSG_REMIND_ACPT_NOT_NOTE : TYPES.MSG_REMIND_ACPT_AND_NOTE,
    markList: markedUnread ? [TYPES.CONV_MARK_TYPE_UNREAD] : [],
  };
};
