/**
 * `tidemark/compat/easemob`: the receipt and unread calls of `easemob-websdk` 4.x over Tidemark. EASEMOB.md says call by call what is the
 * same, what is better, and what is not covered. Use the default export as `ChatSDK`, `WebIM` or `websdk`.
 */
import { Connection } from './connection.ts';
import { createMessage } from './create-message.ts';
import { STATUS_CODE } from './errors.ts';

/** The vendor's default export, with `connection`, `message` and `statusCode`. */
const easemob = { connection: Connection, message: { create: createMessage }, statusCode: STATUS_CODE };

// eslint-disable-next-line no-restricted-syntax -- the vendor's package has a default export.
export default easemob;
export { Connection };
export type { ServerAccess } from '../server-access.ts';
export type { EasemobError } from './errors.ts';
export type {
  AsyncResult,
  ChannelMessage,
  ConnectionParameters,
  ConversationItem,
  DeliveryMessage,
  EventHandlers,
  EasemobMessage,
  ReadMessage,
  SendResult,
  TextMessage,
} from './types.ts';
