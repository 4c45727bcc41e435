import { firstValueFrom, filter, toArray, timeout } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createReceiptClient, type ReceiptClient, UsageError } from '../../src/index.ts';

/** No server listens here: all of this is offline. */
const url = 'ws://127.0.0.1:9/receipts';
let users = 0;
const newUser = (): string => `user-${performance.timeOrigin}-${++users}`;

describe('a client in a real browser, offline', () => {
  const open: ReceiptClient[] = [];
  const client = (userId: string): ReceiptClient => {
    const made = createReceiptClient({ url, userId, getToken: () => 'token' });
    open.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((made) => made.close()));
  });

  it('a client keeps a message over a restart, and shows the message at once', async () => {
    const userId = newUser();
    const first = client(userId);
    const { id } = await first.sendMessage('direct:bob', { text: 'hello' });
    await first.close();
    const second = client(userId);
    expect(await firstValueFrom(second.watchMessages('direct:bob'))).toMatchObject([
      { id, seq: null, status: 'pending', body: { text: 'hello' } },
    ]);
    expect(await firstValueFrom(second.watchOutbox())).toMatchObject({ pending: 1, inFlight: 0 });
  });

  it('of two tabs of an account a single tab leads, and each tab shows the writes of the other', async () => {
    const userId = newUser();
    const [one, two] = [client(userId), client(userId)];
    const leaders = async (): Promise<number> =>
      (await Promise.all([one, two].map((tab) => firstValueFrom(tab.watchConnection())))).filter(({ leader }) => leader).length;
    await expect.poll(leaders).toBe(1);
    await one.sendMessage('direct:bob', 'from one');
    await two.sendMessage('direct:bob', 'from two');
    for (const tab of [one, two])
      await firstValueFrom(
        tab.watchMessages('direct:bob').pipe(
          filter((list) => list.map(({ body }) => body).join() === 'from one,from two'),
          timeout(2000),
        ),
      );
  });

  it('the connection shows an unreachable server, and the time of the next attempt', async () => {
    const made = client(newUser());
    const status = await firstValueFrom(made.watchConnection().pipe(filter(({ error }) => error !== null)));
    expect(status).toMatchObject({ state: 'offline', durability: 'durable', error: { code: 'transport/unreachable' } });
    expect(status.retryAt).toBeGreaterThan(Date.now() - 1000);
  });

  it('invalid calls are refused with typed errors that name the value, and the client goes on (F18, F19)', async () => {
    const userId = newUser();
    const made = client(userId);
    const bad: [string, () => Promise<unknown>][] = [
      ['a function', () => made.sendMessage('direct:bob', () => 1)],
      ['a class instance', () => made.sendMessage('direct:bob', new Map())],
      ['NaN', () => made.sendMessage('direct:bob', { at: Number.NaN })],
      ['NUL', () => made.sendMessage('direct:bob', 'a\u0000b')],
      ['half a pair', () => made.sendMessage('direct:bob', 'a\ud800b')],
      ['too long', () => made.sendMessage('direct:bob', 'x'.repeat(17_000))],
      ['nobody', () => made.sendMessage('direct:', 'x')],
      ['no conversation', () => made.clearConversationUnreadCount('bob' as never)],
      ['myself', () => made.sendMessage(`direct:${userId}`, 'x')],
      ['a long id', () => made.sendReadReceipts('direct:bob', ['x'.repeat(1_000_000)])],
      ['an empty id', () => made.sendReadReceipts('direct:bob', [''])],
    ];
    for (const [what, call] of bad) {
      const error: unknown = await call().catch((reason: unknown) => reason);
      expect(error, what).toBeInstanceOf(UsageError);
      expect((error as UsageError).code, what).toBe('usage/invalid-argument');
    }
    expect(() => made.watchUnreadCount('nonsense' as never)).toThrow(UsageError);
    const unknown: unknown = await made.clearConversationUnreadCount('direct:bob', { upTo: 'nowhere' }).catch((reason: unknown) => reason);
    expect(unknown).toBeInstanceOf(UsageError);
    expect((unknown as UsageError).code).toBe('usage/unknown-conversation');
    expect(await made.sendMessage('direct:bob', 'still here')).toMatchObject({ status: 'pending' });
  });

  it('a thousand subscriptions leave nothing behind', async () => {
    const made = client(newUser());
    await made.sendMessage('direct:bob', 'x');
    const outbox$ = made.watchOutbox();
    for (let i = 0; i < 1000; i++) {
      const subscription = made.watchUnreadCount(`direct:p${i}`).subscribe();
      const second = outbox$.subscribe();
      subscription.unsubscribe();
      second.unsubscribe();
    }
    expect(await firstValueFrom(outbox$)).toMatchObject({ pending: 1 });
  });

  it('after close, calls reject with usage/closed and streams complete', async () => {
    const made = client(newUser());
    const ended = firstValueFrom(made.watchTotalUnreadCount().pipe(toArray()));
    await made.sendMessage('direct:bob', 'x');
    await made.close();
    // A device without a first sync shows no count.
    expect(await ended).toEqual([]);
    await expect(made.sendMessage('direct:bob', 'y')).rejects.toMatchObject({ code: 'usage/closed' });
  });

  it('I-16: once a call has resolved, every stream shows its effect, also a stream opened before', async () => {
    const made = client(newUser());
    const kept = made.watchOutbox().subscribe();
    for (let n = 1; n <= 20; n++) {
      await made.sendMessage('direct:bob', n);
      expect((await firstValueFrom(made.watchOutbox())).pending).toBe(n);
    }
    kept.unsubscribe();
  });

  it('a stream replays its latest value to a later subscriber', async () => {
    const made = client(newUser());
    const first = await firstValueFrom(made.watchOutbox());
    expect(first).toEqual({ pending: 0, oldestAt: null, inFlight: 0 });
    const kept = made.watchOutbox().subscribe();
    await made.sendMessage('direct:bob', 'x');
    await firstValueFrom(made.watchOutbox().pipe(filter(({ pending }) => pending === 1)));
    expect(await firstValueFrom(made.watchOutbox())).toMatchObject({ pending: 1 });
    kept.unsubscribe();
  });
});
