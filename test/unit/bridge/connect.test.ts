import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exposeWorker } from '../../../src/bridge/expose.ts';
import { VERSION } from '../../../src/model/version.ts';
import { TICK_MS } from '../../../src/bridge/watchdog.ts';
import { Watching } from '../../../src/client/watching.ts';
import type { TopicValue } from '../../../src/model/api/topic.ts';
import { connectPage, LocalLocks, LocalWorker, settled, WorkerOfNothing } from '../../support/local-worker.ts';

const MINUTE = 60_000;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  vi.unstubAllGlobals();
});

const page = <W extends LocalWorker | WorkerOfNothing>(make: () => W) => {
  const made = connectPage(make);
  open.push(made.connection);
  return made;
};

/** The code with which a call was refused, or its value, or `waits` while the call is open. */
const outcome = (call: Promise<unknown>) => {
  const seen: { is: unknown } = { is: 'waits' };
  call.then(
    (value) => (seen.is = value),
    (error: unknown) => (seen.is = (error as { code: string }).code),
  );
  return seen;
};

describe('a worker that dies', () => {
  let locks: LocalLocks;
  beforeEach(() => {
    locks = new LocalLocks();
    vi.stubGlobal('navigator', { locks });
  });

  /** As in a browser: the worker ends without an event, and its lock becomes free. */
  const kill = (worker: LocalWorker): void => {
    worker.terminate();
    locks.releaseAll();
  };

  it('the pending calls of a dead worker reject with worker/restarted at once, and the next worker answers later calls (F28)', async () => {
    const { connection, workers, logged } = page(() => new LocalWorker());
    await connection.started;
    const pending = [
      outcome(connection.intent('clearAllUnreadCounts')),
      outcome(connection.query('flush', 2 ** 31 - 1)),
      outcome(connection.query('fetchReceipts', ['m'])),
    ];
    await settled();
    expect(pending.map(({ is }) => is)).toEqual(['waits', 'waits', 'waits']);
    kill(workers[0]!);
    await settled();
    expect(pending.map(({ is }) => is)).toEqual(['worker/restarted', 'worker/restarted', 'worker/restarted']);
    expect(workers).toHaveLength(2);
    workers[1]!.answer = async (name) => name;
    expect(await connection.query('flush', 10)).toBe('flush');
    expect(locks.waiting).toBe(1);
    expect(logged).toEqual(['worker-started', 'worker-ended', 'worker-started']);
  });

  it('streams go on with the values of the next worker: no end, no error, and no value twice (F28, F45)', async () => {
    const { connection, workers } = page(() => {
      const worker = new LocalWorker();
      worker.total.next(7);
      return worker;
    });
    const seen: unknown[] = [];
    new Watching(connection.streams, Promise.resolve(null), connection.started).watch({ of: 'total-unread' }).subscribe({
      next: (value) => seen.push(value),
      error: () => seen.push('error'),
      complete: () => seen.push('complete'),
    });
    await connection.started;
    await settled();
    // The page is idle: no call is open.
    kill(workers[0]!);
    await settled();
    workers[1]!.total.next(8);
    await settled();
    expect(seen).toEqual([7, 8]);
    expect(connection.streams.size).toBe(1);
  });

  it('each event arrives once: the next worker learns the number of the last received event (F28)', async () => {
    const { connection, workers } = page(() => new LocalWorker());
    const heard: unknown[] = [];
    connection.streams.watch({ of: 'events' }).subscribe(({ number }) => heard.push(number));
    await connection.started;
    await settled();
    for (const number of [3, 4]) workers[0]!.events.next({ number } as TopicValue['events']);
    await settled();
    kill(workers[0]!);
    await settled();
    expect(heard).toEqual([3, 4]);
    expect(workers[1]!.watched).toEqual([{ of: 'events', after: 4 }]);
  });

  it('only the first worker gets the settings of the app’s start: later workers keep the user’s changes since then', async () => {
    const { connection, workers, firsts } = page(() => new LocalWorker());
    await connection.started;
    kill(workers[0]!);
    await settled();
    await connection.up();
    expect(firsts).toEqual([true, false]);
  });

  it('a worker that sends an unreadable message is replaced, because an answer may be lost', async () => {
    const { connection, workers } = page(() => new LocalWorker());
    await connection.started;
    const call = outcome(connection.query('flush', 10));
    await settled();
    workers[0]!.dispatchEvent(new Event('messageerror'));
    await settled();
    expect(call.is).toBe('worker/restarted');
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it('an error event of a running worker does not count as its death', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    workers[0]!.dispatchEvent(new Event('error'));
    await timers.pass(MINUTE);
    expect(workers).toHaveLength(1);
  });

  it('workers are replaced more and more slowly while each new worker dies (F28)', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    const counts: number[] = [];
    for (let second = 0; second < 120; second++) {
      for (let tenth = 0; tenth < 10; tenth++) {
        if (connection.isUp) kill(workers.at(-1)!);
        await timers.pass(100);
      }
      counts.push(workers.length);
    }
    const perSecond = counts.map((count, i) => count - (counts[i - 1] ?? 0));
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(3);
    expect(counts.at(-1)).toBeLessThan(12);
    // The waits end: the last worker lives, and callers reach it.
    workers.at(-1)!.answer = async () => 'answered';
    const call = outcome(connection.query('flush', 10));
    await timers.pass(30_000);
    workers.at(-1)!.answer = async () => 'answered';
    await settled();
    expect(['answered', 'waits']).toContain(call.is);
  });

  it('a log-out goes on with the next worker, which would otherwise log in again (F44)', async () => {
    const { connection, workers } = page(() => new LocalWorker());
    await connection.started;
    const left = outcome(connection.logOut({ pending: 'discard', timeoutMs: 10, keepData: false }));
    await settled();
    kill(workers[0]!);
    workers[1]!.answer = async () => undefined;
    await settled();
    expect(left.is).toBeUndefined();
    expect(connection.streams.isOver).toBe(true);
  });

  it('close leaves no timer, no waiting lock request and no worker', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    await connection.close();
    expect([timers.armed, workers.map(({ isTerminated }) => isTerminated)]).toEqual([0, [true]]);
    await timers.pass(MINUTE);
    expect(workers).toHaveLength(1);
    expect(outcome(connection.query('flush', 10)).is).toBe('waits');
    await expect(connection.query('flush', 10)).rejects.toMatchObject({ code: 'usage/closed' });
  });
});

describe('browsers without Web Locks', () => {
  it('without Web Locks a worker is replaced only after an unanswered ping (F28)', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    const call = outcome(connection.query('flush', 10));
    workers[0]!.silent = true;
    await timers.pass(3 * TICK_MS);
    expect([call.is, workers.length]).toEqual(['waits', 1]);
    await timers.pass(TICK_MS);
    await settled();
    expect([call.is, workers.length, workers[0]!.isTerminated]).toEqual(['worker/restarted', 2, true]);
  });

  it('without Web Locks a worker is replaced also after its death without an open call', async () => {
    const { workers, timers, connection } = page(() => new LocalWorker());
    await connection.started;
    workers[0]!.terminate();
    await timers.pass(5 * TICK_MS);
    expect(workers).toHaveLength(2);
  });

  it('a call of an hour is awaited as long as the worker answers pings (F28)', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    let answer: (value: unknown) => void = () => undefined;
    workers[0]!.answer = () => new Promise((resolve) => (answer = resolve));
    const call = outcome(connection.query('flush', 3_600_000));
    await timers.pass(60 * MINUTE);
    expect([call.is, workers.length]).toEqual(['waits', 1]);
    answer('done');
    await settled();
    expect(call.is).toBe('done');
  });

  it('a page frozen for any time does not take its worker for dead (F29, F42)', async () => {
    const { connection, workers, timers } = page(() => new LocalWorker());
    await connection.started;
    const call = outcome(connection.query('flush', 10));
    for (const ms of [30_000, 60 * MINUTE, 24 * 60 * MINUTE]) {
      // The worker was frozen with its page, or the page was busy: messages of the worker come after the timers
      // that were due.
      workers[0]!.silent = true;
      timers.standStill(ms);
      workers[0]!.silent = false;
      await timers.pass(2 * TICK_MS);
    }
    expect([call.is, workers.length]).toEqual(['waits', 1]);
  });
});

describe('a worker that does not start', () => {
  it('all waiting calls reject if a worker does not start; the page starts workers more and more slowly, and a started worker heals the client', async () => {
    let isBroken = true;
    const { connection, workers, timers, logged } = page<LocalWorker | WorkerOfNothing>(() =>
      isBroken ? new WorkerOfNothing() : new LocalWorker(),
    );
    const total: number[] = [];
    connection.streams.watch({ of: 'total-unread' }).subscribe((value) => total.push(value));
    const before = [outcome(connection.intent('clearAllUnreadCounts')), outcome(connection.query('flush', 10))];
    await settled();
    workers[0]!.dispatchEvent(new Event('error'));
    await settled();
    expect(logged).toEqual(['worker-ended']);
    const after = outcome(connection.intent('clearAllUnreadCounts'));
    await settled();
    expect([...before, after].map(({ is }) => is)).toEqual(['worker/unavailable', 'worker/unavailable', 'worker/unavailable']);
    expect(connection.trouble$.value).toMatchObject({ error: { code: 'worker/unavailable' }, retryInMs: 375 });
    for (let second = 0; second < 100; second++) {
      await timers.pass(1000);
      workers.at(-1)!.dispatchEvent(new Event('error'));
    }
    expect(workers.length).toBeGreaterThan(4);
    expect(workers.length).toBeLessThan(12);
    expect(workers.filter(({ isTerminated }) => !isTerminated).length).toBeLessThanOrEqual(1);

    isBroken = false;
    await timers.pass(30_000);
    (workers.at(-1) as LocalWorker).answer = async () => 'answered';
    expect(await connection.query('flush', 10)).toBe('answered');
    expect([connection.trouble$.value, total]).toEqual([null, [0]]);
  });

  it('if the source has another way to start a worker, the client tries this way before calls are refused (F127)', async () => {
    const failures: string[] = [];
    const { connection, workers, logged } = connectPage<LocalWorker | WorkerOfNothing>(
      () => (failures.length === 0 ? new WorkerOfNothing() : new LocalWorker()),
      false,
      async (error) => {
        failures.push(error.code);
        return null;
      },
    );
    open.push(connection);
    const troubles: unknown[] = [];
    connection.trouble$.subscribe((trouble) => troubles.push(trouble));
    const call = outcome(connection.query('flush', 10));
    await settled();
    workers[0]!.dispatchEvent(new Event('error'));
    await settled();
    (workers[1] as LocalWorker).answer = async () => 'answered';
    await settled();
    expect([call.is, failures, troubles, workers[0]!.isTerminated]).toEqual(['waits', ['worker/unavailable'], [null, null], true]);
    expect(await connection.query('flush', 10)).toBe('answered');
    expect(logged).toEqual(['worker-started']);
  });

  it('a worker that neither starts nor fails is given up after a timeout', async () => {
    const { connection, workers, timers } = page(() => new WorkerOfNothing());
    const call = outcome(connection.intent('clearAllUnreadCounts'));
    await timers.pass(25_000);
    expect(call.is).toBe('waits');
    await timers.pass(5000);
    expect([call.is, workers[0]!.isTerminated]).toEqual(['worker/unavailable', true]);
    await connection.close();
  });

  it('on a page that may not create workers, calls are refused with the reason', async () => {
    const { connection } = page((): LocalWorker => {
      throw new Error('forbidden here');
    });
    await expect(connection.query('flush', 10)).rejects.toMatchObject({
      code: 'worker/unavailable',
      message: expect.stringContaining('forbidden here') as string,
    });
  });
});

describe('a page and a worker of two releases', () => {
  it('the version in the code is the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });

  it('a page refuses a worker of another release, names the way out, and stops trying (F43)', async () => {
    class OlderWorker extends LocalWorker {
      override dispatchEvent(event: Event): boolean {
        const data: unknown = event instanceof MessageEvent ? event.data : null;
        const value = (data as { value?: { version?: string } } | null)?.value;
        if (value?.version) value.version = '0.0.9';
        return super.dispatchEvent(event);
      }
    }
    const { connection, workers, timers } = page(() => new OlderWorker());
    const call = outcome(connection.intent('clearAllUnreadCounts'));
    await settled();
    expect(call.is).toBe('protocol/version-unsupported');
    await timers.pass(60 * MINUTE);
    expect(workers.length).toBe(3);
    expect(workers.every(({ isTerminated }) => isTerminated)).toBe(true);
    await expect(connection.query('flush', 10)).rejects.toThrow(
      `runs tidemark ${VERSION}, but its worker runs tidemark 0.0.9: reload the page`,
    );
    expect(connection.trouble$.value).toMatchObject({ error: { code: 'protocol/version-unsupported' }, retryInMs: null });
  });

  it('a worker opens no store for a page of another release (F43)', async () => {
    const { port1, port2 } = new MessageChannel();
    let opened = 0;
    const start = (): never => {
      opened++;
      throw new Error('opened');
    };
    exposeWorker({ start, life: () => undefined }, port2);
    const answer = new Promise<{ value: unknown }>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<{ value: unknown }>) => resolve(data);
    });
    const args = ['0.0.9', {}, null, null].map((value) => ({ type: 'RAW', value }));
    port1.postMessage({ id: 'one', type: 'APPLY', path: ['start'], argumentList: args });
    expect((await answer).value).toMatchObject({ version: VERSION, error: { code: 'protocol/version-unsupported' } });
    expect(opened).toBe(0);
    port1.close();
  });
});
