/** The entry point of the page: the public names of the package. */
export { createReceiptClient } from './client/client.ts';
export type { ConversationViewing, ReceiptClient } from './client/receipt-client.ts';
export type { LogOutOptions, ReceiptClientOptions, SendMessageOptions } from './client/receipt-client-options.ts';
export {
  AuthError,
  type ErrorCode,
  ProtocolError,
  ReceiptsError,
  RejectedError,
  StoreError,
  TransportError,
  UsageError,
  WorkerError,
} from './errors.ts';
export type { Log, LogLevel } from './logging.ts';
export type { Conversation } from './model/conversation/conversation.ts';
export type { GroupReader, ReadHow, ReceiptEvent } from './model/api/event.ts';
export type { ConversationId, MessageId, Seq, UserId } from './model/ids.ts';
export type { LoadedMessages, MessagePoint, MessagesWanted, ReadMembersPage, SentReadReceipts, SkipReason } from './model/api/intents.ts';
export type { InspectedAccount, InspectedEntry, Inspection, LogLine } from './model/api/inspection.ts';
export type { ListOptions } from './model/conversation/list.ts';
export type { Mentions } from './model/message/mentions.ts';
export type { StandardIssue, StandardResult, StandardSchemaV1 } from './model/message/standard-schema.ts';
export type { BodyToSend, Json, Message, MessageStatus } from './model/message/message.ts';
export type { DeadLetter } from './model/outbox-entry.ts';
export type { Range, Ranges } from './model/registers/ranges.ts';
export type { MessageReceipts, ReadMember, ReceiptState } from './model/message/receipt.ts';
export type { ReceiptSettings, SettingsScope, ShownReceiptSettings } from './model/message/receipt-settings.ts';
export type { Retention } from './model/api/retention.ts';
export type { TotalOf, TotalOptions } from './model/conversation/total.ts';
export type { StorageReport } from './model/api/storage.ts';
export type { FirstUnread, UnreadExplanation } from './model/conversation/unread.ts';
export type { ConnectionStatus, FlushResult, OutboxStatus } from './model/api/status.ts';
