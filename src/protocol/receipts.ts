/**
 * Receipts on request: the receipts of messages by id, and the readers and non-readers of one group message.
 */
import * as v from 'valibot';
import { ConversationIdShape, FromOne, GroupReceiptShape, Id, ReceiptTimesShape, RequestId, Time } from './shapes.ts';
import { MAX_CURSOR_CHARS } from '../model/message/receipt.ts';

/** Client → server: asks for the receipts of these messages, at most `limits.receiptIds`. */
export const FetchReceipts = v.strictObject({
  type: v.literal('fetch-receipts'),
  id: RequestId,
  messageIds: v.pipe(v.array(Id), v.minLength(1), v.maxLength(500)),
});

/**
 * The receipts of one message. The entry has only the id and zeros in three cases: the asking user may not
 * see the receipts, the message has none, or no such message exists.
 */
export const FoundReceipt = v.strictObject({
  messageId: Id,
  ...GroupReceiptShape.entries,
  /** The message's conversation and seq. */
  location: v.optional(v.strictObject({ conversationId: ConversationIdShape, seq: FromOne })),
  /** Direct chats: when the peer first covered the message. Only the sender gets the times. */
  times: v.optional(ReceiptTimesShape),
});
export type WireFoundReceipt = v.InferOutput<typeof FoundReceipt>;

/** Server → client: answers `fetch-receipts`, in the order of the ids. */
export const Receipts = v.strictObject({ type: v.literal('receipts'), id: RequestId, receipts: v.array(FoundReceipt) });

/**
 * Client → server: asks for a page of the readers or non-readers of a group message, at most
 * `limits.members`.
 */
export const FetchMembers = v.strictObject({
  type: v.literal('fetch-members'),
  id: RequestId,
  messageId: Id,
  filter: v.picklist(['read', 'unread']),
  /** The `cursor` of the previous page; `null` for the first page. */
  cursor: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_CURSOR_CHARS))),
  limit: FromOne,
});

export const ReadMemberShape = v.strictObject({ userId: Id, readAt: v.nullable(Time), content: v.optional(v.string()) });

/**
 * Server → client: the readers in the order of their receipts, or the non-readers by user id. A user
 * without the right to see the list gets an empty list.
 */
export const Members = v.strictObject({
  type: v.literal('members'),
  id: RequestId,
  members: v.array(ReadMemberShape),
  cursor: v.nullable(v.string()),
  complete: v.boolean(),
});
