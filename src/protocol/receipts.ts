/** Receipts by request: counts of messages by id, and who has read one and who has not. */
import * as v from 'valibot';
import { ConversationIdShape, GroupReceiptShape, Id, RequestId, SeqShape, Time } from './shapes.ts';

/** Client → server: what became of these messages' receipts; at most `limits.receiptIds`. */
export const FetchReceipts = v.strictObject({
  type: v.literal('fetch-receipts'),
  id: RequestId,
  messageIds: v.pipe(v.array(Id), v.minLength(1), v.maxLength(500)),
});

/**
 * Of a message whose receipts one may not see, of one without receipts and of one that does not exist: the id and zeros, and nothing
 * else.
 */
export const FoundReceipt = v.strictObject({
  messageId: Id,
  ...GroupReceiptShape.entries,
  /** Where the message is. */
  place: v.optional(v.strictObject({ conversationId: ConversationIdShape, seq: v.pipe(SeqShape, v.minValue(1)) })),
  /** Direct chats, own messages. */
  times: v.optional(v.strictObject({ delivered: v.optional(Time), read: v.optional(Time), named: v.optional(Time) })),
});
export type WireFoundReceipt = v.InferOutput<typeof FoundReceipt>;

/** Server → client: in the order of the ids. */
export const Receipts = v.strictObject({ type: v.literal('receipts'), id: RequestId, receipts: v.array(FoundReceipt) });

/** Client → server: a page of those who have read a group message, or have not; at most `limits.members`. */
export const FetchMembers = v.strictObject({
  type: v.literal('fetch-members'),
  id: RequestId,
  messageId: Id,
  filter: v.picklist(['read', 'unread']),
  /** Where the page before ended; `null` for the first. */
  cursor: v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
  limit: v.pipe(SeqShape, v.minValue(1)),
});

export const ReadMemberShape = v.strictObject({ userId: Id, readAt: v.nullable(Time), content: v.optional(v.string()) });

/** Server → client: who has read, in the order in which they did, or who has not, by id; nobody where one may not see it. */
export const Members = v.strictObject({
  type: v.literal('members'),
  id: RequestId,
  members: v.array(ReadMemberShape),
  cursor: v.nullable(v.string()),
  complete: v.boolean(),
});
