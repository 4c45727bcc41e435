import { BehaviorSubject, finalize } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveStreams, StreamPort } from '../../../src/bridge/streams.ts';
import { fromWireError, toWireError } from '../../../src/bridge/error-transfer.ts';
import { RejectedError, StoreError, UsageError, WorkerError } from '../../../src/errors.ts';

const crossed = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('streams across threads', () => {
  let page: StreamPort;
  let served: { end: () => void };
  let source: BehaviorSubject<number>;
  let open: number;
  beforeEach(() => {
    const { port1, port2 } = new MessageChannel();
    page = new StreamPort(port1);
    source = new BehaviorSubject(0);
    open = 0;
    served = serveStreams(port2, () => {
      open++;
      return source.pipe(finalize(() => open--));
    });
  });
  afterEach(() => {
    served.end();
    page.end();
  });

  it('values arrive in order, and unsubscribing reaches the worker', async () => {
    const seen: number[] = [];
    const subscription = page.watch({ of: 'total-unread' }).subscribe((value) => seen.push(value));
    await crossed();
    source.next(1);
    source.next(2);
    await crossed();
    expect(seen).toEqual([0, 1, 2]);
    expect(open).toBe(1);
    subscription.unsubscribe();
    await crossed();
    expect(open).toBe(0);
  });

  it('a thousand subscriptions leave nothing behind on either side', async () => {
    for (let n = 0; n < 1000; n++)
      page
        .watch({ of: 'unread', conversationId: `direct:p${n}` })
        .subscribe()
        .unsubscribe();
    await crossed();
    expect([open, page.size]).toEqual([0, 0]);
  });

  it('completes everything when the worker ends, and what is watched afterwards too', async () => {
    const ends: string[] = [];
    page.watch({ of: 'outbox' }).subscribe({ complete: () => ends.push('before') });
    await crossed();
    served.end();
    await crossed();
    page.watch({ of: 'outbox' }).subscribe({ complete: () => ends.push('after') });
    expect(ends).toEqual(['before', 'after']);
  });
});

describe('errors across threads', () => {
  it('arrive as our classes with their codes', () => {
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

  it('a fault of ours says that the call may be repeated', () => {
    expect(fromWireError(toWireError(new TypeError('x is undefined')))).toBeInstanceOf(WorkerError);
  });
});
