import { type Observable, Subscription } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiptClient, type ReceiptClient, UsageError } from '../../../src/index.ts';

const options = { url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' };

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const refusal = (more: object = {}): UsageError => {
  try {
    createReceiptClient({ ...options, ...more });
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was created');
};

const CALLS: Readonly<Record<string, (client: ReceiptClient) => Promise<unknown>>> = {
  sendMessage: (client) => client.sendMessage('direct:bob', 'ahoy'),
  clearAllUnreadCounts: (client) => client.clearAllUnreadCounts(),
  pause: (client) => client.pause(),
  findMessage: (client) => client.findMessage('a message'),
  storage: (client) => client.storage(),
  flush: (client) => client.flush(),
  logOut: (client) => client.logOut({ pending: 'discard' }),
};

/** Subscribes to every stream of a client and of a view. */
const subscribeToAll = (client: ReceiptClient, told: unknown[]): Subscription => {
  const all = new Subscription();
  const streams: readonly Observable<unknown>[] = [
    client.watchTotalUnreadCount(),
    client.watchUnreadCount('direct:bob'),
    client.watchConversations(),
    client.watchMessages('direct:bob'),
    client.watchReceipts('a message'),
    client.watchConnection(),
    client.watchEvents(),
    client.viewConversation('direct:bob').firstUnread,
  ];
  for (const stream of streams) all.add(stream.subscribe({ next: (value) => told.push(value), complete: () => told.push('complete') }));
  return all;
};

describe('on a server that renders pages', () => {
  it('a client starts no timer and no worker, and its streams emit nothing (F134)', async () => {
    vi.useFakeTimers();
    const worker = vi.fn();
    const getToken = vi.fn(() => 'token');
    const told: unknown[] = [];
    const client = createReceiptClient({ ...options, worker, getToken, appBadge: true });
    const subscriptions = subscribeToAll(client, told);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect([worker, getToken].map((called) => called.mock.calls.length)).toEqual([0, 0]);
    expect(told).toEqual([]);
    subscriptions.unsubscribe();
  });

  it.each(Object.entries(CALLS))('%s rejects with `usage/no-browser` (F134)', async (_name, call) => {
    const client = createReceiptClient(options);
    await expect(call(client)).rejects.toMatchObject({ code: 'usage/no-browser', retryable: false });
    await expect(call(client)).rejects.toThrow('make the call in an effect or a handler');
  });

  it('a client checks arguments like a client in a browser', async () => {
    const client = createReceiptClient(options);
    expect(() => client.watchMessages('bob' as never)).toThrow(UsageError);
    await expect(client.sendMessage('direct:bob', () => 0)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('close ends the streams and rejects later calls (F134)', async () => {
    const client = createReceiptClient(options);
    const told: unknown[] = [];
    subscribeToAll(client, told);
    await client.close();
    expect(told).toEqual(Array(8).fill('complete'));
    await expect(client.pause()).rejects.toMatchObject({ code: 'usage/closed' });
  });

  it('invalid options are refused', () => {
    expect(refusal({ url: 'nowhere' }).message).toContain('url must be');
  });
});

describe('in a worker, and on a simulated page that lacks features', () => {
  it.each(['document', 'importScripts'])('with %s, createReceiptClient names the missing features and leaves no timer (F118)', (name) => {
    vi.useFakeTimers();
    vi.stubGlobal(name, {});
    const error = refusal();
    expect(error.code).toBe('usage/invalid-option');
    expect(error.message).toMatch(/missing here: .*Worker\./);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('the option `worker` does not replace the page, and is never called (F118)', () => {
    vi.stubGlobal('importScripts', () => undefined);
    const worker = vi.fn();
    expect(refusal({ worker }).message).toMatch(/missing here: document(, navigator)?\./);
    expect(worker).not.toHaveBeenCalled();
  });
});
