/**
 * The vendor publishes no package for the web. These are the declarations of its source (`im_flutter_sdk` 4.2.1) for receipts and unread
 * counts, written in TypeScript, and code in these types compiles against the facade. The compiler is the test: `npm run types` reads this
 * file, and nothing runs it.
 */
import {
  EMChatEventHandler,
  EMClient,
  type EMChatManager,
  type EMConversation,
  type EMError,
  type EMGroupMessageAck,
  type EMMessage,
  EMOptions,
} from '../../../src/compat/easemob-flutter/easemob-flutter.ts';

interface VendorMessage {
  msgId: string;
  conversationId: string;
  from: string;
  to: string;
  chatType: 'Chat' | 'GroupChat' | 'ChatRoom';
  hasDeliverAck: boolean;
  hasReadAck: boolean;
  hasRead: boolean;
  needGroupAck: boolean;
  deliverOnlineOnly: boolean;
  status: 'CREATE' | 'PROGRESS' | 'SUCCESS' | 'FAIL';
  groupAckCount(): Promise<number>;
}
interface VendorAck {
  messageId: string;
  ackId?: string;
  from: string;
  content?: string;
  readCount: number;
  timestamp: number;
}
interface VendorHandlers {
  onMessagesRead?(messages: VendorMessage[]): void;
  onMessagesDelivered?(messages: VendorMessage[]): void;
  onGroupMessageRead?(acks: VendorAck[]): void;
  onReadAckForGroupMessageUpdated?(): void;
  onConversationRead?(from: string, to: string): void;
  onConversationsUpdate?(): void;
}
interface VendorManager {
  addEventHandler(id: string, handler: VendorHandlers): void;
  removeEventHandler(id: string): void;
  /** The message is made by `EMMessage.createTxtSendMessage`, here and there. */
  sendMessage(message: EMMessage): Promise<VendorMessage>;
  sendMessageReadAck(message: EMMessage): Promise<boolean>;
  sendGroupMessageReadAck(msgId: string, groupId: string, options?: { content?: string }): Promise<void>;
  sendConversationReadAck(convId: string): Promise<void>;
  markAllConversationsAsRead(): Promise<void>;
  getUnreadMessageCount(): Promise<number>;
  fetchGroupAcks(
    msgId: string,
    groupId: string,
    options?: { startAckId?: string; pageSize?: number },
  ): Promise<{ data: VendorAck[]; cursor?: string }>;
}
interface VendorConversation {
  unreadCount(): Promise<number>;
  markMessageAsRead(id: string): Promise<void>;
  markAllMessagesAsRead(): Promise<void>;
}

export const managerOf = (manager: EMChatManager): VendorManager => manager;
export const messageOf = (message: EMMessage): VendorMessage => message;
export const ackOf = (ack: EMGroupMessageAck): VendorAck => ack;
export const conversationOf = (conversation: EMConversation): VendorConversation => conversation;
export const errorOf = (error: EMError): { code: number; description: string } => error;

/** The start of the vendor's guide, with an option that means nothing here. */
export const start = async (handlers: VendorHandlers): Promise<void> => {
  const options = { appKey: 'org#app', autoLogin: false, requireAck: true, requireDeliveryAck: true };
  await EMClient.getInstance.init(new EMOptions(options, { url: 'wss://chat.example/receipts' }));
  EMClient.getInstance.chatManager.addEventHandler('UNIQUE_HANDLER_ID', new EMChatEventHandler(handlers));
};
