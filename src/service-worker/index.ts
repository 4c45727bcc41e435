/**
 * The entry for the app's service worker: `installReceiptSync(self, { url, getToken, notification })`.
 *
 *   browser ── sync event ──▶ drainAllAccounts ─▶ every account: send the outbox over HTTP
 *   browser ── push event ──▶ takePush ─▶ one account: catch up, badge, notification, delivery receipt
 *   browser ── click ───────▶ openClicked ─▶ a window of the app
 */
import type { Json } from '../model/message/message.ts';
import { readOptions } from '../model/option-names.ts';
import { SYNC_TAG } from '../model/storage-name.ts';
import { readNotificationTag } from '../model/notification-tag.ts';
import type { ShownNotification } from '../platform/notifications.ts';
import { drainAllAccounts } from './background-sync.ts';
import type { ReceiptSyncOptions, ServiceWorkerScope } from './options.ts';
import { openClicked } from './open-clicked.ts';
import { browserTaskPorts } from './browser-task-ports.ts';
import { takePush } from './push.ts';
import { readPush } from '../transport/web-push.ts';
import { safeLog } from '../logging.ts';

interface Reconnecting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

const isSync = (event: Event): event is Reconnecting & { readonly tag: string; readonly lastChance?: boolean } =>
  'tag' in event && 'waitUntil' in event;
/** A declarative push brings the notification that it proposes. Some browsers then bring no data: the push is in the notification. */
interface Pushed extends Reconnecting {
  readonly data: { text(): string } | null;
  readonly notification?: { readonly data: unknown; readonly navigate?: string } | null;
}

const isPush = (event: Event): event is Pushed => 'data' in event && 'waitUntil' in event;
const isClick = (event: Event): event is Reconnecting & { readonly notification: ShownNotification } =>
  'notification' in event && 'waitUntil' in event;

const textOf = ({ data, notification }: Pushed): string | undefined =>
  data ? data.text() : notification ? JSON.stringify(notification.data) : undefined;

/**
 * Returns true for a push for which `installReceiptSync` shows a notification. Every other push is the app's own: an empty one and one that
 * is no JSON too. The browser ends a subscription after pushes without notifications, so the app shows one for each.
 *
 * @param event the event of the listener for `push`.
 */
export const isReceiptPush = (event: Event): boolean => {
  const text = isPush(event) ? textOf(event) : undefined;
  return text !== undefined && readPush(text) !== null;
};

const NAMES = { url: 1, getToken: 1, notification: 1, addressOf: 1, log: 1 } as const;

/**
 * Installs the listeners. The app calls this function while the service worker's script runs for the first time. From then on
 *
 * - the service worker sends the pending entries of closed pages when the browser reports the network by Background
 *   Sync. In a browser without Background Sync, the next page sends them;
 * - the service worker stores a message that the app's backend announced by Web Push, sends its delivery receipt, and
 *   shows the app's notification or a plain notification. Other pushes are left to the app's own listeners ({@link isReceiptPush});
 * - the service worker closes the notifications of messages that were read meanwhile, also on other devices, whenever the
 *   browser wakes the service worker. Pages close such notifications too;
 * - a click on a notification shows the conversation (the option `addressOf`);
 * - the app's badge shows the total of its owner (the client's option `appBadge`).
 *
 * @see PROTOCOL.md, "Push"
 * @throws {UsageError} `usage/invalid-option` for an option with an unknown name.
 */
export const installReceiptSync = <Body = Json>(scope: ServiceWorkerScope, options: ReceiptSyncOptions<Body>): void => {
  const { log } = readOptions(options, 'installReceiptSync', NAMES, 'usage/invalid-option');
  // The type of the bodies is the app's: the store has none.
  const given = { ...(options as ReceiptSyncOptions<unknown> as ReceiptSyncOptions), scope, log: safeLog(log) };
  const logged = { ...given, taskPorts: browserTaskPorts(given) };
  scope.addEventListener('sync', (event) => {
    if (isSync(event) && event.tag === SYNC_TAG) event.waitUntil(drainAllAccounts(logged, event.lastChance));
  });
  scope.addEventListener('push', (event) => {
    const text = isPush(event) ? textOf(event) : undefined;
    if (isPush(event) && text !== undefined) event.waitUntil(takePush(text, logged, event.notification?.navigate));
  });
  if (options.addressOf)
    scope.addEventListener('notificationclick', (event) => {
      const clicked = isClick(event) ? readNotificationTag(event.notification.tag) : null;
      if (isClick(event) && clicked) event.waitUntil(openClicked(event.notification, clicked, logged));
    });
};

export { type NotificationRef, notificationTag, readNotificationTag } from '../model/notification-tag.ts';
export type { ShownNotification } from '../platform/notifications.ts';
export type { Log, LogLevel } from '../logging.ts';
export type { MessageContext, MessageNotification, ReceiptSyncOptions, ServiceWorkerScope, WindowOfApp } from './options.ts';
