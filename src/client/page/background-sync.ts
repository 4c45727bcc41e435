/** Asks the browser to wake the service worker once the network is back, so that pending entries leave even without a page. */
import { combineLatest, type Observable } from 'rxjs';
import { SYNC_TAG } from '../../model/storage-name.ts';
import type { ConnectionStatus, OutboxStatus } from '../../model/api/status.ts';

/** Background Sync exists in Chromium only, and TypeScript's library lacks it. */
interface WithSync {
  readonly sync: { register(tag: string): Promise<void> };
}
const hasSync = (registration: object): registration is WithSync => 'sync' in registration;

const requestSync = async (): Promise<void> => {
  // Look up the registration now: on a first visit, the service worker starts after the client.
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration?.active && hasSync(registration)) await registration.sync.register(SYNC_TAG);
};

/** @returns a function to stop. Does nothing in a browser without Background Sync. */
export const requestSyncWhenOffline = (
  outbox$: () => Observable<OutboxStatus>,
  connection$: () => Observable<ConnectionStatus>,
): (() => void) => {
  if (!('SyncManager' in globalThis) || !('serviceWorker' in navigator)) return () => undefined;
  let isRequested = false;
  const subscription = combineLatest([outbox$(), connection$()]).subscribe(([{ pending }, { state, paused }]) => {
    const isWanted = pending > 0 && state === 'offline' && !paused;
    // The user's settings may forbid Background Sync: the next page then sends the entries.
    if (isWanted && !isRequested) requestSync().catch(() => undefined);
    isRequested = isWanted;
  });
  return () => subscription.unsubscribe();
};
