/**
 * The tag of a notification. The tag names the account and the message, so a page, the service worker and a server
 * recognize the notification of a message without a record of their own.
 */
import { type ConversationId, isConversationId, isId, type Seq, type UserId } from './ids.ts';

/** The account and the message of a notification. */
export interface NotificationRef {
  /** The account of the notification. */
  readonly userId: UserId;
  /** null for a plain notification, which names only the app. */
  readonly conversationId: ConversationId | null;
  /** The message's number in its conversation; null for a plain notification. */
  readonly seq: Seq | null;
}

const PREFIX = 'tidemark';

/**
 * Returns the tag of a message's notification, such as `tidemark:alice:direct%3Abob:12`. Each part is escaped by
 * `encodeURIComponent`, so no part contains a colon.
 */
export const notificationTag = (userId: UserId, conversationId: ConversationId, seq: Seq): string =>
  [PREFIX, encodeURIComponent(userId), encodeURIComponent(conversationId), seq].join(':');

/**
 * Returns the tag of the account's plain notification. A new plain notification replaces the one before.
 *
 * @param userId null for a push without a readable account.
 */
export const plainTag = (userId: UserId | null): string => (userId === null ? PREFIX : `${PREFIX}:${encodeURIComponent(userId)}`);

const decoded = (part: string): string | null => {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
};

/** Reads a tag of {@link notificationTag} or {@link plainTag}; null for any other tag. */
export const readNotificationTag = (tag: string): NotificationRef | null => {
  const [prefix, user = '', conversation, number, ...rest] = tag.split(':');
  const userId = decoded(user);
  if (prefix !== PREFIX || rest.length > 0 || userId === null || !isId(userId)) return null;
  if (conversation === undefined) return { userId, conversationId: null, seq: null };
  const conversationId = decoded(conversation);
  const seq = Number(number);
  return isConversationId(conversationId) && Number.isSafeInteger(seq) && seq > 0 ? { userId, conversationId, seq } : null;
};
