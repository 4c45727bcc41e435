/** What a host sends by Web Push: that there is a message, never what it says. No frame of a connection. */
import * as v from 'valibot';
import { ConversationIdShape, Id, MessageShape } from './shapes.ts';

const { id, seq, senderId, sentAt, receiptRequested, countable } = MessageShape.entries;

export const PushShape = v.strictObject({
  type: v.literal('push'),
  /** For whom: a device may hold several accounts. */
  userId: Id,
  /** Named from their side. */
  conversationId: ConversationIdShape,
  /** The message without its body. */
  message: v.strictObject({ id, seq, senderId, sentAt, receiptRequested, countable }),
});

export type PushFrame = v.InferOutput<typeof PushShape>;
