/** Each condition of a tab, and its state in `watchConnection()` (F117). */
import { describe, expect, it } from 'vitest';
import { type LogHeader, LOG_HEADER_KEY } from '../../../src/log/tables.ts';
import type { ConnectionStatus } from '../../../src/model/api/status.ts';
import { VirtualProcess, VIRTUAL_EPOCH } from '../../../src/testing/virtual-process.ts';
import { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, type WorldTab } from '../../support/on-tab.ts';

const NEWER_RELEASE = 1000;

/** Writes to the store like a newer release beside this release. */
const writeAsNewerRelease = async (world: TestWorld, device: VirtualDevice): Promise<void> => {
  const store = await device.disk.open(new VirtualProcess(world.time, 'newer'));
  const written = store.tx('upgrade', ['meta'], 'readwrite', 'strict', async (tx) => {
    const head = (await tx.get('meta', LOG_HEADER_KEY)) as LogHeader;
    tx.put('meta', LOG_HEADER_KEY, { ...head, schema: NEWER_RELEASE });
  });
  await world.until(written);
};

describe('the state of the connection', () => {
  const state = (tab: WorldTab): Promise<ConnectionStatus> => tab.now({ of: 'connection' });
  const reaches = (tab: WorldTab, wanted: ConnectionStatus['state']): Promise<ConnectionStatus> =>
    tab.until({ of: 'connection' }, (status) => status.state === wanted);
  const twoTabs = async (world: TestWorld): Promise<[VirtualDevice, WorldTab, WorldTab]> => {
    const [device, first] = await openDevice(world, 'alice');
    await first.live();
    const second = await openTab(world, device);
    await second.live();
    return [device, first, second];
  };

  it('without a network, the state is offline with the time of the next attempt (F117)', async () => {
    const world = createTestWorld();
    // A network that is down refuses each connection at once.
    world.server.crash();
    const [, tab] = await openDevice(world, 'alice');
    const status = await tab.until({ of: 'connection' }, ({ retryAt }) => retryAt !== null);
    expect(status).toMatchObject({ state: 'offline', paused: false, error: { code: 'transport/unreachable' } });
  });

  it('without a token, the state is offline with the time of the next call of getToken (F117)', async () => {
    const world = createTestWorld();
    const device = world.device('alice', 'phone', () => Promise.reject(new Error('the app has no token')));
    const tab = await openTab(world, device);
    const status = await tab.until({ of: 'connection' }, ({ retryAt }) => retryAt !== null);
    expect(status).toMatchObject({ state: 'offline', error: { code: 'auth/unavailable' } });
  });

  it('with a token of another user, the state is stopped (F117)', async () => {
    const world = createTestWorld();
    const device = world.device('alice', 'phone', async () => world.server.token('bob'));
    const tab = await openTab(world, device);
    expect(await reaches(tab, 'stopped')).toMatchObject({ retryAt: null, error: { code: 'auth/wrong-user' } });
  });

  it('while sync is paused, the state is offline and paused in every tab (F117)', async () => {
    const [, first, second] = await twoTabs(createTestWorld());
    await second.do('setPaused', true);
    for (const tab of [first, second])
      expect(await tab.until({ of: 'connection' }, ({ paused }) => paused)).toMatchObject({ state: 'offline', retryAt: null });
  });

  it('after a newer release has written the store, the state is stopped in the leader tab and in the follower tab (F117)', async () => {
    const world = createTestWorld();
    const [device, first, second] = await twoTabs(world);
    await writeAsNewerRelease(world, device);
    for (const tab of [first, second]) {
      await expect(tab.do('setPaused', true)).rejects.toMatchObject({ code: 'store/version-ahead' });
      expect(await state(tab)).toMatchObject({ state: 'stopped', leader: false, retryAt: null, error: { code: 'store/version-ahead' } });
    }
  });

  it('a tab that cannot write its fencing token is offline, with the error and the time of the next attempt (F117)', async () => {
    const world = createTestWorld();
    const device = world.device('alice');
    device.disk.trouble = (point, name) => (name === 'take-fence' && point === 'begin' ? 'unknown' : null);
    const tab = await openTab(world, device);
    const status = await tab.until({ of: 'connection' }, ({ error }) => error !== null);
    expect(status).toMatchObject({ state: 'offline', leader: false, error: { code: 'store/unavailable' } });
    expect(status.retryAt).toBeGreaterThanOrEqual(VIRTUAL_EPOCH + Math.floor(world.time.now));
  });

  it('a tab that followed, led and was parked does not show the connection of a dead leader (F117)', async () => {
    const [, first, second] = await twoTabs(createTestWorld());
    first.tab.kill();
    await second.until({ of: 'connection' }, ({ leader, state: is }) => leader && is === 'live');
    second.tab.life('parked');
    expect(await state(second)).toMatchObject({ state: 'offline', leader: false, error: null });
  });

  /** Two tabs, of which the second gets no hints from the first. The first tab logs out while the second tab has no connection. */
  const missesLogOut = async (world: TestWorld): Promise<[VirtualDevice, WorldTab]> => {
    const [device, first] = await openDevice(world, 'alice', 'phone');
    await first.live();
    // Locks and hints of its own, on the same disk.
    const { disk, network, userId, name } = device;
    const token = async (): Promise<string> => world.server.token(userId);
    const alone = new VirtualDevice({ userId, name, disk, network, token, time: world.time, random: world.random.fork('alone') });
    const second = await openTab(world, alone);
    await second.live();
    goOffline(device);
    await reaches(second, 'offline');
    // The second tab runs nothing before the log-out is complete, and then goes on as if no time had passed.
    second.tab.freeze();
    await world.until(first.tab.logOut({ pending: 'discard', timeoutMs: 1000, keepData: false }));
    goOnline(device);
    second.tab.process.thaw();
    expect(second.tab.isLoggedOut).toBe(false);
    return [alone, second];
  };

  it('I-26: a tab without a hint of a log-out opens no connection (F117)', async () => {
    const world = createTestWorld();
    const [device, tab] = await missesLogOut(world);
    let connects = 0;
    device.network.leaves = () => connects++;
    while (!tab.tab.isLoggedOut) await world.pass(100);
    await world.pass(60_000);
    expect(connects).toBe(0);
  });

  it('I-26: a tab without a hint of a log-out sends no request (F117)', async () => {
    const world = createTestWorld();
    const [device, tab] = await missesLogOut(world);
    const sent = sentBy(device);
    await expect(tab.ask('fetchReceipts', ['m1'])).rejects.toMatchObject({ code: 'usage/closed' });
    expect(sent.requests).toEqual([]);
  });
});
