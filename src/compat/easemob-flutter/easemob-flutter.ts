/**
 * `tidemark/compat/easemob-flutter`: the receipt and unread calls of `im_flutter_sdk` 4.x in TypeScript, over Tidemark. EASEMOB-FLUTTER.md says
 * call by call what is the same, what is better, and what is not covered.
 */
export { EMClient, EMOptions } from './client.ts';
export { EMConversation, EMConversationType, type EMChatManager } from './chat-manager.ts';
export { EMError } from './errors.ts';
export {
  EMChatEventHandler,
  type EMChatEvents,
  EMConnectionEventHandler,
  type EMConnectionEvents,
  type EMGroupMessageAck,
} from './event-handler.ts';
export { ChatType, EMMessage, MessageStatus } from './message.ts';
export type { ServerAccess } from '../server-access.ts';
