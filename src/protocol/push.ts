/**
 * The frame of a Web Push from the host: a new message exists. The frame never contains the body. No
 * connection carries this frame.
 */
import * as v from 'valibot';
import { ConversationIdShape, Id, MessageShape } from './shapes.ts';

const { id, seq, senderId, sentAt, receiptRequested, countable, mentionsMe } = MessageShape.entries;

export const PushShape = v.strictObject({
  type: v.literal('push'),
  /** The receiving user. A device may have several accounts. */
  userId: Id,
  /** The id that the receiving user calls the conversation by. */
  conversationId: ConversationIdShape,
  /** The message without its body. */
  message: v.strictObject({ id, seq, senderId, sentAt, receiptRequested, countable, mentionsMe }),
});

export type PushFrame = v.InferOutput<typeof PushShape>;
