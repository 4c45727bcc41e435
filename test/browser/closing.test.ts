/** Clients that come and go within a page: calls before close() are stored, and no worker is left. */
import { firstValueFrom, filter, type Observable, timeout } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReceiptClient, type ReceiptClient, UsageError } from '../../src/index.ts';
import { OwnWorkers } from '../../src/client/worker-start/own-workers.ts';
import { Backend, until } from './backend.ts';

/** No server listens here: all of this is offline. */
const url = 'ws://127.0.0.1:9/receipts';
let users = 0;
const newUser = (): string => `closing-${performance.timeOrigin}-${++users}`;

let alive = new Set<Worker>();
let made = 0;
beforeEach(() => {
  alive = new Set();
  made = 0;
});
afterEach(() => {
  for (const worker of alive) worker.terminate();
});

const counted = (): Worker => {
  const worker = new OwnWorkers().make();
  const terminate = worker.terminate.bind(worker);
  worker.terminate = () => {
    alive.delete(worker);
    terminate();
  };
  alive.add(worker);
  made++;
  return worker;
};
const create = (userId: string): ReceiptClient => createReceiptClient({ url, userId, getToken: () => 'token', worker: counted });
const first = <T>(stream$: Observable<T>): Promise<T> => firstValueFrom(stream$.pipe(timeout(15_000)));

describe('calls and close() in one turn', () => {
  it.each(['booting', 'running'])(
    'calls before close() in the same turn are answered and stored; the worker is %s (F111)',
    async (mode) => {
      const userId = newUser();
      const client = create(userId);
      if (mode === 'running') await client.flush();
      const sent = client.sendMessage('direct:bob', 'before close');
      const flushed = client.flush({ timeoutMs: 20 });
      const explained = client.explainUnread('direct:bob');
      const closed = client.close();
      const late = client.sendMessage('direct:bob', 'after close').catch((error: unknown) => error);
      expect(await sent).toMatchObject({ status: 'pending', body: 'before close' });
      expect(await flushed).toEqual({ sent: 0, pending: 1, rejected: 0 });
      expect(await explained).toMatchObject({ conversationId: 'direct:bob', unreadCount: 0 });
      await closed;
      expect(await late).toMatchObject({ code: 'usage/closed' });
      expect(alive.size).toBe(0);
      const again = create(userId);
      const list = await first(again.watchMessages('direct:bob').pipe(filter((all) => all.length > 0)));
      expect(list.map(({ body }) => body)).toEqual(['before close']);
      await again.close();
    },
  );

  it('the settings of a new client are stored, also if the client is closed at once (F111)', async () => {
    const userId = newUser();
    await createReceiptClient({ url, userId, getToken: () => 'token', readReceipts: false, worker: counted }).close();
    const again = create(userId);
    expect((await again.sendReadReceipts('direct:bob', ['m'])).skipped).toEqual([{ id: 'm', reason: 'receipts-off' }]);
    await again.close();
    expect(alive.size).toBe(0);
  });

  it('with a server, explainUnread and flush see the effect of the call before them (F111)', async () => {
    const backend = await Backend.start();
    const bob = await backend.live('bob');
    const alice = await backend.live('alice');
    for (let n = 0; n < 3; n++) await bob.sendMessage('direct:alice', n);
    await until(alice.watchUnreadCount('direct:bob'), (count) => count === 3);
    void alice.clearConversationUnreadCount('direct:bob');
    expect(await alice.explainUnread('direct:bob')).toMatchObject({ unreadCount: 0 });
    void alice.sendMessage('direct:bob', 'counted');
    expect(await alice.flush()).toMatchObject({ pending: 0, rejected: 0 });
    expect(await first(bob.watchMessages('direct:alice').pipe(filter((all) => all.length === 4)))).toHaveLength(4);
    await backend.stop();
  });

  it('messages seen in an open conversation are stored when the view and the client are closed in the same turn (F111)', async () => {
    const backend = await Backend.start();
    const bob = await backend.live('bob');
    const alice = await backend.live('alice');
    const { id } = await bob.sendMessage('direct:alice', 'seen');
    await until(alice.watchUnreadCount('direct:bob'), (count) => count === 1);
    await backend.cut();
    window.focus();
    await expect.poll(() => document.hasFocus()).toBe(true);
    const view = alice.viewConversation('direct:bob');
    view.seen(id);
    view.close();
    await alice.close();
    const again = backend.client('alice');
    expect(await again.explainUnread('direct:bob')).toMatchObject({ unreadCount: 0 });
    await backend.heal();
    await backend.stop();
  });
});

/**
 * React's StrictMode in development, in the order observed in React 19: each state initialiser runs twice and the first result
 * stays; then all effects, all clean-ups and all effects again in one turn, a parent's clean-up before its child's second effect.
 */
interface Component<S> {
  readonly initial: () => S;
  readonly effect: (state: S) => () => void;
  readonly childEffect: (state: S) => () => void;
}
const mountStrictly = async <S>({ initial, effect, childEffect }: Component<S>): Promise<() => void> => {
  const state = initial();
  initial();
  // The browser may paint at this point.
  await Promise.resolve();
  let child = childEffect(state);
  const parent = effect(state);
  parent();
  child();
  child = childEffect(state);
  const again = effect(state);
  return () => {
    again();
    child();
  };
};

describe('a client in a page with React StrictMode', () => {
  it('the pattern of the React guide starts one worker, shows values, and leaves no worker after the unmount (F129)', async () => {
    const userId = newUser();
    let current: ReceiptClient | null = null;
    const unmount = await mountStrictly({
      initial: () => null,
      effect: () => {
        const client = create(userId);
        current = client;
        return () => void client.close();
      },
      childEffect: () => () => undefined,
    });
    // What React renders next: children get the client from the state.
    const client = current as unknown as ReceiptClient;
    expect(await first(client.watchOutbox())).toMatchObject({ pending: 0 });
    expect(made).toBe(1);
    unmount();
    await expect.poll(() => alive.size).toBe(0);
  });

  it('a client from a state initialiser, closed by an effect, names the way out at once, and the page does not stay blank (F129)', async () => {
    const said: unknown[] = [];
    const attempt = (watch: () => void): void => {
      try {
        watch();
      } catch (error) {
        said.push(error);
      }
    };
    const clients: ReceiptClient[] = [];
    let total$: Observable<number> | null = null;
    const unmount = await mountStrictly({
      initial: () => {
        const client = create(newUser());
        clients.push(client);
        return client;
      },
      effect: (client) => () => void client.close(),
      childEffect: (client) => {
        // The first component asks again, and the second has kept the stream from its first render.
        attempt(() => client.watchTotalUnreadCount().subscribe());
        total$ ??= client.watchTotalUnreadCount();
        total$.subscribe({ error: (error: unknown) => said.push(error), complete: () => said.push('complete') });
        return () => undefined;
      },
    });
    await expect.poll(() => said.length).toBe(3);
    const errors = said.filter((one) => one instanceof UsageError);
    expect(errors.map(({ code }) => code)).toEqual(['usage/closed', 'usage/closed']);
    for (const { message } of errors) expect(message).toMatch(/closed by close\(\).*create another one.*In React.*tidemark\/react/);
    // The stream that was open when the client was closed has completed, as every stream does.
    expect(said.filter((one) => one === 'complete')).toHaveLength(1);
    unmount();
    await Promise.all(clients.map((client) => client.close()));
    expect(alive.size).toBe(0);
  });
});

describe('clients of a page with mounts and unmounts', () => {
  it('50 quick mounts leave no worker behind, booted or not (F118)', async () => {
    for (let n = 0; n < 50; n++) {
      const client = create(newUser());
      const seen = client.watchTotalUnreadCount().subscribe();
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.unsubscribe();
      void client.close();
    }
    expect(made).toBe(50);
    // A worker that has started in the meantime closes its account first.
    await expect.poll(() => alive.size, { timeout: 2000 }).toBe(0);
  });

  it('a client closed in the turn of its creation starts no worker (F118)', async () => {
    for (let n = 0; n < 50; n++) void create(newUser()).close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made).toBe(0);
  });
});
