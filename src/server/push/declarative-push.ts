/**
 * The declarative form of a push: a browser with Declarative Web Push shows the notification itself if the service
 * worker does not.
 */
import { UsageError } from '../../errors.ts';
import { notificationTag } from '../../model/notification-tag.ts';
import { readOptions } from '../../model/option-names.ts';
import { encodeFrame, isTooLongForPush } from '../../protocol/codec.ts';
import { MAX_PUSH_BYTES } from '../../protocol/limits.ts';
import type { DeclarativePush, PushFrame } from '../../protocol/push.ts';

/** The notification that the browser shows if the service worker does not. */
export interface DeclaredNotification {
  /** A text that may appear on a lock screen, such as the app's name. Not empty. */
  readonly title: string;
  /** The absolute address that a click opens, on the app's origin. */
  readonly navigate: string;
  /** Further members, as for `showNotification`: `body`, `icon`, `lang`, `dir`, `silent`. The members `tag` and `data` are taken. */
  readonly [member: string]: unknown;
}

const isAddress = (text: unknown): boolean => typeof text === 'string' && URL.canParse(text);

/**
 * Returns the declarative form of a push, to be sent as JSON in place of the push. The browser wakes the service worker
 * first (`mutable`). Pages find the notification by its tag, and close it when the message is read.
 *
 * @param options.appBadge the browser also sets the number on the app's icon to the user's total (`app_badge`). Default:
 * false, as the client's option `appBadge`.
 * @throws {UsageError} `usage/invalid-argument` for an empty title, for a `navigate` that is no absolute address, for a
 * `tag` or `data`, and above 3 KiB.
 * @see PROTOCOL.md, "Push"
 */
export const declarativePush = (
  push: PushFrame,
  notification: DeclaredNotification,
  options: { readonly appBadge?: boolean } = {},
): DeclarativePush => {
  const { appBadge = false } = readOptions(options, 'declarativePush', { appBadge: 1 });
  const { title, navigate } = notification;
  const bad = (why: string): UsageError => new UsageError('usage/invalid-argument', `declarativePush: ${why}`);
  if (typeof title !== 'string' || title === '')
    throw bad('title must be a text that is not empty: browsers show no notification without one');
  if (!isAddress(navigate)) throw bad(`navigate must be an absolute address such as "https://chat.example/"; got ${navigate}`);
  for (const taken of ['tag', 'data']) if (taken in notification) throw bad(`${taken} is made by declarativePush: leave it out`);
  const { userId, conversationId, message, totalUnreadCount } = push;
  const declared: DeclarativePush = {
    web_push: 8030,
    notification: { ...notification, tag: notificationTag(userId, conversationId, message.seq), data: push },
    ...(!appBadge || totalUnreadCount === undefined ? {} : { app_badge: totalUnreadCount }),
    mutable: true,
  };
  if (isTooLongForPush(encodeFrame(declared)))
    throw bad(`the push has more than ${MAX_PUSH_BYTES} bytes: shorten the members of the notification`);
  return declared;
};
