import { afterEach, describe, expect, it } from 'vitest';
import { lastValueFrom, toArray } from 'rxjs';
import { sendOutboxOverHttp } from '../../../src/engine/sync/outbox/send-outbox-over-http.ts';
import { clearConversationUnreadCount } from '../../../src/engine/intents/positions.ts';
import { sendMessage } from '../../../src/engine/intents/send-message.ts';
import { LoggedOutError } from '../../../src/engine/write/log-header.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { StoreError, TransportError, UsageError } from '../../../src/errors.ts';
import type { LogOut } from '../../../src/model/log-out.ts';
import type { StorePort } from '../../../src/ports/ports.ts';
import { enterAccount, finishWipe } from '../../../src/engine/account/enter-account.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import type { LogHeader } from '../../../src/log/tables.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

const STRICT = { durability: 'strict', readsPages: true } as const;

/** All records of the device, as text. */
const bytesOn = ({ disk }: TestDevice): string => JSON.stringify([...disk.tables].map(([name, rows]) => [name, [...rows.values()]]));
const headerOf = ({ disk }: TestDevice): LogHeader =>
  [...disk.tables.get('meta')!.values()].find(({ key }) => key === 'head')!.record as LogHeader;

describe('log-out', () => {
  const open: TestTab[] = [];
  const opened = async (device: TestDevice): Promise<TestTab> => {
    const tab = await device.open();
    open.push(tab);
    return tab;
  };
  afterEach(() => {
    for (const tab of open.splice(0)) tab.close();
  });
  const world = () => {
    const net = new LoopbackNet(createTestServer());
    return { net, alice: new TestDevice('alice', new LoopbackNet(net.server)), bob: new TestDevice('bob', net) };
  };
  const logOut = (tab: TestTab, options: Partial<LogOut> = {}): Promise<void> =>
    tab.engine.logOut({ pending: 'discard', timeoutMs: 5000, keepData: false, ...options });

  it('log-out with `send` delivers the pending entries first, then wipes all data of the account', async () => {
    const { alice, bob } = world();
    const [his, hers] = [await opened(bob), await opened(alice)];
    for (let n = 0; n < 20; n++) await hers.say('bob', `secret ${n}`);
    await logOut(hers, { pending: 'send' });
    await his.until({ of: 'total-unread' }, (count) => count === 20);
    expect(bytesOn(alice)).not.toMatch(/secret|bob/);
    expect(headerOf(alice)).toMatchObject({ ended: 'wiped' });
  });

  it('log-out with `send` while offline is refused with the number of pending entries; the account stays logged in and loses nothing', async () => {
    const { alice, bob } = world();
    const [his, hers] = [await opened(bob), await opened(alice)];
    await hers.live();
    alice.net.cut();
    await hers.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await hers.say('bob', 'one');
    await hers.say('bob', 'two');
    const error: unknown = await logOut(hers, { pending: 'send', timeoutMs: 100 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ code: 'transport/unreachable', pending: 2, message: expect.stringContaining('2 entries') as string });
    expect(headerOf(alice).ended).toBeUndefined();
    await hers.say('bob', 'three');
    alice.net.heal();
    await his.until({ of: 'total-unread' }, (count) => count === 3, 10_000);
    await logOut(hers, { pending: 'send' });
    expect(bytesOn(alice)).not.toContain('three');
  }, 20_000);

  it('log-out with `send` and a server that does not answer ends with a timeout, and the client goes on', async () => {
    const { alice } = world();
    let deaf = true;
    const connect = alice.net.connect.bind(alice.net);
    alice.net.connect = (handlers) => {
      const link = connect(handlers);
      return { ...link, send: (frame) => (deaf && frame.type === 'submit' ? undefined : link.send(frame)) };
    };
    const hers = await opened(alice);
    await hers.live();
    await hers.say('bob', 'unheard');
    const refused = logOut(hers, { pending: 'send', timeoutMs: 100 });
    await expect(refused).rejects.toMatchObject({ code: 'transport/timeout', pending: 1, retryable: true });
    deaf = false;
    expect(await hers.now({ of: 'outbox' })).toMatchObject({ pending: 1 });
    expect((await hers.now({ of: 'connection' })).state).toBe('live');
  });

  it('log-out with `send` while paused is refused at once, because nothing can be sent', async () => {
    const { alice } = world();
    const hers = await opened(alice);
    await hers.live();
    await hers.do('setPaused', true);
    await hers.say('bob', 'held back');
    const started = performance.now();
    await expect(logOut(hers, { pending: 'send', timeoutMs: 60_000 })).rejects.toMatchObject({ pending: 1 });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('log-out with `discard` works offline: pending entries end cancelled, nothing is sent, and streams complete', async () => {
    const { alice } = world();
    alice.net.cut();
    const hers = await opened(alice);
    await hers.say('bob', 'never');
    const outbox = lastValueFrom(hers.watch({ of: 'outbox' }).pipe(toArray()));
    const messages = lastValueFrom(hers.watch({ of: 'messages', conversationId: 'direct:bob', limit: 10 }).pipe(toArray()));
    await logOut(hers, { keepData: true });
    expect((await outbox).length).toBeGreaterThan(0);
    await messages;
    const log = bytesOn(alice);
    expect(log).toContain('cancelled');
    const again = await Writer.open(alice.ports(), 'alice').catch((error: unknown) => error);
    expect(again).toBeInstanceOf(LoggedOutError);
    alice.net.heal();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(alice.net.crossings).toEqual([]);
  });

  it('I-26: after log-out has resolved no byte leaves, also none of a query that was waiting for its token', async () => {
    const { net, alice, bob } = world();
    const [his, hers] = [await opened(bob), await opened(alice)];
    await his.say('alice', 'x');
    await his.say('alice', 'y');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 9 }, (list) => list.length === 2);
    await hers.do('sendConversationReadReceipt', 'direct:bob', {});
    await hers.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    // The laptop stores no receipts of messages that the phone read: to learn them, it must send a request.
    const laptop = new TestDevice('alice', new LoopbackNet(net.server), 'laptop');
    let give: (token: string) => void = () => undefined;
    const second = await laptop.open();
    open.push(second);
    await second.live();
    const requests: string[] = [];
    laptop.net.request = () => {
      requests.push('asked');
      return Promise.resolve([]);
    };
    await second.engine.query({ do: 'loadOlderMessages', args: ['direct:bob', 10] });
    expect(requests).toHaveLength(1);
    second.close();
    // The next tab gets its token after it has logged out.
    const slow = await laptop.open({}, undefined, { getToken: () => new Promise((resolve) => (give = resolve)) });
    open.push(slow);
    const asked = slow.engine.query({ do: 'loadOlderMessages', args: ['direct:bob', 10] }).catch(() => undefined);
    await logOut(slow);
    const before = laptop.net.crossings.length;
    give('token-of-alice');
    await asked;
    await his.say('alice', 'z');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(requests).toHaveLength(1);
    expect(laptop.net.crossings.length).toBe(before);
  });

  it('I-26: a leader in another tab closes its connection before the log-out of this tab resolves (F44)', async () => {
    const { alice } = world();
    let links = 0;
    const connect = alice.net.connect.bind(alice.net);
    alice.net.connect = (handlers) => {
      const link = connect(handlers);
      links++;
      const close = (): void => {
        links--;
        link.close();
      };
      return { ...link, close };
    };
    const [leader, follower] = [await opened(alice), await opened(alice)];
    await leader.live();
    expect(links).toBe(1);
    await logOut(follower);
    expect(links).toBe(0);
  });

  it('I-26: a leader tab that was frozen during a log-out sends nothing when it thaws, before it has read of the log-out (F29)', async () => {
    const virtual = createTestWorld({ seed: 1 });
    const alice = virtual.device('alice');
    const first = await virtual.open(alice);
    await virtual.pass(2000);
    const other = await virtual.open(alice);
    await virtual.pass(2000);
    first.freeze();
    await virtual.pass(26_000);
    await virtual.until(other.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false }));
    const said: string[] = [];
    alice.network.leaves = (_lane, text) => void said.push(text);
    first.thaw();
    await virtual.pass(10_000);
    expect(first.isOpen).toBe(false);
    expect(said).toEqual([]);
  });

  it('after a log-out in one tab, the streams of the other tabs complete and their calls are refused as closed', async () => {
    const { alice } = world();
    const [leader, follower] = [await opened(alice), await opened(alice)];
    await leader.live();
    const ended = lastValueFrom(leader.watch({ of: 'outbox' }).pipe(toArray()));
    await logOut(follower);
    await ended;
    expect(await leader.engine.loggedOut).toBe(false);
    await expect(leader.say('bob', 'late')).rejects.toMatchObject({ code: 'usage/closed' });
    expect(bytesOn(alice)).not.toContain('late');
  });

  it('a flush that waits in another tab rejects with the log-out, and does not answer as if the account went on (F44)', async () => {
    const { alice } = world();
    alice.net.cut();
    const [one, two] = [await opened(alice), await opened(alice)];
    await one.say('bob', 'x');
    await two.until({ of: 'outbox' }, ({ pending }) => pending === 1);
    const waiting = two.engine.query({ do: 'flush', args: [100_000] }).catch((error: unknown) => error);
    await two.now({ of: 'outbox' });
    await logOut(one);
    expect(await waiting).toMatchObject({ code: 'usage/closed' });
  });

  it('a writer that is late after a log-out changes nothing, neither in the empty store nor in the store of the next log-in', async () => {
    const { alice } = world();
    const hers = await opened(alice);
    await hers.live();
    // The tab is frozen: it gets no hint and goes on where it was.
    const deaf = { ...alice.ports(), bus: { post: () => undefined, listen: () => () => undefined } };
    const late = await Writer.open(deaf, 'alice');
    await late.write('before', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"early"' }));
    await logOut(hers);
    const tries = () => [
      late.write('late', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"late"' })),
      late.write('late', STRICT, (draft) => clearConversationUnreadCount(draft, deaf, 'direct:bob')),
      late.takeFence(),
      late.compactLog(),
      late.refresh(),
    ];
    const refused = async (): Promise<void> => {
      const before = bytesOn(alice);
      for (const attempt of tries()) await expect(attempt).rejects.toMatchObject({ code: 'store/closed' });
      expect(bytesOn(alice)).toBe(before);
    };
    await refused();
    // The host removes the database, and the user logs in again.
    for (const table of alice.disk.tables.values()) table.clear();
    await refused();
    const again = await opened(alice);
    await again.live();
    await refused();
    expect(await again.now({ of: 'conversations', limit: 10 })).toEqual([]);
    expect(bytesOn(alice)).not.toMatch(/late|early/);
  });

  it('messages that a late tab is about to write into pages stay out of the pages after a log-out', async () => {
    const { alice, bob } = world();
    const [his, hers] = [await opened(bob), await opened(alice)];
    await his.say('alice', 'private');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    const deaf = { ...alice.ports(), bus: { post: () => undefined, listen: () => () => undefined } };
    const late = await Writer.open(deaf, 'alice');
    expect(late.model.unflushedCount).toBeGreaterThan(0);
    await logOut(hers);
    await expect(late.compactLog()).rejects.toMatchObject({ code: 'store/closed' });
    expect(bytesOn(alice)).not.toContain('private');
  });

  it('a log-out that crashed after its record is finished at the next start, before any data can be read', async () => {
    const { alice } = world();
    alice.net.cut();
    const hers = await opened(alice);
    await hers.say('bob', 'secret');
    // The tab crashes in the transaction that empties the store.
    const dying = alice.ports();
    const died: StorePort = {
      ...dying.store,
      tx: (name, ...rest) => (name === 'wipe' ? Promise.reject(new Error('killed')) : dying.store.tx(name, ...rest)),
    };
    const crashed = await alice.open({}, died);
    await expect(logOut(crashed)).rejects.toThrow('killed');
    expect(headerOf(alice).ended).toBe('wiped');
    // No tab shows the data from now on.
    expect([...alice.disk.tables.get('meta')!.values()].map(({ key }) => key)).not.toContain('paint');
    await expect(Writer.open(alice.ports(), 'alice')).rejects.toBeInstanceOf(LoggedOutError);
    const store = createMemoryStore(alice.disk);
    const account = { userId: 'alice', deviceId: 'phone' };
    expect(await enterAccount(store, account)).toBe('unwiped');
    expect(bytesOn(alice)).toContain('secret');
    await finishWipe(store);
    await finishWipe(store);
    expect(bytesOn(alice)).not.toMatch(/secret|direct:bob|account/);
  });

  it('finishing a wipe empties only a store whose account has logged out', async () => {
    const { alice } = world();
    const hers = await opened(alice);
    await hers.say('bob', 'mine');
    await finishWipe(createMemoryStore(alice.disk));
    expect(bytesOn(alice)).toContain('mine');
  });

  it('with `keepData` all data stays and nothing is sent until the account logs in again', async () => {
    const { alice, bob } = world();
    const [his, hers] = [await opened(bob), await opened(alice)];
    await his.say('alice', 'kept');
    await hers.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    await hers.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await logOut(hers, { keepData: true });
    hers.close();
    const before = alice.net.crossings.length;
    await expect(Writer.open(alice.ports(), 'alice')).rejects.toMatchObject({ code: 'store/closed', kept: true });
    expect(alice.net.crossings.length).toBe(before);
    expect(await enterAccount(createMemoryStore(alice.disk), { userId: 'alice', deviceId: 'phone' })).toBe('entered');
    const again = await opened(alice);
    expect(await again.now({ of: 'messages', conversationId: 'direct:bob', limit: 5 })).toMatchObject([{ body: 'kept' }]);
    await again.live();
    await again.do('clearConversationUnreadCount', 'direct:bob');
    await again.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  });

  it('a tab from before a log-out with `keepData` writes nothing after the next log-in either', async () => {
    const { alice } = world();
    const hers = await opened(alice);
    const deaf = { ...alice.ports(), bus: { post: () => undefined, listen: () => () => undefined } };
    const late = await Writer.open(deaf, 'alice');
    await logOut(hers, { keepData: true });
    hers.close();
    await enterAccount(createMemoryStore(alice.disk), { userId: 'alice', deviceId: 'phone' });
    const again = await opened(alice);
    for (let n = 0; n < 3; n++) await again.say('bob', 'new');
    const write = late.write('late', STRICT, (draft) => sendMessage(draft, deaf, 'direct:bob', { body: '"late"' }));
    await expect(write).rejects.toMatchObject({ code: 'store/closed' });
  });

  it('sending the outbox over HTTP stops with the log-out and sends no further entry', async () => {
    const { alice } = world();
    alice.net.cut();
    const hers = await opened(alice);
    await hers.say('bob', 'never');
    alice.net.heal();
    const ports = alice.ports();
    const writer = await Writer.open(ports, 'alice');
    let give: (token: string) => void = () => undefined;
    const slow = { ...ports, token: { getToken: () => new Promise<string>((resolve) => (give = resolve)) } };
    const drained = sendOutboxOverHttp(slow, { userId: 'alice', deviceId: 'sw' }, writer, await writer.takeFence());
    const end = expect(drained).rejects.toBeInstanceOf(LoggedOutError);
    await expect.poll(() => writer.model.outbox.values().next().value?.sent).toBe(true);
    let requests = 0;
    alice.net.request = () => {
      requests++;
      return Promise.resolve([]);
    };
    await logOut(hers);
    give('token-of-alice');
    await end;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(requests).toBe(0);
  });

  it('a log-out in two tabs at the same time succeeds in both', async () => {
    const { alice } = world();
    const [one, two] = [await opened(alice), await opened(alice)];
    await one.say('bob', 'x');
    await Promise.all([logOut(one), logOut(two)]);
    expect(bytesOn(alice)).not.toContain('bob');
  });

  it('log-out wipes a full device too', async () => {
    const { alice } = world();
    alice.net.cut();
    const inner = alice.ports().store;
    const full: StorePort = {
      ...inner,
      tx: (name, ...rest) =>
        name === 'log-out' ? Promise.reject(new StoreError('store/quota-exceeded', 'no room')) : inner.tx(name, ...rest),
    };
    const hers = await alice.open({}, full);
    open.push(hers);
    const other = await Writer.open(alice.ports(), 'alice');
    await hers.say('bob', 'secret');
    await expect(logOut(hers, { keepData: true })).rejects.toMatchObject({ code: 'store/quota-exceeded' });
    await logOut(hers);
    expect(bytesOn(alice)).not.toMatch(/secret|head/);
    await expect(other.refresh()).rejects.toBeInstanceOf(LoggedOutError);
  });

  it('a call that meets a log-out rejects with the error that the client is closed', async () => {
    const { alice } = world();
    const deaf = await alice.open();
    open.push(deaf);
    const ports = { ...alice.ports(), bus: { post: () => undefined, listen: () => () => undefined } };
    await Writer.open(ports, 'alice');
    const store = createMemoryStore(alice.disk);
    await store.tx('mark', ['meta'], 'readwrite', 'strict', async (tx) => tx.put('meta', 'head', { ...headerOf(alice), ended: 'wiped' }));
    const call = deaf.say('bob', 'late');
    await expect(call).rejects.toBeInstanceOf(UsageError);
    await expect(call).rejects.toMatchObject({ code: 'usage/closed' });
    expect(await deaf.engine.loggedOut).toBe(false);
  });
});
