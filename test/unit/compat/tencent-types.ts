/**
 * Code that was written against the vendor's declarations compiles against the facade. The compiler is the test: `npm run types` reads
 * this file, and nothing runs it.
 */
import type Vendor from '@tencentcloud/chat';
import type { ChatSDK as VendorChat, Message as VendorMessage } from '@tencentcloud/chat';
import TencentCloudChat, { type ChatSDK, type Message } from '../../../src/compat/tencent/tencent.ts';

/** The vendor's promises are `Promise<any>`, so only the arguments can be compared. */
type Call =
  | 'login'
  | 'logout'
  | 'destroy'
  | 'sendMessage'
  | 'getMessageList'
  | 'sendMessageReadReceipt'
  | 'getMessageReadReceiptList'
  | 'getGroupMessageReadMemberList'
  | 'setMessageRead'
  | 'setAllMessageRead'
  | 'getConversationList'
  | 'createTextMessage'
  | 'findMessage'
  | 'getTotalUnreadMessageCount';
type Accepts = { readonly [K in Call]: (...args: Parameters<VendorChat[K]>) => unknown };

/** Every argument that the vendor takes, the facade takes. */
export const accepts = (chat: ChatSDK): Accepts => chat;

/** An app reads the facade's messages as the vendor's. The vendor's enumerations are texts here. */
type Read = 'ID' | 'from' | 'to' | 'flow' | 'time' | 'status' | 'isRevoked' | 'isPeerRead' | 'needReadReceipt' | 'readReceiptInfo';
export const asVendor = (message: Message): Pick<VendorMessage, Read | 'conversationID' | 'payload' | 'cloudCustomData'> => message;

export const counts = (chat: ChatSDK): ReturnType<VendorChat['getTotalUnreadMessageCount']> => chat.getTotalUnreadMessageCount();

/** The receipt guide's code. */
export const sample = async (chat: ChatSDK, name: keyof typeof Vendor.EVENT & keyof typeof TencentCloudChat.EVENT): Promise<void> => {
  const message = chat.createTextMessage({
    to: 'user1',
    conversationType: TencentCloudChat.TYPES.CONV_C2C,
    payload: { text: 'Hello' },
    needReadReceipt: true,
  });
  await chat.sendMessage(message);
  const { messageList } = (await chat.getMessageList({ conversationID: 'C2Cuser1' })).data;
  await chat.sendMessageReadReceipt(messageList);
  chat.on(TencentCloudChat.EVENT.MESSAGE_READ_RECEIPT_RECEIVED, ({ data }) => {
    for (const { messageID } of data) void chat.findMessage(messageID)?.readReceiptInfo.unreadCount;
  });
  // A handler that is typed for any event, as apps have it.
  chat.on(TencentCloudChat.EVENT[name], (event: { readonly name: string; readonly data: unknown }) => void event.data);
};
