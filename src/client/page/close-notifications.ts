/** The page closes notifications of messages that are read, on this device or on another. */
import { auditTime, catchError, concatMap, EMPTY, from, fromEvent, merge, type Observable, startWith, takeUntil } from 'rxjs';
import type { UserId } from '../../model/ids.ts';
import {
  closeAllNotifications,
  closeNotifications,
  closePlain,
  type NotificationSource,
  type NotifiedMessage,
} from '../../platform/notifications.ts';

/** Several reads in a row ask for the notifications once. */
const CLOSE_AFTER_MS = 250;

/** The page's service worker registration; undefined without one. An insecure page has no service workers at all. */
const registration = async (): Promise<NotificationSource | undefined> =>
  'serviceWorker' in navigator ? navigator.serviceWorker.getRegistration() : undefined;

/**
 * Looks at the account's notifications after each read, and when the page becomes visible. A visible page also closes
 * the plain notification, which only says that the app has news.
 *
 * @param reads$ emits when messages may have been read.
 * @param settledOf answers which messages need no notification any more.
 * @returns a function to stop. Notifications stay.
 */
export const closeReadNotifications = (
  userId: UserId,
  reads$: Observable<unknown>,
  settledOf: (messages: readonly NotifiedMessage[]) => Promise<readonly boolean[]>,
  over$: Observable<unknown>,
): (() => void) => {
  const close = async (): Promise<void> => {
    const source = await registration();
    if (!source) return;
    await closeNotifications(source, userId, settledOf);
    if (document.visibilityState === 'visible') await closePlain(source, userId);
  };
  if (!('serviceWorker' in navigator)) return () => undefined;
  const closing = merge(reads$, fromEvent(document, 'visibilitychange'))
    .pipe(
      startWith(undefined),
      auditTime(CLOSE_AFTER_MS),
      // Without an answer of the worker the notifications stay until the next read.
      concatMap(() => from(close()).pipe(catchError(() => EMPTY))),
      takeUntil(over$),
    )
    .subscribe();
  return () => closing.unsubscribe();
};

/** Closes all notifications of an account that has logged out. */
export const closeNotificationsOf = async (userId: UserId): Promise<void> => {
  const source = await registration();
  if (source) await closeAllNotifications(source, userId);
};
