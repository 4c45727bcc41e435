/** Questions to a stream of the client: its value now. */
import { distinctUntilChanged, EMPTY, firstValueFrom, map, merge, type Observable, scan, switchMap, throwIfEmpty, timer } from 'rxjs';
import { type ReceiptClient, TransportError, UsageError } from '../index.ts';
import { isConnected } from './connected.ts';

/** @throws {UsageError} `usage/closed` if the user logs out meanwhile. */
export const now = <T>(stream$: Observable<T>): Promise<T> =>
  firstValueFrom(stream$.pipe(throwIfEmpty(() => new UsageError('usage/closed', 'the user is logged out'))));

/** A device that was never connected waits so long for its first connection: during its first try, and after a try has failed. */
const TRYING_MS = 5000;
const FAILED_MS = 1000;

/**
 * As {@link now}, for counts and conversations. A device that was never connected does not know them.
 *
 * @throws {TransportError} `transport/unreachable` on such a device, if it gets no connection within a second after a failed try, or within five seconds.
 */
export const knownNow = <T>(client: Pick<ReceiptClient, 'watchConnection'>, stream$: Observable<T>): Promise<T> => {
  const unknown$ = client.watchConnection().pipe(
    map((status): number | null =>
      status.asOf !== null || isConnected(status) ? null : status.state === 'connecting' ? TRYING_MS : FAILED_MS,
    ),
    // The next tries of the same device do not lengthen the wait. A browser may keep such a try waiting for a minute.
    scan((waits, next) => (next === null || waits === null ? next : Math.min(waits, next))),
    distinctUntilChanged(),
    switchMap((ms) => (ms === null ? EMPTY : timer(ms))),
    map((): T => {
      throw new TransportError('transport/unreachable', 'this device was never connected');
    }),
  );
  return now(merge(stream$, unknown$));
};
