/** For the app's service worker: `installReceiptSync(self, { url, getToken })`. */
import { SYNC_TAG } from '../model/storage-name.ts';
import { drainAllAccounts, type ReceiptSyncOptions } from './background-sync.ts';

/** Of a service worker's global scope, what is used here. */
export interface ServiceWorkerScope {
  addEventListener(type: string, listener: (event: Event) => void): void;
}

interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(done: Promise<unknown>): void;
}

const isSync = (event: Event): event is SyncEvent => 'tag' in event && 'waitUntil' in event;

/**
 * Drains what pages left behind, whenever the browser's Background Sync says that the network is back. Call it while the service
 * worker's script runs for the first time. Where Background Sync is missing, the next start of a page does the same.
 */
export const installReceiptSync = (scope: ServiceWorkerScope, options: ReceiptSyncOptions): void =>
  scope.addEventListener('sync', (event) => {
    if (isSync(event) && event.tag === SYNC_TAG) event.waitUntil(drainAllAccounts(options));
  });

export type { ReceiptSyncOptions };
