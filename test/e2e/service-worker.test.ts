/**
 * The service worker in a real Chromium, woken by Background Sync and by Web Push: beside pages, beside frozen
 * pages, and without a page.
 */
import type { CDPSession, Page, Worker } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from '../../src/protocol/frames.ts';
import type { PushFrame } from '../../src/protocol/push.ts';
import { declarativePush } from '../../src/server/push/declarative-push.ts';
import type { ProtocolClient } from '../support/protocol-client.ts';
import { notificationTag, readNotificationTag } from '../../src/model/notification-tag.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { setFrozen } from '../support/real-browser.ts';
import type { Noted } from './page/service-worker.ts';
import { type Device, eventually, sendMany, sleep, World } from './world.ts';

type Submit = Frame<'submit'>;
type Hello = Frame<'hello'>;

/** How long the service worker waits for a leader tab. */
const LEADER_TIMEOUT_MS = 2000;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

/** Wakes service workers like the browser, from a tab outside of the app. */
class Waker {
  #registrationId = '';
  #isStopped = false;

  private constructor(
    private readonly device: Device,
    private readonly session: CDPSession,
    private readonly origin: string,
  ) {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      for (const { registrationId, isDeleted } of registrations) if (!isDeleted) this.#registrationId = registrationId;
    });
    session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      for (const { runningStatus } of versions) this.#isStopped = runningStatus === 'stopped';
    });
  }

  /** The answer for a device with the app open. */
  static async of(device: Device): Promise<Waker> {
    const context = device.page.context();
    const { origin } = new URL(device.page.url());
    await context.grantPermissions(['notifications'], { origin });
    const tab = await context.newPage();
    await tab.bringToFront();
    const waker = new Waker(device, await context.newCDPSession(tab), origin);
    await waker.session.send('ServiceWorker.enable');
    await eventually('a registration', () => waker.#registrationId !== '');
    return waker;
  }

  /** The browser's event for the return of the network. */
  async sync(): Promise<void> {
    const { origin } = this;
    await this.session.send('ServiceWorker.dispatchSyncEvent', {
      origin,
      registrationId: this.#registrationId,
      tag: 'tidemark-receipts',
      lastChance: false,
    });
  }

  async push(data: string | PushFrame): Promise<void> {
    await this.session.send('ServiceWorker.deliverPushMessage', {
      origin: this.origin,
      registrationId: this.#registrationId,
      data: typeof data === 'string' ? data : JSON.stringify(data),
    });
  }

  /** Kills the service worker at any point of its work. */
  async stop(): Promise<void> {
    await this.session.send('ServiceWorker.stopAllWorkers');
    await eventually('the end of the service worker', () => this.#isStopped);
  }

  async worker(): Promise<Worker> {
    const context = this.device.page.context();
    await eventually('a service worker', () => context.serviceWorkers().length > 0);
    return context.serviceWorkers()[0]!;
  }

  /** Delivers a push, and waits for its end. @returns the steps of this worker since its start. */
  async pushed(data: string | PushFrame): Promise<Noted> {
    const worker = await this.worker();
    const { ends } = await this.noted(worker);
    await this.push(data);
    await eventually('the end of the push', async () => (await this.noted(worker)).ends.length > ends.length);
    return this.noted(worker);
  }

  /** The user refuses notifications from here on. */
  async refuseNotifications(): Promise<void> {
    await this.session.send('Browser.setPermission', { permission: { name: 'notifications' }, setting: 'denied', origin: this.origin });
  }

  noted(worker: Worker): Promise<Noted> {
    return worker.evaluate(() => {
      const { appBadge, asked, ends } = self as unknown as Noted;
      return { appBadge, asked, ends };
    });
  }

  async closeNotifications(): Promise<void> {
    const worker = await this.worker();
    await worker.evaluate(async () => {
      const { registration } = self as unknown as ServiceWorkerGlobalScope;
      for (const notification of await registration.getNotifications()) notification.close();
    });
  }

  async notifications(): Promise<{ title: string; body: string; tag: string }[]> {
    const worker = await this.worker();
    return worker.evaluate(async () => {
      const { registration } = self as unknown as ServiceWorkerGlobalScope;
      return (await registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag }));
    });
  }
}

/** Freezes the page behind another tab as the browser does, but not in a transaction, which Chromium lets end first. */
const freeze = async (page: Page): Promise<void> => {
  await eventually('a hidden page', () => page.evaluate(() => document.visibilityState === 'hidden'));
  await sleep(500);
  await setFrozen(page, true);
};

/** A device with the app open and its service worker running. */
const withServiceWorker = async (userId: string, more: Record<string, string> = {}, isReal = false): Promise<[Device, Waker]> => {
  const device = await world.device(userId, { isReal });
  await device.start([], { serviceWorker: 'yes', ...more });
  await eventually('to be live', async () => (await device.state()) === 'live');
  return [device, await Waker.of(device)];
};

const say = (device: Device, peer: string, texts: readonly string[]): Promise<void> =>
  device.page.evaluate(
    async ([to, all]) => {
      await Promise.all(all.map((text) => window.app.client.sendMessage(`direct:${to}`, { text })));
    },
    [peer, texts] as const,
  );

const cutOff = async (device: Device): Promise<void> => {
  device.proxy.cut();
  await eventually('to be offline', async () => (await device.state()) === 'offline');
};

/** The messages between two people, oldest first. */
const receivedBy = (person: ProtocolClient, from: string): string[] =>
  [...(person.messages.get(`direct:${from}`)?.values() ?? [])]
    .sort((a, b) => a.seq - b.seq)
    .map(({ body }) => (JSON.parse(body) as { text: string }).text);

/** The push of a host for a message to this person. */
const pushOf = (userId: string, from: ProtocolClient, id: string, seq: number): PushFrame => ({
  type: 'push',
  userId,
  conversationId: `direct:${from.userId}`,
  message: { id, seq, senderId: from.userId, sentAt: Date.now(), receiptRequested: true, countable: true },
});

describe('Background Sync', () => {
  it('Background Sync sends the outbox of a closed page, more than one frame, once and in order', async () => {
    const [phone, waker] = await withServiceWorker('ada');
    const friends = [await world.person('ada-b'), await world.person('ada-c'), await world.person('ada-d')];
    await cutOff(phone);
    const texts = Array.from({ length: 6 }, (_, n) => `${n} ${'x'.repeat(12_000)}`);
    for (const { userId } of friends) await say(phone, userId, texts);
    await phone.page.close();
    phone.proxy.heal();
    await waker.sync();
    for (const friend of friends) await eventually('all entries to arrive', () => receivedBy(friend, 'ada').length === texts.length);
    for (const friend of friends) expect(receivedBy(friend, 'ada')).toEqual(texts);
    expect(phone.proxy.posted<Submit>('submit').length).toBeGreaterThan(3);
    for (const body of phone.proxy.posts) expect(body.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('Background Sync does not wait for a frozen page, and the page changes nothing after its thaw', async () => {
    const [phone, waker] = await withServiceWorker('bea', {}, true);
    const friend = await world.person('bea-friend');
    await cutOff(phone);
    await say(phone, friend.userId, ['one', 'two']);
    await freeze(phone.page);
    phone.proxy.heal();
    await waker.sync();
    await eventually('both messages', () => receivedBy(friend, 'bea').length === 2);
    expect(phone.proxy.posted<Submit>('submit')).toHaveLength(1);
    await setFrozen(phone.page, false);
    await eventually('an empty outbox in the page', async () => (await phone.pending()) === 0);
    await say(phone, friend.userId, ['three']);
    await eventually('the later message', () => receivedBy(friend, 'bea').length === 3);
    expect(receivedBy(friend, 'bea')).toEqual(['one', 'two', 'three']);
    expect(phone.troubles).toEqual([]);
  });

  it('Background Sync takes the lock from a silent page (F30)', async () => {
    const [phone, waker] = await withServiceWorker('bess');
    const friend = await world.person('bess-friend');
    await cutOff(phone);
    await say(phone, friend.userId, ['one']);
    await phone.page.evaluate(
      async (name) => {
        await window.app.client.close();
        await new Promise<void>((held) => {
          void navigator.locks.request(name, () => {
            held();
            return new Promise(() => undefined);
          });
        });
      },
      databaseName(`ws://127.0.0.1:${phone.proxy.port}/receipts`, 'bess'),
    );
    phone.proxy.heal();
    await waker.sync();
    await eventually('the message', () => receivedBy(friend, 'bess').length === 1);
  });

  it('a service worker killed between request and answer sends the same keys again: no entry is lost or takes effect twice (F36)', async () => {
    const [phone, waker] = await withServiceWorker('cleo');
    const friend = await world.person('cleo-friend');
    await cutOff(phone);
    await say(phone, friend.userId, ['one', 'two', 'three']);
    await phone.page.close();
    phone.proxy.heal();
    phone.proxy.holdsAnswers = true;
    await waker.sync();
    await eventually('a batch on its way', () => phone.proxy.posted<Submit>('submit').length === 1);
    // The server may stop reading a request of a lost sender. This request has been read.
    await eventually('the effect of the batch', () => receivedBy(friend, 'cleo').length === 3);
    await waker.stop();
    phone.proxy.holdsAnswers = false;
    await waker.sync();
    await eventually('the batch again', () => phone.proxy.posted<Submit>('submit').length > 1);
    const [first, second] = phone.proxy.posted<Submit>('submit');
    expect(second?.entries.map(({ key }) => key)).toEqual(first?.entries.map(({ key }) => key));
    await phone.open();
    await eventually('an empty outbox', async () => (await phone.pending()) === 0);
    expect(receivedBy(friend, 'cleo')).toEqual(['one', 'two', 'three']);
    expect(friend.rows.get('direct:cleo')?.latestSeq).toBe(3);
  });

  it('beside an answering leader tab, the service worker sends nothing itself: the tab flushes, in order (F37)', async () => {
    const [phone, waker] = await withServiceWorker('dora');
    const friend = await world.person('dora-friend');
    const worker = await waker.worker();
    // The page has sent a batch and waits for the answer.
    const release = phone.proxy.hold();
    await say(phone, friend.userId, ['0', '1', '2']);
    await eventually('the page to send', () => phone.proxy.sent<Submit>('submit').length > 0);
    const { ends } = await waker.noted(worker);
    await waker.sync();
    await say(phone, friend.userId, ['3', '4']);
    await sleep(LEADER_TIMEOUT_MS + 500);
    release();
    await eventually('the end of the sync', async () => (await waker.noted(worker)).ends.length > ends.length);
    expect((await waker.noted(worker)).ends.at(-1)).toBe('done');
    expect(await phone.pending()).toBe(0);
    await eventually('all entries to arrive', () => receivedBy(friend, 'dora').length === 5);
    expect(receivedBy(friend, 'dora')).toEqual(['0', '1', '2', '3', '4']);
    expect(phone.proxy.posts).toEqual([]);
    expect(await phone.state()).toBe('live');
  });

  it('Background Sync sends the outbox of each account on its own, and not of a paused or logged-out account', async () => {
    const [phone, waker] = await withServiceWorker('eve');
    const friend = await world.person('eve-friend');
    await cutOff(phone);
    await say(phone, friend.userId, ['of eve']);
    for (const userId of ['eve-paused', 'eve-gone', 'eve-too']) {
      await phone.open([], { user: userId });
      await say(phone, friend.userId, [`of ${userId}`]);
      if (userId === 'eve-paused') await phone.page.evaluate(() => window.app.client.pause());
      if (userId === 'eve-gone') await phone.page.evaluate(() => window.app.client.logOut({ pending: 'discard', keepData: true }));
    }
    await phone.page.close();
    phone.proxy.heal();
    await waker.sync();
    await eventually('the messages of both accounts', () => receivedBy(friend, 'eve').length + receivedBy(friend, 'eve-too').length === 2);
    expect(new Set(phone.proxy.posted<Hello>('hello').map(({ userId }) => userId))).toEqual(new Set(['eve', 'eve-too']));
    expect(friend.rows.has('direct:eve-paused') || friend.rows.has('direct:eve-gone')).toBe(false);
  });

  it('without Background Sync, the next start of the app sends the outbox (F38)', async () => {
    const phone = await world.device('fay');
    const friend = await world.person('fay-friend');
    await phone.start([], { serviceWorker: 'withoutSync' });
    await eventually('to be live', async () => (await phone.state()) === 'live');
    await cutOff(phone);
    await say(phone, friend.userId, ['one', 'two']);
    await phone.page.close();
    phone.proxy.heal();
    await phone.open([], { serviceWorker: 'withoutSync' });
    await eventually('both messages', () => receivedBy(friend, 'fay').length === 2);
    expect(receivedBy(friend, 'fay')).toEqual(['one', 'two']);
    expect(phone.proxy.posts).toEqual([]);
    expect(phone.troubles).toEqual([]);
  });
});

describe('Web Push', () => {
  it('a message pushed while no page is open is stored, confirmed as delivered and not as read, shown once, and counted on the icon', async () => {
    const [phone, waker] = await withServiceWorker('gwen', { appBadge: 'true' });
    const friend = await world.person('gwen-friend');
    await phone.page.close();
    const [earlier, pushed] = await sendMany(friend, 'gwen', 2);
    const push = pushOf('gwen', friend, pushed!, 2);
    const first = await waker.pushed(push);
    expect(first.asked).toEqual([
      {
        id: pushed,
        body: { text: 'gwen-friend 1' },
        context: { userId: 'gwen', muted: false, visible: false, focused: false, unread: 2, mentions: 0, totalUnreadCount: 2 },
      },
    ]);
    expect(await waker.notifications()).toEqual([
      { title: 'gwen-friend to gwen', body: '{"text":"gwen-friend 1"}', tag: notificationTag('gwen', 'direct:gwen-friend', 2) },
    ]);
    await eventually('both delivered', () => friend.rows.get('direct:gwen')?.theirs.delivered[0]?.[1] === 2);
    expect(friend.rows.get('direct:gwen')?.theirs).toMatchObject({ read: [], named: [] });

    // The same push again, and the push of a message from the first push.
    await waker.pushed(push);
    const last = await waker.pushed(pushOf('gwen', friend, earlier!, 1));
    expect((await waker.notifications()).map(({ tag }) => tag).sort()).toEqual(
      [1, 2].map((seq) => notificationTag('gwen', 'direct:gwen-friend', seq)),
    );
    // The count is derived each time.
    expect(new Set(last.appBadge)).toEqual(new Set([2]));

    // The message is stored, so the next start shows the message without a network.
    phone.proxy.cut();
    await phone.open([], { appBadge: 'true' });
    await eventually('two unread', async () => (await phone.total()) === 2);
    const texts = await phone.page.evaluate(
      () =>
        new Promise((resolve) =>
          window.app.client
            .watchMessages('direct:gwen-friend')
            .subscribe((list) => list.length === 2 && resolve(list.map(({ body }) => body))),
        ),
    );
    expect(texts).toEqual([{ text: 'gwen-friend 0' }, { text: 'gwen-friend 1' }]);
    expect(phone.troubles).toEqual([]);
  });

  it('without a network a push is shown with its own data, and with a network only if the server knows the message', async () => {
    const [phone, waker] = await withServiceWorker('hope');
    const friend = await world.person('hope-friend');
    await phone.page.close();
    const [id] = await sendMany(friend, 'hope', 1);
    phone.proxy.cut();
    const { asked } = await waker.pushed(pushOf('hope', friend, id!, 1));
    expect(asked.map((message) => [message.id, message.body])).toEqual([[id, null]]);
    phone.proxy.heal();
    const after = await waker.pushed(pushOf('hope', friend, 'made-up', 2));
    expect(after.asked).toHaveLength(1);
  });

  it('a push for a paused, logged-out or unknown account, or with other data, stores nothing and is shown without names', async () => {
    const [phone, waker] = await withServiceWorker('iris');
    const friend = await world.person('iris-friend');
    const [read] = await sendMany(friend, 'iris', 1);
    await eventually('the message', async () => (await phone.total()) === 1);
    await phone.page.evaluate(() => window.app.client.clearConversationUnreadCount('direct:iris-friend'));
    await eventually('an empty outbox', async () => (await phone.pending()) === 0);
    const isRead = pushOf('iris', friend, read!, 1);
    await phone.page.evaluate(() => window.app.client.pause());
    const [id] = await sendMany(friend, 'iris', 1);
    await waker.pushed(pushOf('iris', friend, id!, 2));
    expect(await phone.total()).toBe(0);
    await phone.page.evaluate(() => window.app.client.resume());
    await eventually('the second message', async () => (await phone.total()) === 1);
    await waker.pushed(isRead);
    await waker.pushed('{"hello":"world"}');
    await waker.pushed('not even JSON');
    await waker.pushed({ ...isRead, userId: 'somebody-else' });
    await phone.page.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
    const { asked, ends } = await waker.pushed(pushOf('iris', friend, id!, 2));
    expect(asked).toEqual([]);
    expect(new Set(ends)).toEqual(new Set(['done']));
    const { hostname } = new URL(phone.page.url());
    // One plain notification for each account: each replaces the one before.
    expect((await waker.notifications()).sort((a, b) => a.tag.localeCompare(b.tag))).toEqual([
      { title: hostname, body: '', tag: 'tidemark:iris' },
      { title: hostname, body: '', tag: 'tidemark:somebody-else' },
    ]);
    expect(phone.proxy.posts).toEqual([]);
    const names = await phone.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    expect(names.filter((name) => name?.startsWith('tidemark:'))).toEqual([]);
  });

  it('with a muted chat, a callback that throws or refused notifications, a push is counted on the icon (F116)', async () => {
    const [phone, waker] = await withServiceWorker('hugo', { appBadge: 'true' });
    const friend = await world.person('hugo-friend');
    const [first] = await sendMany(friend, 'hugo', 1);
    await eventually('the message', async () => (await phone.total()) === 1);
    await phone.page.evaluate(() => window.app.client.setMuted('direct:hugo-friend', true));
    await eventually('an empty outbox', async () => (await phone.pending()) === 0);
    const { hostname } = new URL(phone.page.url());
    const plain = { title: hostname, body: '', tag: 'tidemark:hugo' };
    await phone.page.close();
    await waker.pushed(pushOf('hugo', friend, first!, 1));
    expect(await waker.notifications()).toEqual([plain]);

    const loud = await world.person('the app throws');
    const [second] = await sendMany(loud, 'hugo', 1);
    const { appBadge, ends } = await waker.pushed(pushOf('hugo', loud, second!, 1));
    expect(ends.at(-1)).toContain('the app threw');
    expect(appBadge.at(-1)).toBe(1);
    expect(await waker.notifications()).toEqual([plain]);

    await waker.refuseNotifications();
    const [third] = await sendMany(loud, 'hugo', 1);
    const denied = await waker.pushed(pushOf('hugo', loud, third!, 2));
    expect(denied.appBadge.at(-1)).toBe(2);
    await eventually('both delivered', () => loud.rows.get('direct:hugo')?.theirs.delivered[0]?.[1] === 2);
  });

  it('a leader tab fetches the pushed message itself, and the service worker does not wait for a frozen tab', async () => {
    const [phone, waker] = await withServiceWorker('jane', {}, true);
    const friend = await world.person('jane-friend');
    const [id] = await sendMany(friend, 'jane', 1);
    const beside = await waker.pushed(pushOf('jane', friend, id!, 1));
    expect(beside.asked).toMatchObject([{ id, body: { text: 'jane-friend 0' }, context: { totalUnreadCount: 1 } }]);
    expect(phone.proxy.posts).toEqual([]);
    await freeze(phone.page);
    const [next] = await sendMany(friend, 'jane', 1);
    const { asked } = await waker.pushed(pushOf('jane', friend, next!, 2));
    expect(asked.at(-1)).toMatchObject({ id: next, body: { text: 'jane-friend 0' } });
    await eventually('both delivered', () => friend.rows.get('direct:jane')?.theirs.delivered[0]?.[1] === 2);
    await setFrozen(phone.page, false);
    await eventually('both unread in the page', async () => (await phone.total()) === 2);
  });
});

describe('notifications', () => {
  /** The shown notifications, by the `seq` of their messages; 0 for the plain one. */
  const shown = async (waker: Waker): Promise<number[]> =>
    (await waker.notifications()).map(({ tag }) => readNotificationTag(tag)?.seq ?? 0).sort((a, b) => a - b);
  const isShown = (waker: Waker, ...seqs: number[]): Promise<void> =>
    eventually(`the notifications ${seqs.join()}`, async () => (await shown(waker)).join() === seqs.join());
  const elsewhere = async (userId: string): Promise<Device> => {
    const laptop = await world.device(userId);
    await laptop.start();
    await eventually('to be live', async () => (await laptop.state()) === 'live');
    return laptop;
  };

  it('a notification is closed when its message is read: on this page, and on another device while a page is open', async () => {
    const [phone, waker] = await withServiceWorker('nina');
    const friend = await world.person('nina-friend');
    const ids = await sendMany(friend, 'nina', 3);
    await eventually('the messages', async () => (await phone.total()) === 3);
    for (const [i, id] of ids.entries()) await waker.pushed(pushOf('nina', friend, id, i + 1));
    await isShown(waker, 1, 2, 3);
    await phone.page.evaluate((id) => window.app.client.clearConversationUnreadCount('direct:nina-friend', { upTo: id }), ids[1]!);
    await isShown(waker, 3);
    const laptop = await elsewhere('nina');
    await laptop.page.evaluate(() => window.app.client.clearAllUnreadCounts());
    await isShown(waker);
    expect(phone.troubles).toEqual([]);
  });

  it('without a page, a notification is closed at the next push, at the next sync, or when a page opens, and not before', async () => {
    const [phone, waker] = await withServiceWorker('olga');
    const friend = await world.person('olga-friend');
    const laptop = await elsewhere('olga');
    await phone.page.close();
    const readAll = async (total: number): Promise<void> => {
      await eventually('the message', async () => (await laptop.total()) === total);
      await laptop.page.evaluate(() => window.app.client.clearAllUnreadCounts());
      await eventually('an empty outbox', async () => (await laptop.pending()) === 0);
    };
    const [first] = await sendMany(friend, 'olga', 1);
    await waker.pushed(pushOf('olga', friend, first!, 1));
    await readAll(1);
    await isShown(waker, 1);
    const [second] = await sendMany(friend, 'olga', 1);
    await waker.pushed(pushOf('olga', friend, second!, 2));
    await isShown(waker, 2);
    await readAll(1);
    await isShown(waker, 2);
    await phone.open();
    await isShown(waker);
  });

  it('a visible page closes the plain notification, and a log-out closes every notification of the account', async () => {
    const [phone, waker] = await withServiceWorker('pia', {}, true);
    const friend = await world.person('pia-friend');
    const [id] = await sendMany(friend, 'pia', 1);
    await eventually('the message', async () => (await phone.total()) === 1);
    await eventually('a hidden page', () => phone.page.evaluate(() => document.visibilityState === 'hidden'));
    await waker.pushed(pushOf('pia', friend, id!, 1));
    // This app shows nothing for a muted chat.
    await phone.page.evaluate(() => window.app.client.setMuted('direct:pia-friend', true));
    const [next] = await sendMany(friend, 'pia', 1);
    await waker.pushed(pushOf('pia', friend, next!, 2));
    await isShown(waker, 0, 1);
    await phone.page.bringToFront();
    await isShown(waker, 1);
    await phone.page.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
    await isShown(waker);
  });

  it('three pushes that the service worker cannot read or the app does not show each show a notification (F131)', async () => {
    const [phone, waker] = await withServiceWorker('quin');
    const friend = await world.person('quin-friend');
    await phone.page.close();
    const [id] = await sendMany(friend, 'quin', 1);
    const push = pushOf('quin', friend, id!, 1);
    const unreadable = JSON.stringify({ ...push, message: 'of a later version' });
    for (const data of [unreadable, JSON.stringify({ ...push, userId: 'of-nobody' }), unreadable]) {
      const { ends } = await waker.pushed(data);
      expect(ends.at(-1)).toBe('done');
      expect(await shown(waker)).toEqual([0]);
      await waker.closeNotifications();
    }
    const { asked } = await waker.pushed(JSON.stringify({ ...push, more: true }));
    expect(asked).toHaveLength(1);
    expect(await shown(waker)).toEqual([1]);
  });

  it('a declarative push is shown like a plain one by a browser without declarative pushes', async () => {
    const [phone, waker] = await withServiceWorker('rosa');
    const friend = await world.person('rosa-friend');
    await phone.page.close();
    const [id] = await sendMany(friend, 'rosa', 1);
    const declared = declarativePush(pushOf('rosa', friend, id!, 1), { title: 'Chat', navigate: `${phone.origin}/` });
    await waker.pushed(JSON.stringify(declared));
    expect(await waker.notifications()).toMatchObject([{ title: 'rosa-friend to rosa', tag: declared.notification.tag }]);
  });

  it('a click on a notification leads an open window of the app to the conversation, and closes the notification', async () => {
    const [phone, waker] = await withServiceWorker('tina');
    const friend = await world.person('tina-friend');
    const [id] = await sendMany(friend, 'tina', 1);
    await waker.pushed(pushOf('tina', friend, id!, 1));
    await isShown(waker, 1);
    await (
      await waker.worker()
    ).evaluate(async () => {
      const scope = self as unknown as ServiceWorkerGlobalScope;
      const [notification] = await scope.registration.getNotifications();
      // Chromium has no command for a click.
      scope.dispatchEvent(new NotificationEvent('notificationclick', { notification: notification! }));
    });
    await phone.page.waitForURL(`${phone.origin}/service-worker.js#direct:tina-friend`);
    await isShown(waker);
  });
});

describe('the badge of the app icon', () => {
  const shown = (page: Page): Promise<readonly number[]> => page.evaluate(() => window.app.appBadge);

  it('a device without a first sync leaves the badge alone, also offline, and never shows an early 0', async () => {
    const phone = await world.device('kim');
    const friend = await world.person('kim-friend');
    await sendMany(friend, 'kim', 3);
    phone.proxy.cut();
    await phone.start([], { appBadge: 'true' });
    await eventually('to be offline', async () => (await phone.state()) === 'offline');
    expect(await phone.total()).toBeUndefined();
    expect(await shown(phone.page)).toEqual([]);
    phone.proxy.heal();
    await eventually('a badge of 3', async () => (await shown(phone.page)).at(-1) === 3);
    expect(await shown(phone.page)).not.toContain(0);
    await phone.open([], { appBadge: 'true' });
    await eventually('a badge of 3 again', async () => (await shown(phone.page)).at(-1) === 3);
    await phone.page.evaluate(() => window.app.client.clearAllUnreadCounts());
    await eventually('a badge of 0', async () => (await shown(phone.page)).at(-1) === 0);
    expect(await shown(phone.page)).toEqual([3, 0]);
  });

  it('the badge belongs to the last account that turned the badge on, and is cleared when this account turns the badge off or logs out', async () => {
    const phone = await world.device('lou');
    const friend = await world.person('lou-friend');
    await sendMany(friend, 'lou', 2);
    await sendMany(friend, 'lou-too', 1);
    await phone.start([], { appBadge: 'true' });
    const [first] = [phone.page];
    await eventually('a badge of 2', async () => (await shown(first)).at(-1) === 2);
    // A second account, in a tab of its own, takes the badge over.
    phone.page = await first.context().newPage();
    await phone.open([], { user: 'lou-too', appBadge: 'true' });
    const second = phone.page;
    await eventually('a badge of 1', async () => (await shown(second)).at(-1) === 1);
    await sendMany(friend, 'lou', 1);
    await eventually('three in total', async () => (await first.evaluate(() => window.app.total.at(-1)?.[1])) === 3);
    await sendMany(friend, 'lou-too', 1);
    await eventually('two', async () => (await shown(second)).at(-1) === 2);
    expect(await shown(first)).toEqual([2]);
    // This account does not have the badge, so it clears nothing.
    await first.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
    expect(await shown(first)).toEqual([2]);
    await second.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
    expect([...new Set(await shown(second))]).toEqual([1, 2, 0]);
    // The account turns the badge on once more, and then off.
    await phone.open([], { user: 'lou-too', appBadge: 'true' });
    await eventually('a badge of 2 again', async () => (await shown(second)).at(-1) === 2);
    await phone.open([], { user: 'lou-too' });
    await eventually('the badge to be cleared', async () => (await shown(second)).length > 0);
    await sendMany(friend, 'lou-too', 1);
    await eventually('a badge of 3', async () => (await phone.total()) === 3);
    expect(await shown(second)).toEqual([0]);
  });
});
