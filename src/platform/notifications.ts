/** The notifications that the browser shows for an account, found by their tags. Pages and service worker close them alike. */
import { type NotificationRef, readNotificationTag } from '../model/notification-tag.ts';
import type { ConversationId, Seq, UserId } from '../model/ids.ts';

/** The used part of a shown notification. */
export interface ShownNotification {
  /** The tag of the notification. */
  readonly tag: string;
  /** Closes the notification. */
  close(): void;
}

/** The used part of a service worker's registration. */
export interface NotificationSource {
  getNotifications(): Promise<readonly ShownNotification[]>;
}

/** The message of a notification. */
export interface NotifiedMessage {
  readonly conversationId: ConversationId;
  readonly seq: Seq;
}

const isOfMessage = <T extends NotificationRef>(ref: T): ref is T & NotifiedMessage => ref.conversationId !== null;

const ofAccount = async (source: NotificationSource, userId: UserId) =>
  (await source.getNotifications()).flatMap((notification) => {
    const ref = readNotificationTag(notification.tag);
    return ref?.userId === userId ? [{ ...ref, notification }] : [];
  });

/**
 * Closes the account's notifications of those messages for which `isDone` answers true.
 *
 * @param isDone is asked once, with all messages, and not at all without a notification.
 */
export const closeNotifications = async (
  source: NotificationSource,
  userId: UserId,
  isDone: (messages: readonly NotifiedMessage[]) => readonly boolean[] | Promise<readonly boolean[]>,
): Promise<void> => {
  const shown = (await ofAccount(source, userId)).filter(isOfMessage);
  if (shown.length === 0) return;
  const done = await isDone(shown.map(({ conversationId, seq }) => ({ conversationId, seq })));
  for (const [i, { notification }] of shown.entries()) if (done[i]) notification.close();
};

/** Closes the account's plain notification, which only says that the app has news. */
export const closePlain = async (source: NotificationSource, userId: UserId): Promise<void> => {
  for (const { conversationId, notification } of await ofAccount(source, userId)) if (conversationId === null) notification.close();
};

/** Closes all notifications of the account. */
export const closeAllNotifications = async (source: NotificationSource, userId: UserId): Promise<void> => {
  for (const { notification } of await ofAccount(source, userId)) notification.close();
};
