/** Asks the browser to wake the service worker once the network is back, for what is still owed when the page goes. */
import { combineLatest, type Observable } from 'rxjs';
import { SYNC_TAG } from '../model/storage-name.ts';
import type { ConnectionStatus, OutboxStatus } from '../model/status.ts';

/** Not in TypeScript's library yet: Background Sync is Chromium's. */
interface WithSync {
  readonly sync: { register(tag: string): Promise<void> };
}
const hasSync = (registration: object): registration is WithSync => 'sync' in registration;

/** @returns how to stop. Does nothing where the page has no service worker, or the browser no Background Sync. */
export const wishForSync = (outbox$: () => Observable<OutboxStatus>, connection$: () => Observable<ConnectionStatus>): (() => void) => {
  if (typeof navigator === 'undefined' || !('serviceWorker' in navigator) || !navigator.serviceWorker.controller) return () => undefined;
  let wished = false;
  const owed = combineLatest([outbox$(), connection$()]).subscribe(([{ pending }, { state, paused }]) => {
    const wish = pending > 0 && state === 'offline' && !paused;
    if (wish && !wished)
      navigator.serviceWorker.ready
        .then((registration) => (hasSync(registration) ? registration.sync.register(SYNC_TAG) : undefined))
        // Refused by the user's settings: the next start does it.
        .catch(() => undefined);
    wished = wish;
  });
  return () => owed.unsubscribe();
};
