/** Each condition of a tab, and the state that `watchConnection()` gives for it (F117). */
import { afterEach, describe, expect, it } from 'vitest';
import { AuthError, StoreError } from '../../../src/errors.ts';
import type { ConnectionStatus } from '../../../src/model/status.ts';
import type { LifeEvent, Ports } from '../../../src/ports/ports.ts';
import { createMemoryStore, type MemoryDisk } from '../../../src/store/memory-store.ts';
import { type LogHeader, LOG_HEADER_KEY } from '../../../src/log/tables.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { createTestServer, LoopbackNet, TestDevice, TestTab } from '../../support/loopback.ts';

const NEWER_RELEASE = 1000;

/** Writes to the store as a newer release does that runs beside this one. */
const writeAsNewerRelease = (disk: MemoryDisk): Promise<void> =>
  createMemoryStore(disk).tx('upgrade', ['meta'], 'readwrite', 'strict', async (tx) => {
    const head = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader;
    tx.put('meta', LOG_HEADER_KEY, { ...head, schema: NEWER_RELEASE });
  });

describe('the state of the connection', () => {
  const open: TestTab[] = [];
  const kept = (tab: TestTab): TestTab => {
    open.push(tab);
    return tab;
  };
  afterEach(() => {
    for (const tab of open.splice(0)) tab.close();
  });
  const alice = (): TestDevice => new TestDevice('alice', new LoopbackNet(createTestServer()));
  const state = (tab: TestTab): Promise<ConnectionStatus> => tab.now({ of: 'connection' });
  const reaches = (tab: TestTab, wanted: ConnectionStatus['state']): Promise<ConnectionStatus> =>
    tab.until({ of: 'connection' }, (status) => status.state === wanted, 10_000);

  /** A tab whose page events come from the test, over ports that the test may change. */
  const openWith = async (device: TestDevice, change: (ports: Ports) => Partial<Ports>): Promise<[TestTab, (event: LifeEvent) => void]> => {
    const ports = device.ports();
    let tell: (event: LifeEvent) => void = () => undefined;
    const life: Ports['life'] = {
      listen: (fn) => {
        const before = tell;
        tell = (event) => {
          before(event);
          fn(event);
        };
        return () => undefined;
      },
    };
    const account = { userId: device.userId, deviceId: `${device.userId}-${device.name}` };
    const engine = await Engine.open({ ...ports, life, ...change(ports) }, account, 'lock', {});
    return [kept(new TestTab(engine)), (event) => tell(event)];
  };

  it('without a network, the state is offline with the time of the next attempt (F117)', async () => {
    const device = alice();
    device.net.cut();
    const tab = kept(await device.open());
    const status = await tab.until({ of: 'connection' }, ({ retryAt }) => retryAt !== null);
    expect(status).toMatchObject({ state: 'offline', paused: false, error: { code: 'transport/unreachable' } });
  });

  it('without a token, the state is offline with the time of the next call of getToken (F117)', async () => {
    const refuse = { getToken: () => Promise.reject(new AuthError('auth/unavailable', 'getToken failed')) };
    const [tab] = await openWith(alice(), () => ({ token: refuse }));
    const status = await tab.until({ of: 'connection' }, ({ retryAt }) => retryAt !== null);
    expect(status).toMatchObject({ state: 'offline', error: { code: 'auth/unavailable' } });
  });

  it('with a token of another user, the state is stopped (F117)', async () => {
    const device = alice();
    device.token = 'token-of-bob';
    const tab = kept(await device.open());
    expect(await reaches(tab, 'stopped')).toMatchObject({ retryAt: null, error: { code: 'auth/wrong-user' } });
  });

  it('while sync is paused, the state is offline and paused in every tab (F117)', async () => {
    const device = alice();
    const [first, second] = [kept(await device.open()), kept(await device.open())];
    await first.live();
    await second.live();
    await second.do('setPaused', true);
    for (const tab of [first, second])
      expect(await tab.until({ of: 'connection' }, ({ paused }) => paused)).toMatchObject({ state: 'offline', retryAt: null });
  });

  it('after a newer release has written the store, the state is stopped in the leader tab and in the follower tab (F117)', async () => {
    const device = alice();
    const [first, second] = [kept(await device.open()), kept(await device.open())];
    await first.live();
    await second.live();
    await writeAsNewerRelease(device.disk);
    for (const tab of [first, second]) {
      await expect(tab.do('setPaused', true)).rejects.toMatchObject({ code: 'store/version-ahead' });
      expect(await state(tab)).toMatchObject({ state: 'stopped', leader: false, retryAt: null, error: { code: 'store/version-ahead' } });
    }
  });

  it('a tab that cannot write its fencing token is offline, with the error and the time of the next attempt (F117)', async () => {
    const device = alice();
    const store = createMemoryStore(device.disk, 'durable');
    const refusing: typeof store = {
      ...store,
      tx: (name, ...rest) =>
        name === 'take-fence' ? Promise.reject(new StoreError('store/unavailable', 'refused')) : store.tx(name, ...rest),
    };
    const tab = kept(await device.open({}, refusing));
    const status = await tab.until({ of: 'connection' }, ({ error }) => error !== null);
    expect(status).toMatchObject({ state: 'offline', leader: false, error: { code: 'store/unavailable' } });
    expect(status.retryAt).toBeGreaterThan(Date.now() - 1000);
  });

  it('a tab that followed, led and was parked does not show the connection of a leader that has died (F117)', async () => {
    const device = alice();
    let isDead = false;
    const [first] = await openWith(device, ({ bus }) => ({ bus: { ...bus, post: (hint) => (isDead ? undefined : bus.post(hint)) } }));
    await first.live();
    const [second, tell] = await openWith(device, () => ({}));
    await second.live();
    isDead = true;
    first.close();
    await second.until({ of: 'connection' }, ({ leader, state: is }) => leader && is === 'live');
    tell('parked');
    expect(await state(second)).toMatchObject({ state: 'offline', leader: false, error: null });
  });

  /** Two tabs, of which the second gets no hints from the first. The first tab logs out while the second tab has no connection. */
  const missesLogOut = async (device: TestDevice): Promise<TestTab> => {
    const first = kept(await device.open());
    await first.live();
    const [second] = await openWith(device, () => ({
      bus: { post: () => undefined, listen: () => () => undefined },
      locks: { acquire: (_, { onGranted }) => (setTimeout(onGranted), () => undefined) },
    }));
    await second.live();
    device.net.cut();
    await reaches(second, 'offline');
    await first.engine.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false });
    device.net.heal();
    return second;
  };

  it('I-26: a tab that got no hint of a log-out opens no connection (F117)', async () => {
    const device = alice();
    const tab = await missesLogOut(device);
    let connects = 0;
    const connect = device.net.connect.bind(device.net);
    device.net.connect = (handlers) => {
      connects++;
      return connect(handlers);
    };
    await tab.engine.loggedOut;
    expect(connects).toBe(0);
  });

  it('I-26: a tab that got no hint of a log-out sends no request (F117)', async () => {
    const device = alice();
    const tab = await missesLogOut(device);
    await expect(tab.ask('fetchReceipts', ['m1'])).rejects.toMatchObject({ code: 'transport/closed' });
    expect(device.net.requests).toEqual([]);
  });
});
