/** A closed client leaves no worker, no timer and no retry behind, at any moment of the close. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connectPage, LocalWorker, settled, WorkerOfNothing } from '../../support/local-worker.ts';

const MINUTE = 60_000;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const outcome = (call: Promise<unknown>) => {
  const seen: { is: unknown } = { is: 'waits' };
  call.then(
    (value) => (seen.is = value),
    (error: unknown) => (seen.is = (error as { code: string }).code),
  );
  return seen;
};

describe('a closed client', () => {
  it('a client closed in the turn of its creation starts no worker (F118)', async () => {
    const { connection, workers, timers } = connectPage(() => new LocalWorker());
    connection.streams.watch({ of: 'total-unread' }).subscribe();
    await connection.close();
    await timers.pass(MINUTE);
    expect([workers.length, timers.armed]).toEqual([0, 0]);
  });

  it('a client closed while its worker boots ends the worker at once (F118)', async () => {
    const { connection, workers, timers, logged } = connectPage(() => new WorkerOfNothing());
    connection.streams.watch({ of: 'total-unread' }).subscribe();
    await settled();
    void connection.close();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    await timers.pass(MINUTE);
    expect([workers.length, timers.armed, logged]).toEqual([1, 0, []]);
  });

  it('a client closed while waiting for the restart of its worker starts no further worker (F118)', async () => {
    const { connection, workers, timers } = connectPage(() => new WorkerOfNothing());
    await settled();
    workers[0]!.dispatchEvent(new Event('error'));
    await settled();
    expect(timers.armed).toBe(1);
    await connection.close();
    await timers.pass(MINUTE);
    expect([workers.length, timers.armed]).toEqual([1, 0]);
  });

  it('a closed client with an unanswered call ends once the call is refused (F118)', async () => {
    const { connection, workers, timers } = connectPage(() => new WorkerOfNothing());
    const call = outcome(connection.intent('clearAllUnreadCounts'));
    const closed = outcome(connection.close());
    await timers.pass(25_000);
    expect([call.is, closed.is]).toEqual(['waits', 'waits']);
    await timers.pass(10 * MINUTE);
    expect([call.is, closed.is]).toEqual(['worker/unavailable', undefined]);
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    expect(timers.armed).toBe(0);
  });

  it('the settings of createReceiptClient are stored before close resolves, because passing them is a call (F111)', async () => {
    const { connection, workers } = connectPage(() => new LocalWorker(), true);
    await connection.close();
    expect(workers.map(({ configs, isTerminated }) => [configs.length, isTerminated])).toEqual([[1, true]]);
  });
});
