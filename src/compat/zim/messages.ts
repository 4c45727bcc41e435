/** Conversations, messages and receipts in the vendor's shapes. */
import { firstValueFrom } from 'rxjs';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { textOfBody } from '../text-of-body.ts';
import type { Conversation, ConversationId, Message, MessageReceipts, ReceiptClient } from '../../index.ts';
import { BAD_PARAMETER, UNSUPPORTED, ZIMError } from './errors.ts';
import {
  type ZIMConversation,
  ZIMConversationNotificationStatus,
  ZIMConversationType,
  type ZIMMessage,
  ZIMMessageDirection,
  type ZIMMessageReceiptInfo,
  ZIMMessageReceiptStatus,
  ZIMMessageSentStatus,
  ZIMMessageType,
} from './types.ts';

/** @throws {ZIMError} 6000013 for rooms and channels, 6000001 for a bad id. */
export const conversationIdOf = (conversationID: string, type: number): ConversationId => {
  if (typeof conversationID !== 'string' || conversationID === '') throw new ZIMError(BAD_PARAMETER, 'conversationID is empty');
  if (type === ZIMConversationType.Peer) return `direct:${conversationID}`;
  if (type === ZIMConversationType.Group) return `group:${conversationID}`;
  throw new ZIMError(UNSUPPORTED, `conversations of type ${type} have no receipts and no unread counts`);
};

export const typeOf = (conversationId: ConversationId): number =>
  isGroup(conversationId) ? ZIMConversationType.Group : ZIMConversationType.Peer;

const STATUS: Readonly<Record<MessageReceipts['state'], number>> = {
  none: ZIMMessageReceiptStatus.None,
  pending: ZIMMessageReceiptStatus.Processing,
  processing: ZIMMessageReceiptStatus.Processing,
  done: ZIMMessageReceiptStatus.Done,
  expired: ZIMMessageReceiptStatus.Expired,
};

/** @param isOwn a receipt of this user is done for this user before the server has the receipt. */
export const statusOf = (state: MessageReceipts['state'], isOwn: boolean): number =>
  !isOwn && state === 'pending' ? ZIMMessageReceiptStatus.Done : STATUS[state];

const contentOf = (body: Message['body']): Pick<ZIMMessage, 'type' | 'message' | 'extendedData'> => {
  if (typeof body === 'object' && body !== null && 'type' in body && typeof body['type'] === 'number')
    return body as unknown as Pick<ZIMMessage, 'type' | 'message' | 'extendedData'>;
  return { type: ZIMMessageType.Text, message: textOfBody(body) };
};

/** A message, with everything this device knows now. */
export const zimMessageOf = async (client: ReceiptClient, message: Message): Promise<ZIMMessage> => {
  const { id, conversationId, senderId, seq, sentAt, status, receiptRequested } = message;
  const receipts = await firstValueFrom(client.watchReceipts(id));
  const isOwn = senderId === client.userId;
  const state = receipts?.state ?? (receiptRequested ? 'processing' : 'none');
  return {
    ...contentOf(message.body),
    messageID: id,
    localMessageID: id,
    messageSeq: seq ?? 0,
    senderUserID: senderId,
    conversationID: targetOf(conversationId),
    conversationType: typeOf(conversationId),
    direction: isOwn ? ZIMMessageDirection.Send : ZIMMessageDirection.Receive,
    sentStatus:
      status === 'pending'
        ? ZIMMessageSentStatus.Sending
        : status === 'failed'
          ? ZIMMessageSentStatus.Failed
          : ZIMMessageSentStatus.Success,
    timestamp: sentAt,
    orderKey: sentAt,
    receiptStatus: statusOf(state, isOwn),
  };
};

/**
 * Whether a receipt of this user is due for the message. A conversation receipt covers what was received before, so such a message has its
 * receipt already, as in the vendor's SDK. The server decides about messages that are not on this device.
 */
export const wantsReceipt = async (client: ReceiptClient, conversationId: ConversationId, { messageID }: ZIMMessage): Promise<boolean> => {
  if (!messageID) return false;
  const [message, receipts] = await Promise.all([client.findMessage(messageID), firstValueFrom(client.watchReceipts(messageID))]);
  if (!message || !receipts) return true;
  const isTheirs = message.conversationId === conversationId && message.senderId !== client.userId;
  return isTheirs && statusOf(receipts.state, false) === ZIMMessageReceiptStatus.Processing;
};

/** The receipts of one message. Receipts of other users' messages have no counts. */
export const receiptInfoOf = (receipts: MessageReceipts, isOwn: boolean): ZIMMessageReceiptInfo => {
  const inGroup = isGroup(receipts.conversationId);
  const hasRead = isOwn && receipts.readAt !== null;
  return {
    status: statusOf(receipts.state, isOwn),
    messageID: receipts.messageId,
    conversationID: targetOf(receipts.conversationId),
    conversationType: typeOf(receipts.conversationId),
    readMemberCount: inGroup ? receipts.readCount : Number(hasRead),
    unreadMemberCount: inGroup ? receipts.unreadCount : Number(isOwn && !hasRead && receipts.state !== 'none'),
    isSelfOperated: false,
    readTime: receipts.readAt ?? 0,
  };
};

export const zimConversationOf = async (client: ReceiptClient, conversation: Conversation): Promise<ZIMConversation> => {
  const { id, unreadCount, readUpTo, muted, lastMessage } = conversation;
  return {
    conversationID: targetOf(id),
    type: typeOf(id),
    conversationName: '',
    notificationStatus: muted ? ZIMConversationNotificationStatus.DoNotDisturb : ZIMConversationNotificationStatus.Notify,
    unreadMessageCount: unreadCount,
    readMessageSeq: readUpTo,
    ...(lastMessage ? { lastMessage: await zimMessageOf(client, lastMessage) } : {}),
    orderKey: lastMessage?.sentAt ?? 0,
    isPinned: false,
    marks: [],
    draft: '',
  };
};
