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
  const content = body as Partial<Content> | null;
  if (typeof content?.type === 'string' && 'payload' in content)
    return { cloudCustomData: '', ...(content as Pick<Content, 'type' | 'payload'>) };
  return { type: TYPES.MSG_TEXT, payload: { text: textOfBody(body) }, cloudCustomData: '' };
};

const infoOf = (receipts: MessageReceipts | null, isOwn: boolean): ReadReceiptInfo => {
  const info = { readCount: undefined, unreadCount: undefined, isPeerRead: undefined, timestamp: 0 };
  if (!receipts || receipts.state === 'none') return info;
  const { conversationId, readCount, unreadCount, ackedAt } = receipts;
  if (isGroup(conversationId)) return { ...info, readCount, unreadCount };
  return { ...info, isPeerRead: isOwn && ackedAt !== null, timestamp: seconds(ackedAt ?? 0) };
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
    const held = byId.get(id);
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
      isPeerRead: isOwn && typeof receipts?.conversationReadAt === 'number',
      needReadReceipt: message.receiptRequested,
      readReceiptInfo: Object.assign(held?.readReceiptInfo ?? {}, infoOf(receipts, isOwn)),
    };
    const live = Object.assign(held ?? {}, shown);
    byId.set(id, live);
    return live;
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

export const bodyOf = ({ type, payload, cloudCustomData }: Message): unknown => ({
  type,
  payload,
  cloudCustomData: cloudCustomData || undefined,
});

/** What a conversation without messages shows. */
const NO_MESSAGE = { body: null, sentAt: 0, seq: 0, senderId: '', recalled: false };

export const conversationOf = (userId: string, conversation: CoreConversation): Conversation => {
  const { id, lastMessage, peerReadUpTo = 0, mentionCount, muted, markedUnread, unreadCount } = conversation;
  const { body, sentAt, seq, senderId, recalled } = lastMessage ?? NO_MESSAGE;
  const { type, payload } = contentOf(body);
  const { text = '' } = (payload ?? {}) as { readonly text?: string };
  return {
    conversationID: conversationIDOf(id),
    type: typeOf(id),
    unreadCount,
    lastMessage: {
      lastTime: seconds(sentAt),
      lastSequence: seq ?? 0,
      fromAccount: senderId,
      messageForShow: text,
      type,
      payload,
      isRevoked: recalled,
      isPeerRead: senderId === userId && seq !== null && seq <= peerReadUpTo,
    },
    groupAtInfoList: mentionCount > 0 ? [{ groupID: targetOf(id), atTypeArray: [TYPES.CONV_AT_ME] }] : [],
    messageRemindType: muted ? TYPES.MSG_REMIND_ACPT_NOT_NOTE : TYPES.MSG_REMIND_ACPT_AND_NOTE,
    markList: markedUnread ? [TYPES.CONV_MARK_TYPE_UNREAD] : [],
  };
};
