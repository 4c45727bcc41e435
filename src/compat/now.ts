/** Questions to a stream of the client: its value now. */
import { EMPTY, firstValueFrom, map, merge, type Observable, switchMap, throwIfEmpty, timer } from 'rxjs';
import { type ReceiptClient, TransportError, UsageError } from '../index.ts';

/** @throws {UsageError} `usage/closed` if the user logs out meanwhile. */
export const now = <T>(stream$: Observable<T>): Promise<T> =>
  firstValueFrom(stream$.pipe(throwIfEmpty(() => new UsageError('usage/closed', 'the user is logged out'))));

/** A device that was never connected waits so long for its first connection. */
const GIVE_UP_MS = 1000;

/**
 * As {@link now}, for counts and conversations. A device that was never connected does not know them.
 *
 * @throws {TransportError} `transport/unreachable` on such a device, while it has no connection.
 */
export const knownNow = <T>(client: Pick<ReceiptClient, 'watchConnection'>, stream$: Observable<T>): Promise<T> => {
  const unknown$ = client.watchConnection().pipe(
    switchMap(({ state, asOf }) => (state === 'offline' && asOf === null ? timer(GIVE_UP_MS) : EMPTY)),
    map((): T => {
      throw new TransportError('transport/unreachable', 'this device was never connected');
    }),
  );
  return now(merge(stream$, unknown$));
};
