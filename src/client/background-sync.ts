/** Asks the browser to wake the service worker once the network is back, for what is still owed when the page goes. */
import { combineLatest, type Observable } from 'rxjs';
import { SYNC_TAG } from '../model/storage-name.ts';
import type { ConnectionStatus, OutboxStatus } from '../model/status.ts';

/** Not in TypeScript's library yet: Background Sync is Chromium's. */
interface WithSync {
  readonly sync: { register(tag: string): Promise<void> };
}
const hasSync = (registration: object): registration is WithSync => 'sync' in registration;

const wish = async (): Promise<void> => {
  // Looked up now: on a first visit the service worker comes after the client.
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration?.active && hasSync(registration)) await registration.sync.register(SYNC_TAG);
};

/** @returns how to stop. Does nothing where the browser has no Background Sync. */
export const wishForSync = (outbox$: () => Observable<OutboxStatus>, connection$: () => Observable<ConnectionStatus>): (() => void) => {
  if (!('SyncManager' in globalThis) || !('serviceWorker' in navigator)) return () => undefined;
  let wished = false;
  const pendingReceipts = combineLatest([outbox$(), connection$()]).subscribe(([{ pending }, { state, paused }]) => {
    const wanted = pending > 0 && state === 'offline' && !paused;
    // Refused by the user's settings: the next start does it.
    if (wanted && !wished) wish().catch(() => undefined);
    wished = wanted;
  });
  return () => pendingReceipts.unsubscribe();
};
