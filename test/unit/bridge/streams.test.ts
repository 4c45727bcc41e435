import { BehaviorSubject, concat, config, distinctUntilChanged, finalize, map, NEVER, of, Subject, throwError } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveStreams, type ServedStreams } from '../../../src/bridge/serve-streams.ts';
import { StreamPort } from '../../../src/bridge/streams.ts';
import type { StreamNews, StreamRequest } from '../../../src/bridge/worker-api.ts';
import { Watching } from '../../../src/client/watching.ts';
import type { Topic } from '../../../src/model/api/topic.ts';
import { settled } from '../../support/local-worker.ts';
import { watchOf } from '../../support/watchers.ts';
import { fromWireError, toWireError } from '../../../src/bridge/error-transfer.ts';
import { RejectedError, StoreError, UsageError, WorkerError } from '../../../src/errors.ts';

describe('streams between page and worker', () => {
  let page: StreamPort;
  let served: ServedStreams;
  let source: BehaviorSubject<number>;
  let open: number;
  beforeEach(() => {
    const { port1, port2 } = new MessageChannel();
    page = new StreamPort(port1);
    source = new BehaviorSubject(0);
    open = 0;
    served = serveStreams(
      port2,
      watchOf(() => {
        open++;
        return source.pipe(finalize(() => open--));
      }),
    );
  });
  afterEach(() => {
    served.end();
    page.end();
  });

  it('values arrive in order, and the worker learns of an unsubscribe', async () => {
    const seen: number[] = [];
    const subscription = page.watch({ of: 'total-unread' }).subscribe((value) => seen.push(value));
    await settled();
    source.next(1);
    await settled();
    source.next(2);
    source.next(3);
    await settled();
    // Of the values of one turn, only the last arrives.
    expect(seen).toEqual([0, 1, 3]);
    expect(open).toBe(1);
    subscription.unsubscribe();
    await settled();
    expect(open).toBe(0);
  });

  it('a thousand subscriptions leave nothing behind on either side, also subscriptions made before the worker runs', async () => {
    for (let n = 0; n < 1000; n++)
      page
        .watch({ of: 'unread', conversationId: `direct:p${n}` })
        .subscribe()
        .unsubscribe();
    await settled();
    expect([open, served.size, page.size]).toEqual([0, 0, 0]);

    const early = new StreamPort();
    const kept = early.watch({ of: 'outbox' }).subscribe();
    for (let n = 0; n < 1000; n++)
      early
        .watch({ of: 'unread', conversationId: `direct:p${n}` })
        .subscribe()
        .unsubscribe();
    const { port1, port2 } = new MessageChannel();
    const asked: unknown[] = [];
    port2.onmessage = ({ data }) => asked.push(data);
    early.attach(port1);
    await settled();
    expect([asked.length, early.size]).toEqual([1, 1]);
    kept.unsubscribe();
    await settled();
    expect([asked.length, early.size]).toEqual([2, 0]);
    port2.close();
  });

  it('all streams complete when the worker ends, also streams watched afterwards', async () => {
    const ends: string[] = [];
    page.watch({ of: 'outbox' }).subscribe({ complete: () => ends.push('before') });
    await settled();
    served.end();
    await settled();
    page.watch({ of: 'outbox' }).subscribe({ complete: () => ends.push('after') });
    expect(ends).toEqual(['before', 'after']);
  });
});

describe('a slow page', () => {
  /** A page that confirms no message until the test does. */
  const slowPage = () => {
    const { port1, port2 } = new MessageChannel();
    const state = new Subject<number>();
    const events = new Subject<number>();
    const served = serveStreams(
      port2,
      watchOf(({ of }) => (of === 'events' ? events : state)),
    );
    const posts: (readonly (readonly [number, unknown])[])[] = [];
    port1.onmessage = ({ data }: MessageEvent<StreamNews>) => {
      if ('values' in data) posts.push(data.values);
    };
    const ask = (request: StreamRequest): void => port1.postMessage(request);
    return { state, events, served, posts, ask, port: port1 };
  };

  it('a slow page gets a few messages, and then the newest state and the newest thousand events in one (F42)', async () => {
    const { state, events, served, posts, ask, port } = slowPage();
    ask({ watch: 1, topic: { of: 'total-unread' } });
    ask({ watch: 2, topic: { of: 'events' } });
    await settled();
    for (let n = 1; n <= 3000; n++) {
      state.next(n);
      events.next(n);
      if (n % 10 === 0) await Promise.resolve();
    }
    await settled();
    const ahead = posts.length;
    expect(ahead).toBeLessThanOrEqual(4);
    ask({ shown: ahead });
    await settled();
    const later = posts.slice(ahead);
    expect(later).toHaveLength(1);
    expect(later[0]!.filter(([id]) => id === 1)).toEqual([[1, 3000]]);
    const kept = later[0]!.filter(([id]) => id === 2).map(([, n]) => n);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, 2001, 3000]);
    served.end();
    port.close();
  });

  it('flush posts all values before an answer, even to a slow page without a watched stream (F42)', async () => {
    const { state, served, posts, ask, port } = slowPage();
    ask({ watch: 1, topic: { of: 'total-unread' } });
    await settled();
    for (let n = 0; n < 10; n++) {
      state.next(n);
      await settled();
    }
    const before = served.flush();
    expect([posts.length, before]).toEqual([4, 5]);
    ask({ unwatch: 1 });
    ask({ shown: 4 });
    await settled();
    expect([posts.length, served.flush()]).toEqual([5, 5]);
    served.end();
    port.close();
  });
});

describe('errors in a stream', () => {
  it('the worker restarts a failed stream, and the page gets only the state after the failure (F45)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    const settle = async (ms: number): Promise<void> => {
      for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(ms);
      for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
    };
    const { port1, port2 } = new MessageChannel();
    const page = new StreamPort(port1);
    let subscriptions = 0;
    const served = serveStreams(
      port2,
      watchOf(() => {
        subscriptions++;
        return subscriptions < 4 ? throwError(() => new Error('the store did not answer')) : concat(of(subscriptions), NEVER);
      }),
    );
    const seen: unknown[] = [];
    page.watch({ of: 'outbox' }).subscribe({
      next: (value) => seen.push(value),
      error: () => seen.push('error'),
      complete: () => seen.push('complete'),
    });
    await settle(0);
    expect([subscriptions, seen]).toEqual([1, []]);
    for (const [ms, upTo] of [
      [250, 2],
      [500, 3],
      [1000, 4],
    ] as const) {
      await settle(ms);
      expect(subscriptions).toBe(upTo);
    }
    expect(seen).toEqual([4]);
    page.end();
    served.end();
    vi.useRealTimers();
  });

  it('an error in a subscriber takes no value from other subscribers, on any topic (F45)', async () => {
    const unhandled: unknown[] = [];
    config.onUnhandledError = (error) => unhandled.push(error);
    try {
      const { port1, port2 } = new MessageChannel();
      const page = new StreamPort(port1);
      const source = new BehaviorSubject(1);
      const served = serveStreams(
        port2,
        watchOf(() => source.pipe(map((number) => ({ number })))),
      );
      const watching = new Watching(page, Promise.resolve(null), Promise.resolve());
      const topics: Topic[] = [
        { of: 'total-unread' },
        { of: 'unread', conversationId: 'direct:bob' },
        { of: 'conversations', limit: 1 },
        { of: 'conversation', conversationId: 'direct:bob' },
        { of: 'messages', conversationId: 'direct:bob', limit: 1 },
        { of: 'receipts', messageId: 'm' },
        { of: 'connection' },
        { of: 'outbox' },
        { of: 'dead-letters' },
        { of: 'events' },
      ];
      const fail = (): never => {
        throw new Error('of the app');
      };
      const heard = topics.map((topic) => {
        const stream = watching.watch(topic);
        const seen: unknown[] = [];
        stream.subscribe(fail);
        stream.pipe(map(fail)).subscribe({ error: () => undefined });
        stream.pipe(distinctUntilChanged(fail)).subscribe({ error: () => undefined });
        stream.subscribe({ next: (value) => seen.push(value), error: () => seen.push('error'), complete: () => seen.push('complete') });
        stream.subscribe(fail);
        return seen;
      });
      await settled();
      source.next(2);
      await settled();
      source.next(3);
      await settled();
      for (const seen of heard) expect(seen).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
      // The errors of subscribers are not swallowed: the app gets these errors like any other unhandled error.
      await vi.waitFor(() => expect(unhandled).toHaveLength(topics.length * 6), { timeout: 10_000 });
      page.end();
      served.end();
    } finally {
      config.onUnhandledError = null;
    }
  });
});

describe('errors between page and worker', () => {
  it('errors arrive as instances of our classes, with their codes', () => {
    for (const error of [
      new UsageError('usage/unknown-message', 'a'),
      new StoreError('store/quota-exceeded', 'b'),
      new RejectedError('rejected/id-conflict', 'c', 'key'),
    ]) {
      const there = fromWireError(structuredClone(toWireError(error)));
      expect(there).toBeInstanceOf(error.constructor);
      expect(there).toMatchObject({ code: error.code, message: error.message, retryable: false });
    }
    expect(fromWireError(toWireError(new RejectedError('rejected/id-conflict', 'c', 'key')))).toMatchObject({ idempotencyKey: 'key' });
  });

  it('an unexpected error in the worker arrives as a WorkerError with the advice to repeat the call', () => {
    expect(fromWireError(toWireError(new TypeError('x is undefined')))).toBeInstanceOf(WorkerError);
  });
});
