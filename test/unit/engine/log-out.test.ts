import { describe, expect, it } from 'vitest';
import { lastValueFrom, toArray } from 'rxjs';
import { sendOutboxOverHttp } from '../../../src/engine/sync/outbox/send-outbox-over-http.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { LoggedOutError } from '../../../src/engine/write/log-header.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { TransportError, UsageError } from '../../../src/errors.ts';
import type { LogOut } from '../../../src/model/api/log-out.ts';
import type { Ports } from '../../../src/ports/ports.ts';
import { enterAccount, finishWipe } from '../../../src/engine/account/enter-account.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { LOG_HEADER_KEY, type LogHeader } from '../../../src/log/tables.ts';
import { PAINT_KEY } from '../../../src/model/storage-name.ts';
import { goOffline, goOnline, openDevice, openTab, reach, type WorldTab } from '../../support/on-tab.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;
const NO_BUS: Ports['bus'] = { post: () => undefined, listen: () => () => undefined };

/** All records of the device, as text. */
const bytesOn = ({ disk }: VirtualDevice): string => JSON.stringify([...disk.rows].map(([name, rows]) => [name, [...rows.values()]]));
const headerOf = ({ disk }: VirtualDevice): LogHeader => disk.get('meta', LOG_HEADER_KEY) as LogHeader;

let processes = 0;
/** The ports of code beside the tabs. This code gets no hint, like a frozen tab. */
const deafPorts = async (world: TestWorld, device: VirtualDevice): Promise<Ports> => ({
  ...(await device.ports(new VirtualProcess(world.time, `deaf ${++processes}`))),
  bus: NO_BUS,
});
const openWriter = async (world: TestWorld, device: VirtualDevice): Promise<Writer> =>
  world.until(Writer.open(await deafPorts(world, device), 'alice'));

/** Logs out by the engine alone: the host leaves the database. */
const logOut = ({ tab }: WorldTab, options: Partial<LogOut> = {}): Promise<void> =>
  tab.engine!.logOut({ pending: 'discard', timeoutMs: 5000, keepData: false, ...options });

/** Counts all texts from a device, also the attempts to connect. */
const countLeaving = ({ network }: VirtualDevice): { count: number } => {
  const left = { count: 0 };
  network.leaves = () => void left.count++;
  return left;
};

describe('log-out', () => {
  it('log-out with `send` delivers the pending entries first, then wipes all data of the account', async () => {
    const world = createTestWorld();
    const [, his] = await openDevice(world, 'bob');
    const [alice, hers] = await openDevice(world, 'alice');
    for (let n = 0; n < 20; n++) await hers.say('bob', `secret ${n}`);
    await world.until(logOut(hers, { pending: 'send' }));
    await his.until({ of: 'total-unread' }, (count) => count === 20);
    expect(bytesOn(alice)).not.toMatch(/secret|bob/);
    expect(headerOf(alice)).toMatchObject({ ended: 'wiped' });
  });

  it('log-out with `send` while offline is refused with the number of pending entries; the account stays logged in and loses nothing', async () => {
    const world = createTestWorld();
    const [, his] = await openDevice(world, 'bob');
    const [alice, hers] = await openDevice(world, 'alice');
    await hers.live();
    goOffline(alice);
    await hers.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await hers.say('bob', 'one');
    await hers.say('bob', 'two');
    const error: unknown = await world.until(logOut(hers, { pending: 'send', timeoutMs: 100 }).catch((reason: unknown) => reason));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: 'transport/unreachable', pending: 2, message: expect.stringContaining('2 entries') as string });
    expect(headerOf(alice).ended).toBeUndefined();
    await hers.say('bob', 'three');
    goOnline(alice);
    await his.until({ of: 'total-unread' }, (count) => count === 3);
    await world.until(logOut(hers, { pending: 'send' }));
    expect(bytesOn(alice)).not.toContain('three');
  });

  it('log-out with `send` and a silent server ends with a timeout, and the client goes on', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    await hers.live();
    alice.network.trouble = (_, { type }) => (type === 'submit' ? 'lost' : null);
    await hers.say('bob', 'unheard');
    const refused = world.until(logOut(hers, { pending: 'send', timeoutMs: 100 }));
    await expect(refused).rejects.toMatchObject({ code: 'transport/timeout', pending: 1, retryable: true });
    expect(await hers.now({ of: 'outbox' })).toMatchObject({ pending: 1 });
    expect((await hers.now({ of: 'connection' })).state).toBe('live');
  });

  it('log-out with `send` while paused is refused at once, because nothing can be sent', async () => {
    const world = createTestWorld();
    const [, hers] = await openDevice(world, 'alice');
    await hers.live();
    await hers.do('setPaused', true);
    await hers.say('bob', 'held back');
    const refused = world.until(logOut(hers, { pending: 'send', timeoutMs: 60_000 }), 100);
    await expect(refused).rejects.toMatchObject({ pending: 1 });
  });

  it('log-out with `discard` works offline: pending entries end cancelled, nothing is sent, and streams complete', async () => {
    const world = createTestWorld();
    const alice = world.device('alice');
    goOffline(alice);
    const hers = await openTab(world, alice);
    await hers.say('bob', 'never');
    const outbox = lastValueFrom(hers.watch({ of: 'outbox' }).pipe(toArray()));
    const messages = lastValueFrom(hers.watch({ of: 'messages', conversationId: 'direct:bob', limit: 10 }).pipe(toArray()));
    await world.until(logOut(hers, { keepData: true }));
    expect((await outbox).length).toBeGreaterThan(0);
    await messages;
    expect(bytesOn(alice)).toContain('cancelled');
    await expect(openWriter(world, alice)).rejects.toBeInstanceOf(LoggedOutError);
    const left = countLeaving(alice);
    goOnline(alice);
    await world.pass(60_000);
    expect(left.count).toBe(0);
  });

  it('I-26: after log-out has resolved no byte leaves, not even from a query with a token on the way', async () => {
    const world = createTestWorld();
    const [, his] = await openDevice(world, 'bob');
    const [, hers] = await openDevice(world, 'alice');
    await his.say('alice', 'x');
    await his.say('alice', 'y');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 9 }, (list) => list.length === 2);
    await hers.do('sendConversationReadReceipt', 'direct:bob', {});
    await hers.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    // The laptop stores no receipts of messages read on the phone: only a request to the server brings these receipts.
    let getToken = async (): Promise<string> => world.server.token('alice');
    const laptop = world.device('alice', 'laptop', () => getToken());
    let requests = 0;
    laptop.changePorts = ({ net, ...ports }) => ({
      ...ports,
      net: {
        connect: net.connect,
        request: () => {
          requests++;
          return Promise.resolve([]);
        },
      },
    });
    const second = await openTab(world, laptop);
    await second.live();
    await second.ask('loadOlderMessages', 'direct:bob', 10);
    expect(requests).toBe(1);
    await second.close();
    // The next tab gets its token after its log-out.
    let give: (token: string) => void = () => undefined;
    getToken = () => new Promise((resolve) => (give = resolve));
    const slow = await openTab(world, laptop);
    const asked = slow.tab.ask('loadOlderMessages', 'direct:bob', 10).catch(() => undefined);
    await world.until(logOut(slow));
    const left = countLeaving(laptop);
    give(world.server.token('alice'));
    await world.until(asked);
    await his.say('alice', 'z');
    await world.pass(60_000);
    expect(requests).toBe(1);
    expect(left.count).toBe(0);
  });

  it('I-26: a leader in another tab closes its connection before the log-out of this tab resolves (F44)', async () => {
    const world = createTestWorld();
    const [alice, leader] = await openDevice(world, 'alice');
    const follower = await openTab(world, alice);
    await leader.live();
    expect(alice.network.wires.size).toBe(1);
    await world.until(logOut(follower));
    expect(alice.network.wires.size).toBe(0);
  });

  it('I-26: a leader tab, frozen during a log-out, sends nothing after the thaw, before its first read of the log (F29)', async () => {
    const world = createTestWorld();
    const [alice, first] = await openDevice(world, 'alice');
    await world.pass(2000);
    const other = await openTab(world, alice);
    await world.pass(2000);
    first.tab.freeze();
    await world.pass(26_000);
    await world.until(other.tab.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false }));
    const left = countLeaving(alice);
    first.tab.thaw();
    await world.pass(10_000);
    expect(first.tab.isOpen).toBe(false);
    expect(left.count).toBe(0);
  });

  it('after a log-out in one tab, the streams of the other tabs complete and their calls are refused as closed', async () => {
    const world = createTestWorld();
    const [alice, leader] = await openDevice(world, 'alice');
    const follower = await openTab(world, alice);
    await leader.live();
    const ended = lastValueFrom(leader.watch({ of: 'outbox' }).pipe(toArray()));
    await world.until(logOut(follower));
    await world.until(ended);
    expect(await world.until(leader.tab.engine!.loggedOut)).toBe(false);
    await expect(leader.say('bob', 'late')).rejects.toMatchObject({ code: 'usage/closed' });
    expect(bytesOn(alice)).not.toContain('late');
  });

  it('a flush that waits in another tab rejects with the log-out, and does not report success (F44)', async () => {
    const world = createTestWorld();
    const alice = world.device('alice');
    goOffline(alice);
    const [one, two] = [await openTab(world, alice), await openTab(world, alice)];
    await one.say('bob', 'x');
    await two.until({ of: 'outbox' }, ({ pending }) => pending === 1);
    const waiting = two.tab.ask('flush', 100_000).catch((error: unknown) => error);
    await two.now({ of: 'outbox' });
    await world.until(logOut(one));
    expect(await world.until(waiting, 1000)).toMatchObject({ code: 'usage/closed' });
  });

  it('a late writer after a log-out changes nothing, neither in the empty store nor in the store of the next log-in', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    await hers.live();
    const deaf = await deafPorts(world, alice);
    const late = await world.until(Writer.open(deaf, 'alice'));
    await world.until(late.write('before', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"early"' })));
    await world.until(logOut(hers));
    const tries = (): Promise<unknown>[] => [
      late.write('late', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"late"' })),
      late.write('late', STRICT, (draft) => clearConversationUnreadCount(draft, deaf, 'direct:bob')),
      late.takeFence(),
      late.compactLog(),
      late.refresh(),
    ];
    const refused = async (): Promise<void> => {
      const before = bytesOn(alice);
      const all = await world.until(Promise.allSettled(tries()));
      expect(all).toMatchObject(all.map(() => ({ status: 'rejected', reason: { code: 'store/closed' } })));
      expect(bytesOn(alice)).toBe(before);
    };
    await refused();
    // The host removes the database, and the user logs in again.
    await world.until(alice.disk.wipe());
    await refused();
    const again = await openTab(world, alice);
    await again.live();
    await refused();
    expect(await again.now({ of: 'conversations', limit: 10 })).toEqual([]);
    expect(bytesOn(alice)).not.toMatch(/late|early/);
  });

  it('messages of a late tab stay out of the pages after a log-out', async () => {
    const world = createTestWorld();
    const [, his] = await openDevice(world, 'bob');
    const [alice, hers] = await openDevice(world, 'alice');
    await his.say('alice', 'private');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    const late = await openWriter(world, alice);
    expect(late.model.unflushedCount).toBeGreaterThan(0);
    await world.until(logOut(hers));
    await expect(world.until(late.compactLog())).rejects.toMatchObject({ code: 'store/closed' });
    expect(bytesOn(alice)).not.toContain('private');
  });

  it('the next start finishes a log-out with a record but no wipe, before any data can be read', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    await hers.live();
    goOffline(alice);
    await hers.say('bob', 'secret');
    const keys = (): unknown[] => [...alice.disk.rows.get('meta')!.values()].map(({ key }) => key);
    await reach(world, 'the first paint', () => keys().includes(PAINT_KEY), 60_000);
    // The tab crashes during the emptying of the store.
    alice.disk.trouble = (_, name, process) => (name === 'wipe' && process === crashed.tab.process ? 'die' : null);
    const crashed = await openTab(world, alice);
    void logOut(crashed);
    await reach(world, 'the crash', () => !crashed.tab.process.alive, 10_000);
    expect(headerOf(alice).ended).toBe('wiped');
    // No tab shows the data from now on.
    expect(keys()).not.toContain(PAINT_KEY);
    await expect(openWriter(world, alice)).rejects.toBeInstanceOf(LoggedOutError);
    const { store } = await deafPorts(world, alice);
    expect(await world.until(enterAccount(store, { userId: 'alice', deviceId: alice.deviceId }))).toBe('unwiped');
    expect(bytesOn(alice)).toContain('secret');
    await world.until(finishWipe(store));
    await world.until(finishWipe(store));
    expect(bytesOn(alice)).not.toMatch(/secret|direct:bob|account/);
  });

  it('finishing a wipe empties only a store of a logged-out account', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    await hers.say('bob', 'mine');
    await world.until(finishWipe((await deafPorts(world, alice)).store));
    expect(bytesOn(alice)).toContain('mine');
  });

  it('with `keepData` all data stays and nothing is sent until the account logs in again', async () => {
    const world = createTestWorld();
    const [, his] = await openDevice(world, 'bob');
    const [alice, hers] = await openDevice(world, 'alice');
    await his.say('alice', 'kept');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    await hers.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await world.until(logOut(hers, { keepData: true }));
    await hers.close();
    const left = countLeaving(alice);
    await expect(openWriter(world, alice)).rejects.toMatchObject({ code: 'store/closed', kept: true });
    await world.pass(60_000);
    expect(left.count).toBe(0);
    const { store } = await deafPorts(world, alice);
    expect(await world.until(enterAccount(store, { userId: 'alice', deviceId: alice.deviceId }))).toBe('entered');
    const again = await openTab(world, alice);
    expect(await again.now({ of: 'messages', conversationId: 'direct:bob', limit: 5 })).toMatchObject([{ body: 'kept' }]);
    await again.live();
    await again.do('clearConversationUnreadCount', 'direct:bob');
    await again.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  });

  it('a tab from before a log-out with `keepData` writes nothing after the next log-in either', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    const deaf = await deafPorts(world, alice);
    const late = await world.until(Writer.open(deaf, 'alice'));
    await world.until(logOut(hers, { keepData: true }));
    await hers.close();
    await world.until(enterAccount(deaf.store, { userId: 'alice', deviceId: alice.deviceId }));
    const again = await openTab(world, alice);
    for (let n = 0; n < 3; n++) await again.say('bob', 'new');
    const write = late.write('late', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"late"' }));
    await expect(world.until(write)).rejects.toMatchObject({ code: 'store/closed' });
  });

  it('sending the outbox over HTTP stops with the log-out and sends no further entry', async () => {
    const world = createTestWorld();
    const alice = world.device('alice');
    goOffline(alice);
    const hers = await openTab(world, alice);
    await hers.say('bob', 'never');
    const ports = await alice.ports(new VirtualProcess(world.time, 'service worker'));
    const writer = await world.until(Writer.open(ports, 'alice'));
    let give: (token: string) => void = () => undefined;
    let requests = 0;
    const request = (): Promise<never[]> => {
      requests++;
      return Promise.resolve([]);
    };
    const slow: Ports = {
      ...ports,
      net: { connect: ports.net.connect, request },
      token: { getToken: () => new Promise((resolve) => (give = resolve)) },
    };
    const fence = await world.until(writer.takeFence());
    const end = sendOutboxOverHttp(slow, { userId: 'alice', deviceId: 'sw' }, writer, fence).catch((error: unknown) => error);
    await reach(world, 'a sent entry', () => writer.model.outbox.values().next().value?.sent === true, 1000);
    await world.until(logOut(hers));
    // The hint of the log-out arrives.
    await world.pass(10);
    give(world.server.token('alice'));
    expect(await world.until(end)).toBeInstanceOf(LoggedOutError);
    await world.pass(1000);
    expect(requests).toBe(0);
  });

  it('a log-out in two tabs at the same time succeeds in both', async () => {
    const world = createTestWorld();
    const [alice, one] = await openDevice(world, 'alice');
    const two = await openTab(world, alice);
    await one.say('bob', 'x');
    await world.until(Promise.all([logOut(one), logOut(two)]));
    expect(bytesOn(alice)).not.toContain('bob');
  });

  it('log-out wipes a full device too', async () => {
    const world = createTestWorld();
    const alice = world.device('alice');
    goOffline(alice);
    alice.disk.trouble = (point, name) => (name === 'log-out' && point === 'begin' ? 'quota' : null);
    const hers = await openTab(world, alice);
    const other = await openWriter(world, alice);
    await hers.say('bob', 'secret');
    await expect(world.until(logOut(hers, { keepData: true }))).rejects.toMatchObject({ code: 'store/quota-exceeded' });
    await world.until(logOut(hers));
    expect(bytesOn(alice)).not.toMatch(/secret|head/);
    await expect(world.until(other.refresh())).rejects.toBeInstanceOf(LoggedOutError);
  });

  it('a call during a log-out rejects as closed', async () => {
    const world = createTestWorld();
    const [alice, hers] = await openDevice(world, 'alice');
    const { store } = await deafPorts(world, alice);
    const ended = { ...headerOf(alice), ended: 'wiped' };
    await world.until(store.tx('mark', ['meta'], 'readwrite', 'strict', async (tx) => tx.put('meta', LOG_HEADER_KEY, ended)));
    const error: unknown = await hers.say('bob', 'late').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'usage/closed' });
    expect(await world.until(hers.tab.engine!.loggedOut)).toBe(false);
  });
});
