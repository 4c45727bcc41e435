/**
 * The entry for the app's service worker: `installReceiptSync(self, { url, getToken, notification })`.
 *
 *   browser ── sync event ──▶ drainAllAccounts ─▶ every account: send the outbox over HTTP
 *   browser ── push event ──▶ takePush ─▶ one account: catch up, badge, notification, delivery receipt
 */
import { readOptions } from '../model/option-names.ts';
import { SYNC_TAG } from '../model/storage-name.ts';
import { drainAllAccounts } from './background-sync.ts';
import type { ReceiptSyncOptions, ServiceWorkerScope } from './options.ts';
import { takePush } from './push.ts';
import { safeLog } from '../logging.ts';

interface Reconnecting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

const isSync = (event: Event): event is Reconnecting & { readonly tag: string; readonly lastChance?: boolean } =>
  'tag' in event && 'waitUntil' in event;
const isPush = (event: Event): event is Reconnecting & { readonly data: { text(): string } | null } =>
  'data' in event && 'waitUntil' in event;

/**
 * Installs the listeners. The app calls it while the service worker's script runs for the first time. From then on
 *
 * - the service worker sends the pending entries of closed pages when the browser reports the network by Background
 *   Sync. In a browser without Background Sync, the next page sends them;
 * - the service worker stores a message that the app's backend announced by Web Push, sends its delivery receipt, and
 *   shows the app's notification or a plain one. Other pushes are left to the app's own listeners;
 * - the app's badge shows the total of its owner (the client's option `appBadge`).
 *
 * @see PROTOCOL.md, "Push"
 * @throws {UsageError} `usage/invalid-option` for an option with an unknown name.
 */
export const installReceiptSync = (scope: ServiceWorkerScope, options: ReceiptSyncOptions): void => {
  const { log } = readOptions(options, 'installReceiptSync', { url: 1, getToken: 1, notification: 1, log: 1 }, 'usage/invalid-option');
  const logged = { ...options, log: safeLog(log) };
  scope.addEventListener('sync', (event) => {
    if (isSync(event) && event.tag === SYNC_TAG) event.waitUntil(drainAllAccounts(logged, event.lastChance));
  });
  scope.addEventListener('push', (event) => {
    if (isPush(event) && event.data) event.waitUntil(takePush(event.data.text(), logged, scope));
  });
};

export type { Log, LogLevel } from '../logging.ts';
export type { MessageContext, MessageNotification, ReceiptSyncOptions, ServiceWorkerScope } from './options.ts';
