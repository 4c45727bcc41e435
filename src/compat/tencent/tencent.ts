/**
 * `tidemark/compat/tencent`: the receipt and unread calls of `@tencentcloud/chat` 3.x over Tidemark. TENCENT.md says call by call what is
 * the same, what is better, and what is not covered.
 */
import { requireAccess, type ServerAccess } from '../server-access.ts';
import { Chat } from './chat.ts';
import { EVENT, TYPES } from './constants.ts';

const chats = new Map<number, Chat>();

/** The vendor's default export, with `create`, `EVENT` and `TYPES`. */
const TencentCloudChat = {
  EVENT,
  TYPES,
  /**
   * @param access where the receipt server is: the only argument beyond the vendor's.
   * @returns the same object for the same `SDKAppID` until it is destroyed, as with the vendor.
   */
  create({ SDKAppID }: { readonly SDKAppID: number }, access: ServerAccess): Chat {
    const chat = chats.get(SDKAppID) ?? new Chat(requireAccess(access), () => chats.delete(SDKAppID));
    chats.set(SDKAppID, chat);
    return chat;
  },
};

// eslint-disable-next-line no-restricted-syntax -- the vendor's package has a default export.
export default TencentCloudChat;
export { EVENT, TYPES };
export type { ServerAccess } from '../server-access.ts';
export type { Chat as ChatSDK } from './chat.ts';
export { ChatError } from './errors.ts';
export type { Conversation, EventData, Message, MessageRef, ReadReceipt, Response } from './types.ts';
