/** Conversations, messages and receipts in the vendor's shapes. */
import { isGroup, targetOf } from '../conversation-ids.ts';
import { now } from '../now.ts';
import { textOfBody } from '../text-of-body.ts';
import type { Conversation, ConversationId, Message, MessageReceipts, ReceiptClient, ReceiptState } from '../../index.ts';
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

/** @throws {ZIMError} 6000001 for a bad id or type. */
export const conversationIdOf = (conversationID: string, type: number): ConversationId => {
  const kind = type === ZIMConversationType.Peer ? 'direct' : type === ZIMConversationType.Group ? 'group' : null;
  if (!kind || typeof conversationID !== 'string' || conversationID === '')
    throw new ZIMError(BAD_PARAMETER, `no peer and no group: ${conversationID} of type ${type}`);
  return `${kind}:${conversationID}`;
};

export const typeOf = (conversationId: ConversationId): number =>
  isGroup(conversationId) ? ZIMConversationType.Group : ZIMConversationType.Peer;

/** A conversation, in the fields of a message and of a receipt. */
const conversationFields = (id: ConversationId): { readonly conversationID: string; readonly conversationType: number } => ({
  conversationID: targetOf(id),
  conversationType: typeOf(id),
});

const RECEIPT_STATUS: Readonly<Record<ReceiptState, number>> = {
  none: ZIMMessageReceiptStatus.None,
  pending: ZIMMessageReceiptStatus.Processing,
  processing: ZIMMessageReceiptStatus.Processing,
  done: ZIMMessageReceiptStatus.Done,
  expired: ZIMMessageReceiptStatus.Expired,
};
/** @param isOwn a receipt of this user is done for this user before the server has the receipt. */
const statusOf = (state: ReceiptState, isOwn: boolean): number =>
  !isOwn && state === 'pending' ? ZIMMessageReceiptStatus.Done : RECEIPT_STATUS[state];

/**
 * The fields of a message for the body. Commands carry bytes, which are not covered.
 *
 * @throws {ZIMError} 6000001 for an empty text, 6000013 for other types.
 */
export const bodyOf = ({ type, message, extendedData, subType }: ZIMMessage): unknown => {
  if (type !== ZIMMessageType.Text && type !== ZIMMessageType.Custom)
    throw new ZIMError(UNSUPPORTED, `messages of type ${type} are not covered`);
  if (typeof message !== 'string' || message.trim() === '') throw new ZIMError(BAD_PARAMETER, 'the message is empty');
  return { type, message, extendedData, subType };
};

type Content = Pick<ZIMMessage, 'type' | 'message' | 'extendedData'>;

const contentOf = (body: Message['body']): Content => {
  const content = body as Content | null;
  return typeof content?.type === 'number' ? content : { type: ZIMMessageType.Text, message: textOfBody(body) };
};

/** A message, with everything this device knows now. */
export const zimMessageOf = async (client: ReceiptClient, message: Message): Promise<ZIMMessage> => {
  const { id, conversationId, senderId, seq, sentAt, status, receiptRequested } = message;
  const receipts = await now(client.watchReceipts(id));
  const isOwn = senderId === client.userId;
  const state = receipts?.state ?? (receiptRequested ? 'processing' : 'none');
  return {
    ...contentOf(message.body),
    messageID: id,
    localMessageID: id,
    messageSeq: seq ?? 0,
    senderUserID: senderId,
    ...conversationFields(conversationId),
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

/** A message on this device. */
export const findZimMessage = async (client: ReceiptClient, messageID: string): Promise<ZIMMessage | null> => {
  const message = await client.findMessage(messageID);
  return message && zimMessageOf(client, message);
};

interface HeldMessage {
  readonly message: Message;
  readonly receipts: MessageReceipts;
  /** One of {@link ZIMMessageReceiptStatus}. */
  readonly status: number;
}

/** A message on this device, with its receipts. */
export const heldMessage = async (client: ReceiptClient, messageID: string): Promise<HeldMessage | null> => {
  const message = await client.findMessage(messageID);
  const receipts = await now(client.watchReceipts(messageID));
  return message && receipts && { message, receipts, status: statusOf(receipts.state, message.senderId === client.userId) };
};

/**
 * Whether a receipt of this user is due for the message. A conversation receipt covers what was received before, so such a message has its
 * receipt already, as in the vendor's SDK. The server decides about messages that are not on this device.
 */
export const wantsReceipt = async (client: ReceiptClient, conversationId: ConversationId, { messageID }: ZIMMessage): Promise<boolean> => {
  if (!messageID) return false;
  const held = await heldMessage(client, messageID);
  if (!held) return true;
  const isTheirs = held.message.conversationId === conversationId && held.message.senderId !== client.userId;
  return isTheirs && held.status === ZIMMessageReceiptStatus.Processing;
};

/** The receipts of one message: as if a peer had read it now, and what is known beside that. */
export const receiptInfo = (
  conversationId: ConversationId,
  messageID: string,
  known: Partial<ZIMMessageReceiptInfo>,
): ZIMMessageReceiptInfo => ({
  status: ZIMMessageReceiptStatus.Done,
  messageID,
  ...conversationFields(conversationId),
  readMemberCount: 1,
  unreadMemberCount: 0,
  isSelfOperated: false,
  readTime: Date.now(),
  ...known,
});

/** Receipts of other users' messages have no counts. */
export const receiptInfoOf = (client: ReceiptClient, { message, receipts, status }: HeldMessage): ZIMMessageReceiptInfo => {
  const { conversationId, messageId, readAt, readCount, unreadCount } = receipts;
  const isOwn = message.senderId === client.userId;
  const inGroup = isGroup(conversationId);
  const hasRead = isOwn && readAt !== null;
  return receiptInfo(conversationId, messageId, {
    status,
    readMemberCount: inGroup ? readCount : Number(hasRead),
    unreadMemberCount: inGroup ? unreadCount : Number(isOwn && !hasRead),
    readTime: readAt ?? 0,
  });
};

export const zimConversationOf = async (client: ReceiptClient, conversation: Conversation): Promise<ZIMConversation> => {
  const { id, unreadCount, readUpTo, muted, lastMessage } = conversation;
  return {
    conversationID: targetOf(id),
    type: typeOf(id),
    conversationName: '',
    conversationAvatarUrl: '',
    conversationAlias: '',
    notificationStatus: muted ? ZIMConversationNotificationStatus.DoNotDisturb : ZIMConversationNotificationStatus.Notify,
    unreadMessageCount: unreadCount,
    readMessageSeq: readUpTo,
    ...(lastMessage ? { lastMessage: await zimMessageOf(client, lastMessage) } : {}),
    orderKey: lastMessage?.sentAt ?? 0,
    isPinned: false,
    pinnedTime: 0,
    mentionedInfoList: [],
    marks: [],
    draft: '',
  };
};
