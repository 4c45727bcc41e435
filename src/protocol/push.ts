/**
 * The payload of a Web Push from the host: a new message exists. The payload never contains the body. No connection
 * carries a push.
 *
 * An old service worker may receive the push of a newer server, and the browser ends a subscription after pushes that
 * show nothing. So these shapes, unlike the frames of a connection, ignore unknown keys.
 */
import * as v from 'valibot';
import { ConversationIdShape, Id, MessageShape, SeqShape } from './shapes.ts';

const { id, seq, senderId, sentAt, receiptRequested, countable, mentionsMe } = MessageShape.entries;

/** The schema of a push: ids and counts, no text. */
export const PushShape = v.object({
  type: v.literal('push'),
  /** The receiving user. A device may have several accounts. */
  userId: Id,
  /** The id that the receiving user calls the conversation by. */
  conversationId: ConversationIdShape,
  /** The message without its body. */
  message: v.object({ id, seq, senderId, sentAt, receiptRequested, countable, mentionsMe }),
  /** Whether the receiving user has muted the conversation: then the message mentions the user. */
  muted: v.optional(v.boolean()),
  /** The receiving user's total unread count when the server made the push, with this message. */
  totalUnreadCount: v.optional(SeqShape),
});

/** A push, as the server hands it to the host. */
export type PushFrame = v.InferOutput<typeof PushShape>;

/**
 * The declarative form: the browser itself can show the notification, if the service worker does not. The push frame
 * travels in `notification.data`.
 *
 * @see https://w3c.github.io/push-api/#declarative-push-message
 */
export const DeclarativePushShape = v.object({
  web_push: v.literal(8030),
  notification: v.looseObject({
    title: v.pipe(v.string(), v.minLength(1)),
    /** The address that a click opens. */
    navigate: v.pipe(v.string(), v.url()),
    tag: v.string(),
    data: PushShape,
  }),
  /** The number on the app's icon. 0 removes the number. */
  app_badge: v.optional(SeqShape),
  /** The browser wakes the service worker first, which may show another notification instead. */
  mutable: v.literal(true),
});

/** A push that a browser can show by itself. */
export type DeclarativePush = v.InferOutput<typeof DeclarativePushShape>;
