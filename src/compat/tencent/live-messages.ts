/** The app's messages: an object for each id, which changes when the message or its receipts change. */
import { firstValueFrom } from 'rxjs';
import type { Conversation as CoreConversation, Json, Message as CoreMessage, MessageReceipts, ReceiptClient } from '../../index.ts';
import { TYPES } from './constants.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
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

export class LiveMessages {
  private readonly byId = new Map<string, Message>();

  constructor(private readonly client: ReceiptClient) {}

  find(id: string): Message | null {
    return this.byId.get(id) ?? null;
  }

  /** A new, unsent message. */
  create({ to, conversationType, payload, needReadReceipt = false, cloudCustomData = '' }: MessageOptions): Message {
    const message = this.update(
      {
        id: crypto.randomUUID(),
        conversationId: `direct:${to}`,
        senderId: this.client.userId,
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
  }

  /** Brings the objects of these messages up to date. Unknown messages are left out. */
  async refresh(ids: readonly string[]): Promise<Message[]> {
    const found = await Promise.all(ids.map((id) => this.client.findMessage(id)));
    return this.show(found.filter((message) => message !== null));
  }

  show(messages: readonly CoreMessage[]): Promise<Message[]> {
    return Promise.all(messages.map(async (message) => this.update(message, await firstValueFrom(this.client.watchReceipts(message.id)))));
  }

  private update(message: Shown, receipts: MessageReceipts | null): Message {
    const { id, conversationId, senderId, seq, sentAt, status } = message;
    const isOwn = senderId === this.client.userId;
    const now: Message = {
      ...contentOf(message.body),
      ID: id,
      conversationID: conversationIDOf(conversationId),
      conversationType: typeOf(conversationId),
      from: senderId,
      to: isOwn || isGroup(conversationId) ? targetOf(conversationId) : this.client.userId,
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
    const held = this.byId.get(id);
    if (held) return Object.assign(held, { ...now, readReceiptInfo: Object.assign(held.readReceiptInfo, now.readReceiptInfo) });
    this.byId.set(id, now);
    return now;
  }
}

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
    remark: '',
    isPinned: false,
  };
};
