/**
 * A push event from its dispatch to its end, in the service worker's code over a real store and server. The service worker runs in real
 * time, because it takes its clock from the browser; each request lets the virtual time of the server pass.
 */
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { browserClock } from '../../../src/platform/browser-ports.ts';
import { claimBadge } from '../../../src/platform/app-badge.ts';
import type { Mentions } from '../../../src/model/mentions.ts';
import { databaseName } from '../../../src/model/storage-name.ts';
import { installReceiptSync, type ReceiptSyncOptions, type ServiceWorkerScope } from '../../../src/service-worker/index.ts';
import { SHOWN_WITHIN_MS } from '../../../src/service-worker/notice.ts';
import { enterAccount } from '../../../src/engine/account/enter-account.ts';
import { openDexieStore } from '../../../src/store/dexie-store.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { openDevice, type WorldTab } from '../../support/on-tab.ts';

const url = 'ws://server.example/receipts';
const PLAIN = { title: 'app.example', options: { tag: 'tidemark:alice', silent: true } };

describe('a push in the service worker', () => {
  let world: TestWorld;
  let bob: WorldTab;
  let badge: number[];
  let shown: { title: string; options: NotificationOptions | undefined }[];
  let isAllowed: boolean;
  let isReachable: boolean;
  /** The steps in the order in which they happened. */
  let steps: string[];
  let seq: number;

  beforeEach(async () => {
    [badge, shown, steps, isAllowed, isReachable, seq] = [[], [], [], true, true, 0];
    vi.stubGlobal('isSecureContext', true);
    const setAppBadge = async (total: number): Promise<void> => {
      badge.push(total);
      steps.push('badge');
    };
    vi.stubGlobal('navigator', { setAppBadge, clearAppBadge: () => setAppBadge(0) });
    world = createTestWorld();
    vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
      if (!isReachable) throw new TypeError('no network');
      const answer = await world.until(world.server.request(body));
      return new Response(answer.body, { status: answer.status, headers: { 'content-type': 'application/json' } });
    });
    [, bob] = await openDevice(world, 'bob');
    const name = databaseName(url, 'alice');
    const store = await openDexieStore(name, { clock: browserClock });
    await enterAccount(store, { userId: 'alice', deviceId: 'phone' });
    store.close();
    await claimBadge(name, 'messages');
  });
  afterEach(async () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name!);
  });

  const scope = (listeners: Map<string, (event: Event) => void>): ServiceWorkerScope => ({
    addEventListener: (type, listener) => void listeners.set(type, listener),
    registration: {
      scope: 'https://app.example/',
      showNotification: async (title, options) => {
        if (!isAllowed) throw new TypeError('No notification permission has been granted for this origin.');
        shown.push({ title, options });
        steps.push('shown');
      },
    },
    clients: { matchAll: async () => [] },
  });

  /** Dispatches the event. @returns the promise that the event waits for. */
  const dispatch = (data: object, notification?: ReceiptSyncOptions['notification']): Promise<unknown> => {
    const listeners = new Map<string, (event: Event) => void>();
    installReceiptSync(scope(listeners), { url, getToken: () => world.server.token('alice'), ...(notification ? { notification } : {}) });
    let done: Promise<unknown> = Promise.resolve();
    const event = { data: { text: () => JSON.stringify(data) }, waitUntil: (work: Promise<unknown>) => (done = work) };
    listeners.get('push')!(event as unknown as Event);
    return done;
  };

  /** Bob sends a message, and the host makes its push. */
  const pushOf = async (text: string, userId = 'alice', mentions?: Mentions): Promise<object> => {
    const { id } = await bob.do('sendMessage', 'direct:alice', { body: JSON.stringify(text), mentions });
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const message = { id, seq: ++seq, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true };
    return { type: 'push', userId, conversationId: 'direct:bob', message };
  };

  it('a push is stored and counted on the icon before the app’s callback runs, and shown as the callback says', async () => {
    await dispatch(await pushOf('hi'), ({ body }, { totalUnreadCount }) => {
      steps.push('asked');
      return { title: `${JSON.stringify(body)} ${totalUnreadCount}` };
    });
    expect(steps.slice(0, 3)).toEqual(['badge', 'asked', 'shown']);
    expect(shown.map(({ title }) => title)).toEqual(['"hi" 1']);
    await bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
  });

  it('a badge that counts mentions shows no other message, without a page too', async () => {
    await claimBadge(databaseName(url, 'alice'), 'mentions');
    await dispatch(await pushOf('hi'));
    expect(badge.at(-1)).toBe(0);
    await dispatch(await pushOf('hi alice', 'alice', ['alice']));
    expect(badge.at(-1)).toBe(1);
  });

  it('without permission for notifications, a push is counted on the icon and confirmed as delivered, and the event rejects at its end (F116)', async () => {
    isAllowed = false;
    await expect(dispatch(await pushOf('hi'), () => ({ title: 'hi' }))).rejects.toThrow('permission');
    expect(badge.at(-1)).toBe(1);
    expect(shown).toEqual([]);
    await bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
  });

  for (const [how, notification] of [
    ['throws', () => Promise.reject(new Error('of the app'))],
    [
      'throws at once',
      () => {
        throw new Error('of the app');
      },
    ],
  ] as const)
    it(`a push whose callback ${how} is counted, confirmed as delivered and shown plainly, and the event rejects at its end (F116)`, async () => {
      await expect(dispatch(await pushOf('hi'), notification)).rejects.toThrow('of the app');
      expect(badge.at(-1)).toBe(1);
      expect(shown).toEqual([PLAIN]);
      await bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.peerDeliveredUpTo === 1);
    });

  it('a push without a callback, or whose callback returns null, is shown plainly and replaces the plain notification before it (F116)', async () => {
    await dispatch(await pushOf('muted'), () => null);
    await dispatch(await pushOf('no callback'));
    expect(shown).toEqual([PLAIN, PLAIN]);
    expect(badge.at(-1)).toBe(2);
  });

  it('a push whose callback never answers is shown plainly within 15 s, and its event ends (F116)', async () => {
    const push = await pushOf('hi');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    let asked: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const done = dispatch(push, () => {
      asked();
      return new Promise(() => undefined);
    });
    const end = expect(done).rejects.toMatchObject({ code: 'usage/invalid-option' });
    while (await Promise.race([wasAsked.then(() => false), new Promise((resolve) => setImmediate(() => resolve(true)))]))
      await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(SHOWN_WITHIN_MS);
    await end;
    expect(shown).toEqual([PLAIN]);
    expect(badge.at(-1)).toBe(1);
  });

  it('a push whose notification the browser refuses is shown plainly (F116)', async () => {
    const real = new Map<string, (event: Event) => void>();
    const { registration } = scope(real);
    const refuses = async (title: string, options?: NotificationOptions): Promise<void> => {
      if (options?.body === 'bad') throw new TypeError('bad options');
      return registration.showNotification(title, options);
    };
    const listeners = new Map<string, (event: Event) => void>();
    installReceiptSync(
      { ...scope(listeners), registration: { ...registration, showNotification: refuses } },
      {
        url,
        getToken: () => world.server.token('alice'),
        notification: () => ({ title: 'hi', options: { body: 'bad' } }),
      },
    );
    let done: Promise<unknown> = Promise.resolve();
    const data = JSON.stringify(await pushOf('hi'));
    listeners.get('push')!({ data: { text: () => data }, waitUntil: (work: Promise<unknown>) => (done = work) } as unknown as Event);
    await expect(done).rejects.toThrow('bad options');
    expect(shown).toEqual([PLAIN]);
  });

  it('a push is shown with its own data if no server answers (F116)', async () => {
    const push = await pushOf('hi');
    isReachable = false;
    await dispatch(push, ({ senderId, body }) => ({ title: `${senderId} ${String(body)}` }));
    expect(shown.map(({ title }) => title)).toEqual(['bob null']);
  });

  it('a push for an unknown account or with no news is shown without names (F116)', async () => {
    const push = await pushOf('hi');
    const asked: string[] = [];
    const notification = ({ id }: { id: string }): null => {
      asked.push(id);
      return null;
    };
    await dispatch({ ...push, userId: 'of-nobody' }, notification);
    await dispatch({ ...push, message: { ...(push as { message: object }).message, id: 'made-up' } }, notification);
    expect(asked).toEqual([]);
    expect(shown).toEqual([{ ...PLAIN, options: { ...PLAIN.options, tag: 'tidemark:of-nobody' } }, PLAIN]);
    // A push of another protocol is left to the app.
    await dispatch({ hello: 'world' }, notification);
    expect(shown).toHaveLength(2);
  });
});
