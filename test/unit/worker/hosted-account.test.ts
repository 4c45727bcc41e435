/** An account keeps working while its store is refused, hangs, is blocked or is wiped. */
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import type { IntentCall, Intents } from '../../../src/model/api/intents.ts';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import type { Topic, TopicValue } from '../../../src/model/api/topic.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import { openDiskStore } from '../../../src/store/disk-store.ts';
import type { Layout } from '../../../src/store/migrations.ts';
import type { OutsideNote } from '../../../src/store/loss-marker.ts';
import { SCHEMA, TABLES } from '../../../src/log/tables.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { HostedAccount } from '../../../src/worker/hosted-account.ts';
import { FaultyIdb } from '../../support/faulty-idb.ts';
import { stepIdbIn } from '../../support/idb-in-world.ts';
import { observed } from '../../support/watchers.ts';
import { goOffline, goOnline, openDevice, reach, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

/** The world of the running test. */
let virtual: TestWorld;
/** Lets time pass until the promise settles. */
const settled = <T>(promise: Promise<T>): Promise<T> => virtual.until(promise, 600_000);
const holds = (what: string, condition: () => boolean): Promise<number> => reach(virtual, what, condition, 60_000);

let names = 0;

const until = <T extends Topic>(tab: HostedAccount, topic: T, accepts: (value: TopicValue[T['of']]) => boolean) =>
  settled(firstValueFrom(observed(tab, topic).pipe(filter(accepts))));
const now = <T extends Topic>(tab: HostedAccount, topic: T) => until(tab, topic, () => true);
/** Makes a call, and lets no time pass. */
const call = <K extends keyof Intents>(tab: HostedAccount, name: K, ...args: Parameters<Intents[K]>) =>
  tab.intent({ do: name, args } as IntentCall);
const act = <K extends keyof Intents>(tab: HostedAccount, name: K, ...args: Parameters<Intents[K]>) => settled(call(tab, name, ...args));
const say = (tab: HostedAccount, text: string) => act(tab, 'sendMessage', 'direct:bob', { body: JSON.stringify(text) });
const callSay = (tab: HostedAccount, text: string) => call(tab, 'sendMessage', 'direct:bob', { body: JSON.stringify(text) });
const hear = (tab: HostedAccount, events: ReceiptEvent[]): void =>
  void observed(tab, { of: 'events' }).subscribe(({ event }) => events.push(event));
const live = (tab: HostedAccount) => until(tab, { of: 'connection' }, ({ state }) => state === 'live');

const deleted = (name: string): Promise<void> =>
  settled(
    new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = () => resolve();
      request.onerror = () => reject(new Error('not deleted'));
    }),
  );

/** Alice's browser, and bob on another device. */
const world = async () => {
  virtual = createTestWorld();
  stepIdbIn(virtual.time);
  const [, bob] = await openDevice(virtual, 'bob');
  const device = virtual.device('alice', 'browser');
  const logged: string[] = [];
  device.log = (_, event) => void (event.startsWith('store') && logged.push(event));
  const name = `tidemark:account-${++names}`;
  const idb = new FaultyIdb(indexedDB);
  const devices: string[] = [];
  let noted: OutsideNote | undefined;
  const ended = new Set<string>();
  let tabs = 0;
  const browser = {
    device,
    /** The events about the store. */
    logged,
    sent: sentBy(device),
    net: { cut: () => goOffline(device), heal: () => goOnline(device) },
    bob,
    idb,
    name,
    devices,
    get noted() {
      return noted;
    },
    set noted(note: OutsideNote | undefined) {
      noted = note;
    },
    ended,
    tab: async (more: { layout?: Layout; settings?: { readReceipts?: boolean }; factory?: IDBFactory } = {}) => {
      const { settings = {}, layout, factory = idb.factory } = more;
      const ports = await device.ports(new VirtualProcess(virtual.time, `browser.${++tabs}`));
      const { clock } = ports;
      const open = () => openDiskStore(name, { clock, factory, ...(layout ? { layout } : {}) });
      const deviceId = async (): Promise<string> => devices.at(-1) ?? (devices.push(`device-${++names}`), devices.at(-1)!);
      const starting = HostedAccount.start(
        { url: 'ws://localhost/', userId: 'alice', deviceId: await deviceId(), settings },
        {
          name,
          open,
          removeUnseen: () => void indexedDB.deleteDatabase(name),
          note: {
            read: () => Promise.resolve(noted),
            write: async (note) => void (noted = note),
            end: async (generations) => {
              for (const one of [...(noted ? [noted.generation, ...noted.lost] : []), ...generations]) ended.add(one);
              noted = undefined;
            },
            takeBack: async (generations) => generations.forEach((one) => void ended.delete(one)),
            isEnded: (generation) => Promise.resolve(ended.has(generation)),
          },
          page: {
            deviceId,
            forgetDevice: async () => void devices.push(`device-${++names}`),
            renewDevice: () => {
              devices.push(`device-${++names}`);
              return deviceId();
            },
          },
          ports,
        },
      );
      return settled(starting);
    },
    wipe: () => deleted(name),
  };
  return browser;
};

const fill = async (bob: WorldTab, count: number): Promise<void> => {
  for (let i = 1; i <= count; i++) await bob.do('sendMessage', 'direct:alice', { body: `"${i}"` });
};
const seesDelivered = (bob: WorldTab, upTo: number) =>
  bob.until(
    { of: 'messages', conversationId: 'direct:alice', limit: upTo },
    (all) => all.filter(({ status }) => status === 'delivered').length === upTo,
  );

/** Empties every table. The database and its connections stay open. */
const emptyTables = (name: string): Promise<void> =>
  settled(
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onerror = () => reject(opening.error!);
      opening.onsuccess = () => {
        const tx = opening.result.transaction(TABLES, 'readwrite');
        for (const table of TABLES) tx.objectStore(table).clear();
        tx.oncomplete = () => {
          opening.result.close();
          resolve();
        };
      };
    }),
  );

describe('a device that refuses to store', () => {
  it.each([
    ['SecurityError: the operation is insecure', { at: 'open', says: 'SecurityError', times: Infinity }],
    ['no room to open the database', { at: 'open', says: 'QuotaExceededError', times: Infinity }],
    ['an internal error without end', { at: 'open', says: 'UnknownError', times: Infinity }],
    ['an opening that hangs', { at: 'open', says: 'hang', times: Infinity }],
  ] as const)(
    'with %s the account works in memory, and reports the loss before any other value (F05, F13, F15, F16)',
    async (_name, fault) => {
      const { tab, idb, bob } = await world();
      idb.plan(fault);
      const mine = await tab();
      expect(await now(mine, { of: 'connection' })).toMatchObject({ durability: 'volatile' });
      await say(mine, 'from memory');
      await bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 5 }, (all) =>
        all.some(({ body }) => body === 'from memory'),
      );
      expect(await now(mine, { of: 'connection' })).toMatchObject({ durability: 'volatile', leader: true });
    },
  );

  it('with stores in memory each tab syncs for itself, because no tab can follow another (F15)', async () => {
    const { tab, idb } = await world();
    idb.plan({ at: 'open', says: 'SecurityError', times: Infinity });
    const [one, two] = [await tab(), await tab()];
    await live(one);
    await live(two);
    await say(one, 'once');
    await until(two, { of: 'messages', conversationId: 'direct:bob', limit: 5 }, (all) => all.length === 1);
    // Both tabs lead at the same time, and not one after the other.
    const both = [await now(one, { of: 'connection' }), await now(two, { of: 'connection' })];
    expect(both).toMatchObject(both.map(() => ({ leader: true, state: 'live' })));
  });

  it('an account in memory keeps the noted receipt settings and sends no forbidden receipt (F15)', async () => {
    const w = await world();
    const first = await w.tab();
    await live(first);
    await act(first, 'setReceiptSettings', { readReceipts: false });
    await holds('w.noted?.settings.readReceipts', () => w.noted?.settings.readReceipts === false);
    await settled(first.close());
    await fill(w.bob, 1);
    w.idb.plan({ at: 'open', says: 'UnknownError', times: Infinity });
    const mine = await w.tab();
    await until(mine, { of: 'messages', conversationId: 'direct:bob', limit: 5 }, (all) => all.length === 1);
    await act(mine, 'sendConversationReadReceipt', 'direct:bob', {});
    // The sending of this message follows the sending of the receipt, so the arrival of this message follows too.
    await say(mine, 'read');
    const all = await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 2 }, (list) => list.length === 2);
    expect(all.find(({ senderId }) => senderId === 'bob')).toMatchObject({ status: 'delivered' });
    expect(await now(mine, { of: 'total-unread' })).toBe(0);
  });

  it('an account in memory moves to the disk once the disk opens, with all work done in between, and its streams go on (F07, F13)', async () => {
    const { tab, idb, net, logged } = await world();
    const before = await tab();
    await live(before);
    net.cut();
    await say(before, 'on disk');
    await settled(before.close());
    idb.plan({ at: 'open', says: 'UnknownError', times: Infinity });
    const mine = await tab();
    await say(mine, 'in memory');
    expect(await now(mine, { of: 'outbox' })).toMatchObject({ pending: 1 });
    idb.clear();
    await until(mine, { of: 'connection' }, ({ durability }) => durability === 'durable');
    expect(logged).toEqual(['store-not-opened', 'stored-in-memory', 'stored-on-disk']);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 2);
    await settled(mine.close());
    expect(await now(await tab(), { of: 'outbox' })).toMatchObject({ pending: 2 });
    net.heal();
  });
});

it('an upgrade that an old tab blocks: the account works in memory, moves to the disk when the old tab closes, and loses nothing (F07)', async () => {
  const { tab, name, net } = await world();
  net.cut();
  // A silent tab of an older release, for example a frozen tab.
  const opened = new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => TABLES.forEach((table) => request.result.createObjectStore(table));
    request.onsuccess = () => resolve(request.result);
  });
  const frozen = await settled(opened);
  const started = virtual.time.now;
  const mine = await tab();
  expect(virtual.time.now - started).toBeLessThan(5000 + 1500);
  expect(await now(mine, { of: 'connection' })).toMatchObject({ durability: 'volatile' });
  await say(mine, 'meanwhile');
  frozen.close();
  await until(mine, { of: 'connection' }, ({ durability }) => durability === 'durable');
  expect(await now(mine, { of: 'outbox' })).toMatchObject({ pending: 1 });
  await settled(mine.close());
  expect(await now(await tab(), { of: 'outbox' })).toMatchObject({ pending: 1 });
});

describe('a store that the browser has wiped', () => {
  it('after a wipe before the start, the account gets a new device id, counts as before, sends no receipt twice, and reports the loss (F11, F12)', async () => {
    const w = await world();
    const first = await w.tab();
    await live(first);
    await fill(w.bob, 6);
    await seesDelivered(w.bob, 6);
    await act(first, 'clearConversationUnreadCount', 'direct:bob');
    await fill(w.bob, 2);
    await seesDelivered(w.bob, 8);
    await until(first, { of: 'outbox' }, ({ pending }) => pending === 0);
    w.net.cut();
    await say(first, 'never sent');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    const device = w.devices.at(-1);
    await settled(first.close());
    await w.wipe();
    w.net.heal();
    const crossed = w.sent.sockets.length;
    const again = await w.tab();
    const events: ReceiptEvent[] = [];
    hear(again, events);
    const totals: number[] = [];
    observed(again, { of: 'total-unread' }).subscribe((total) => totals.push(total));
    await live(again);
    await until(again, { of: 'total-unread' }, (total) => total === 2);
    expect(totals).toEqual([2]);
    await until(again, { of: 'messages', conversationId: 'direct:bob', limit: 20 }, (all) => all.length === 8);
    expect(events).toEqual([{ type: 'storageLost', count: 1 }]);
    expect(w.devices.at(-1)).not.toBe(device);
    expect(submits(w.sent.sockets.slice(crossed))).toEqual([]);
    await settled(again.close());
    // The account notes the events and then closes its store.
    await virtual.pass(3000);
    // The loss is noted now: the next start finds none.
    const third = await w.tab();
    const later: ReceiptEvent[] = [];
    hear(third, later);
    await live(third);
    expect(later.filter(({ type }) => type === 'storageLost')).toEqual([]);
  });

  it('after a wipe and a start without the server, no count is guessed, and new messages of the user are shown (F11)', async () => {
    const w = await world();
    const first = await w.tab();
    await live(first);
    await fill(w.bob, 3);
    await until(first, { of: 'total-unread' }, (total) => total === 3);
    await holds('w.noted?.generation', () => w.noted?.generation !== undefined);
    await settled(first.close());
    await w.wipe();
    w.net.cut();
    const again = await w.tab();
    const counts: unknown[] = [];
    for (const topic of [
      { of: 'total-unread' },
      { of: 'unread', conversationId: 'direct:bob' },
      { of: 'conversations', limit: 9 },
    ] as const)
      observed(again, topic).subscribe((value) => counts.push(value));
    await say(again, 'anyway');
    await until(again, { of: 'messages', conversationId: 'direct:bob', limit: 20 }, (all) => all.some(({ body }) => body === 'anyway'));
    expect(counts).toEqual([]);
    w.net.heal();
    await until(again, { of: 'total-unread' }, (total) => total === 3);
    expect(counts[0]).not.toBe(0);
  });

  it('after a wipe under a running tab, pending entries go to a new store, no count falls to 0, and no reload is needed (F02, F11)', async () => {
    const w = await world();
    const mine = await w.tab();
    await live(mine);
    await fill(w.bob, 3);
    await seesDelivered(w.bob, 3);
    await until(mine, { of: 'total-unread' }, (total) => total === 3);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 0);
    w.net.cut();
    await say(mine, 'kept');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    const totals: unknown[] = [];
    const events: ReceiptEvent[] = [];
    observed(mine, { of: 'total-unread' }).subscribe((total) => totals.push(total));
    hear(mine, events);
    const [device, generation] = [w.devices.at(-1), w.noted!.generation];
    // As in a browser: the database goes first, then every connection gets its close event.
    w.idb.forceClose();
    await w.wipe();
    await say(mine, 'as if nothing had been');
    expect(w.logged).toContain('store-vanished');
    expect(await now(mine, { of: 'outbox' })).toMatchObject({ pending: 2 });
    w.net.heal();
    await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 9 }, (all) => all.length === 5);
    await live(mine);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 0);
    expect(totals.every((total) => total === 3)).toBe(true);
    expect(w.devices.at(-1)).not.toBe(device);
    await holds('another w.noted?.generation', () => w.noted?.generation !== generation);
    expect(events.filter(({ type }) => type === 'storageLost')).toEqual([]);
  });

  it('after a wipe under a running tab without the server, a clear uses the state shown by the tab, takes effect at once and is sent later (F112)', async () => {
    const w = await world();
    const mine = await w.tab();
    await live(mine);
    await fill(w.bob, 2);
    await until(mine, { of: 'messages', conversationId: 'direct:bob', limit: 5 }, (all) => all.length === 2);
    await until(mine, { of: 'total-unread' }, (total) => total === 2);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 0);
    w.net.cut();
    w.idb.forceClose();
    await w.wipe();
    const totals: unknown[] = [];
    observed(mine, { of: 'total-unread' }).subscribe((total) => totals.push(total));
    await act(mine, 'sendConversationReadReceipt', 'direct:bob', {});
    await until(mine, { of: 'total-unread' }, (total) => total === 0);
    // The page gets an unchanged number only once.
    expect([...new Set(totals)]).toEqual([2, 0]);
    w.net.heal();
    await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 5 }, (all) => all.every(({ status }) => status === 'read'));
    await live(mine);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 0);
    await until(mine, { of: 'messages', conversationId: 'direct:bob', limit: 5 }, (all) => all.length === 2);
    expect(totals.at(-1)).toBe(0);
  });

  it('after a wipe under a running tab, messages read before receipts went off, or while they were off, still get no receipt (F112)', async () => {
    const w = await world();
    const mine = await w.tab();
    await live(mine);
    for (const [count, readReceipts] of [
      [2, false],
      [1, true],
    ] as const) {
      await fill(w.bob, count);
      await until(mine, { of: 'total-unread' }, (total) => total === count);
      await act(mine, 'clearConversationUnreadCount', 'direct:bob');
      await act(mine, 'setReceiptSettings', { readReceipts });
    }
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 0);
    // Without the server, which would tell the new store about the switch of the account.
    w.net.cut();
    w.idb.forceClose();
    await w.wipe();
    await act(mine, 'sendConversationReadReceipt', 'direct:bob', {});
    await say(mine, 'heard after it');
    w.net.heal();
    const all = await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 5 }, (list) => list.length === 4);
    expect(all.filter(({ senderId }) => senderId === 'bob').map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('calls that are under way when another page deletes the database are repeated on the new store (F08)', async () => {
    const w = await world();
    w.net.cut();
    const mine = await w.tab();
    await say(mine, 'one');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    // One call is in the store but not answered when the database goes, and another waits behind it.
    w.idb.plan({ at: 'committed', says: 'late' });
    const two = callSay(mine, 'two');
    await holds('w.idb.holding', () => w.idb.holding === 1);
    const three = callSay(mine, 'three');
    await w.wipe();
    w.idb.release();
    await settled(Promise.all([two, three]));
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 3);
    await settled(mine.close());
    expect(await now(await w.tab(), { of: 'outbox' })).toMatchObject({ pending: 3 });
  });

  it('after a wipe of all data of the site, running tabs go on, because no user logged out, and a later log-out still ends them (F11)', async () => {
    const w = await world();
    const [mine, other] = [await w.tab(), await w.tab()];
    await live(mine);
    w.net.cut();
    await say(mine, 'kept');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    // Neither tab has anything left to note.
    await virtual.pass(3000);
    const [device, generation] = [w.devices.at(-1), w.noted!.generation];
    w.noted = undefined;
    w.idb.forceClose();
    await w.wipe();
    await holds('another w.devices.at(-1)', () => w.devices.at(-1) !== device);
    await holds('the lost generation', () => String(w.noted?.lost) === generation);
    for (const tab of [mine, other]) await until(tab, { of: 'outbox' }, ({ pending }) => pending === 1);
    w.net.heal();
    await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 9 }, (all) => all.length === 1);
    await settled(mine.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false }));
    await settled(other.loggedOut);
    expect(w.ended).toContain(generation);
    expect(w.noted).toBeUndefined();
  });

  it('a flush continues on the new store after a wipe, and counts the entries sent there (F11)', async () => {
    const w = await world();
    const mine = await w.tab();
    await live(mine);
    w.net.cut();
    await say(mine, 'kept');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    let answer: unknown;
    const flushed = mine.query({ do: 'flush', args: [200_000] }).then((value) => (answer = value));
    await now(mine, { of: 'outbox' });
    w.idb.forceClose();
    await w.wipe();
    await say(mine, 'on the new store');
    expect(answer).toBeUndefined();
    w.net.heal();
    await settled(flushed);
    expect(answer).toMatchObject({ pending: 0, rejected: 0 });
    expect((answer as { sent: number }).sent).toBeGreaterThan(0);
    const all = await now(mine, { of: 'messages', conversationId: 'direct:bob', limit: 5 });
    expect(all.map(({ status }) => status)).not.toContain('pending');
  });

  it.each([
    ['the browser deletes the database', (w: Awaited<ReturnType<typeof world>>) => (w.idb.forceClose(), w.wipe())],
    ['the tables of the open database are emptied', (w: Awaited<ReturnType<typeof world>>) => emptyTables(w.name)],
  ])('a log-out with `send` continues on the new store when %s (F11)', async (_how, wipe) => {
    const w = await world();
    const mine = await w.tab();
    await live(mine);
    w.net.cut();
    await say(mine, 'to be sent');
    await holds('w.noted?.pendingReceipts', () => w.noted?.pendingReceipts === 1);
    const device = w.devices.at(-1);
    const left = mine.logOut({ pending: 'send', timeoutMs: 200_000, keepData: false });
    await now(mine, { of: 'outbox' });
    await wipe(w);
    await holds('another w.devices.at(-1)', () => w.devices.at(-1) !== device);
    await until(mine, { of: 'outbox' }, ({ pending }) => pending === 1);
    w.net.heal();
    await settled(left);
    await w.bob.until({ of: 'messages', conversationId: 'direct:alice', limit: 9 }, (all) => all.length > 0);
    const texts = await w.bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 9 });
    expect(texts).toHaveLength(1);
    await expect(say(mine, 'late')).rejects.toMatchObject({ code: 'usage/closed' });
  });

  it('a tab with a store wiped by a log-out in another tab ends, and sends nothing (F11)', async () => {
    const w = await world();
    w.net.cut();
    const mine = await w.tab();
    await say(mine, 'not to be sent');
    const ended = lastValueFrom(observed(mine, { of: 'outbox' }).pipe(toArray()));
    w.ended.add(w.noted!.generation);
    w.noted = undefined;
    await w.wipe();
    await settled(ended);
    await settled(mine.loggedOut);
    await expect(say(mine, 'late')).rejects.toMatchObject({ code: 'usage/closed' });
    w.net.heal();
    expect((await settled(indexedDB.databases())).map(({ name }) => name)).not.toContain(w.name);
  });

  it('a log-out is never reported as a loss, with or without keepData (F11)', async () => {
    for (const keepData of [true, false]) {
      const w = await world();
      w.net.cut();
      const mine = await w.tab();
      await say(mine, 'given up');
      await settled(mine.logOut({ pending: 'discard', timeoutMs: 1000, keepData }));
      expect(w.noted).toBeUndefined();
      const again = await w.tab();
      const events: unknown[] = [];
      observed(again, { of: 'events' }).subscribe((event) => events.push(event));
      expect(await now(again, { of: 'outbox' })).toMatchObject({ pending: 0 });
      expect(events).toEqual([]);
    }
  });
});

it('a flush, a query and a write that wait when another tab logs out reject with usage/closed at once (F44)', async () => {
  const w = await world();
  const idb = new FaultyIdb(indexedDB);
  let isSilent = false;
  w.device.changePorts = ({ net, ...ports }) => ({
    ...ports,
    net: { connect: net.connect, request: (...args) => (isSilent ? new Promise(() => undefined) : net.request(...args)) },
  });
  const [one, two] = [await w.tab(), await w.tab({ factory: idb.factory })];
  await live(one);
  w.net.cut();
  await say(one, 'x');
  await until(two, { of: 'outbox' }, ({ pending }) => pending === 1);
  isSilent = true;
  idb.plan({ at: 'committed', says: 'late', times: Infinity });
  const waiting: Promise<unknown>[] = [callSay(two, 'late')];
  await holds('idb.holding', () => idb.holding === 1);
  // The write delays these calls, so that the timeouts of these calls do not begin.
  waiting.push(
    two.query({ do: 'flush', args: [2_000_000] }),
    two.query({ do: 'fetchReceipts', args: [['m']] }),
    two.query({ do: 'fetchReadMembers', args: ['m', { filter: 'read', cursor: null, limit: 9 }] }),
  );
  const ends: unknown[] = [];
  for (const call of waiting)
    void call.then(
      (value) => ends.push(value),
      (error: unknown) => ends.push(error),
    );
  const left = one.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false });
  await settled(two.loggedOut);
  await virtual.pass(0);
  expect(ends).toMatchObject(waiting.map(() => ({ code: 'usage/closed' })));
  idb.clear();
  idb.release();
  await settled(left);
});

it('code with the database of a newer release reports the newer release, and leaves the database alone (F09)', async () => {
  const { tab, name } = await world();
  const layout: Layout = { schema: SCHEMA + 1, tables: TABLES, migrations: [{ to: SCHEMA + 1, run: () => Promise.resolve() }] };
  const newer = await settled(openDiskStore(name, { clock: new VirtualProcess(virtual.time, 'newer release').clock, layout }));
  const put = (store: StorePort) => settled(store.tx('put', ['log'], 'readwrite', 'strict', async (tx) => tx.put('log', 1, 'theirs')));
  await put(newer);
  await expect(tab()).rejects.toMatchObject({ code: 'store/version-ahead' });
  expect(await settled(newer.tx('get', ['log'], 'readonly', 'relaxed', (tx) => tx.get('log', 1)))).toBe('theirs');
  newer.close();
});

it('a tab gives up the lead when a newer release upgrades the database, reports the reason, and keeps pending entries (F09)', async () => {
  const { tab, name, sent } = await world();
  const layout: Layout = { schema: SCHEMA + 1, tables: TABLES, migrations: [{ to: SCHEMA + 1, run: () => Promise.resolve() }] };
  const old = await tab();
  await live(old);
  const newer = await settled(openDiskStore(name, { clock: new VirtualProcess(virtual.time, 'newer release').clock, layout }));
  expect(await until(old, { of: 'connection' }, ({ state }) => state === 'stopped')).toMatchObject({
    leader: false,
    error: { code: 'store/version-ahead' },
  });
  const crossed = sent.sockets.length;
  await expect(say(old, 'late')).rejects.toMatchObject({ code: 'store/version-ahead' });
  await virtual.pass(1000);
  expect(sent.sockets.slice(crossed)).toEqual([]);
  newer.close();
});
