/** `EMMessage`: a message with its receipt flags at the moment of its making. */
import { isGroup, targetOf } from '../conversation-ids.ts';
import { knownNow, now } from '../now.ts';
import { textOfBody } from '../text-of-body.ts';
import type { Message, ReceiptClient } from '../../index.ts';

/** The vendor's constants for kinds of conversations. */
export const ChatType = { Chat: 'Chat', GroupChat: 'GroupChat', ChatRoom: 'ChatRoom' } as const;
export type ChatType = (typeof ChatType)[keyof typeof ChatType];

/** The vendor's constants for states of sending. */
export const MessageStatus = { CREATE: 'CREATE', PROGRESS: 'PROGRESS', SUCCESS: 'SUCCESS', FAIL: 'FAIL' } as const;
export type MessageStatus = (typeof MessageStatus)[keyof typeof MessageStatus];

/** The body of a text message; the vendor documents the fields. */
export interface TextBody {
  readonly type: 'txt';
  readonly content: string;
}

/** A message in the vendor's form. */
export class EMMessage {
  /** The id, made on the sending device. */
  msgId: string = crypto.randomUUID();
  /** The other user's id, or the group's id. */
  conversationId = '';
  /** The sender. */
  from = '';
  /** The receiver: a user or a group. */
  to = '';
  /** The kind of the conversation. */
  chatType: ChatType = ChatType.Chat;
  /** The body. */
  body: TextBody = { type: 'txt', content: '' };
  /** Epoch ms. */
  serverTime = 0;
  /** The peer's device has the message. */
  hasDeliverAck = false;
  /** Of own messages: the peer has read the message. Of other messages: this user has sent a read receipt. */
  hasReadAck = false;
  /** The message does not count as unread. */
  hasRead = false;
  /** Groups: the sender asks for read receipts. */
  needGroupAck = false;
  /** The message does not count as unread, for anyone. */
  deliverOnlineOnly = false;
  /** How far the message has come. */
  status: MessageStatus = MessageStatus.CREATE;
  private readCount = 0;

  /**
   * A new text message. Set `chatType` and `needGroupAck` before `sendMessage`. `targetId` is the receiver, `content`
   * the text.
   */
  static createTxtSendMessage({ targetId, content }: { readonly targetId: string; readonly content: string }): EMMessage {
    return Object.assign(new EMMessage(), { to: targetId, conversationId: targetId, body: { type: 'txt', content }, hasRead: true });
  }

  /** Groups: the number of readers of this own message, as far as this device knows. */
  async groupAckCount(): Promise<number> {
    return this.readCount;
  }

  /** A message, with everything this device knows now. */
  static async of(client: ReceiptClient, message: Message): Promise<EMMessage> {
    const { id, conversationId, senderId, sentAt, body, receiptRequested, countable, status, seq } = message;
    const isOwn = senderId === client.userId;
    const receipts = await now(client.watchReceipts(id));
    // An own message is read, also in a conversation that this device does not know yet.
    const readUpTo = isOwn ? Infinity : ((await knownNow(client, client.watchConversation(conversationId)))?.readUpTo ?? 0);
    const target = targetOf(conversationId);
    const inGroup = isGroup(conversationId);
    const made = new EMMessage();
    made.readCount = receipts?.readCount ?? 0;
    return Object.assign(made, {
      msgId: id,
      conversationId: target,
      from: senderId,
      to: isOwn || inGroup ? target : client.userId,
      chatType: inGroup ? ChatType.GroupChat : ChatType.Chat,
      body: { type: 'txt', content: textOfBody(body) },
      serverTime: sentAt,
      hasDeliverAck: status === 'delivered' || status === 'read',
      hasReadAck: isOwn ? status === 'read' : receipts?.state === 'pending' || receipts?.state === 'done',
      hasRead: (seq ?? 0) <= readUpTo,
      needGroupAck: inGroup && receiptRequested,
      deliverOnlineOnly: !countable,
      status: status === 'pending' ? MessageStatus.PROGRESS : status === 'failed' ? MessageStatus.FAIL : MessageStatus.SUCCESS,
    } satisfies Partial<EMMessage>);
  }
}
