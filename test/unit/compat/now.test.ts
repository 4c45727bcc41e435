/** A facade's question to a stream of the client ends, whatever becomes of the device. */
import { BehaviorSubject, EMPTY, NEVER, of, Subject } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { knownNow, now } from '../../../src/compat/now.ts';
import type { ReceiptClient } from '../../../src/index.ts';

type Status = { readonly state: 'offline' | 'connecting' | 'catching-up' | 'live'; readonly asOf: number | null };
const clientAt = (status$: BehaviorSubject<Status>): Pick<ReceiptClient, 'watchConnection'> =>
  ({ watchConnection: () => status$ }) as unknown as ReceiptClient;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a question whose stream ends without a value rejects as closed', async () => {
  await expect(now(EMPTY)).rejects.toMatchObject({ code: 'usage/closed' });
  await expect(now(of(1, 2))).resolves.toBe(1);
});

it('a question about counts rejects on a device that was never connected, once the device is offline for a second', async () => {
  const asked = knownNow(clientAt(new BehaviorSubject<Status>({ state: 'offline', asOf: null })), NEVER);
  const rejected = expect(asked).rejects.toMatchObject({ code: 'transport/unreachable' });
  await vi.advanceTimersByTimeAsync(1000);
  await rejected;
});

it('a question about counts waits for the first connection, and as long as the device catches up', async () => {
  const status$ = new BehaviorSubject<Status>({ state: 'connecting', asOf: null });
  const count$ = new Subject<number>();
  const asked = knownNow(clientAt(status$), count$);
  await vi.advanceTimersByTimeAsync(4900);
  status$.next({ state: 'catching-up', asOf: null });
  await vi.advanceTimersByTimeAsync(60_000);
  count$.next(3);
  await expect(asked).resolves.toBe(3);
});

it('a question about counts does not wait for the end of a try, nor longer with every further try', async () => {
  const status$ = new BehaviorSubject<Status>({ state: 'connecting', asOf: null });
  const silent = expect(knownNow(clientAt(status$), NEVER)).rejects.toMatchObject({ code: 'transport/unreachable' });
  await vi.advanceTimersByTimeAsync(5000);
  await silent;
  const refused = expect(knownNow(clientAt(status$), NEVER)).rejects.toMatchObject({ code: 'transport/unreachable' });
  for (const state of ['offline', 'connecting', 'offline', 'connecting'] as const) {
    status$.next({ state, asOf: null });
    await vi.advanceTimersByTimeAsync(400);
  }
  await refused;
});

it('an offline device that was connected before waits for its own store', async () => {
  const count$ = new Subject<number>();
  const asked = knownNow(clientAt(new BehaviorSubject<Status>({ state: 'offline', asOf: 7 })), count$);
  await vi.advanceTimersByTimeAsync(60_000);
  count$.next(3);
  await expect(asked).resolves.toBe(3);
});

it('a question about counts rejects as closed when the user logs out', async () => {
  const [status$, count$] = [new BehaviorSubject<Status>({ state: 'live', asOf: 7 }), new Subject<number>()];
  const asked = knownNow(clientAt(status$), count$);
  count$.complete();
  status$.complete();
  await expect(asked).rejects.toMatchObject({ code: 'usage/closed' });
});
