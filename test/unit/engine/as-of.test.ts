/** `asOf` of the connection: the server's time of the last complete catch-up. */
import { describe, expect, it } from 'vitest';
import { VIRTUAL_EPOCH } from '../../../src/testing/virtual-process.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

const MINUTE = 60_000;
const asOf = async (tab: WorldTab): Promise<number | null> => (await tab.now({ of: 'connection' })).asOf;
const values = (tab: WorldTab): (number | null)[] => {
  const seen: (number | null)[] = [];
  tab.watch({ of: 'connection' }).subscribe((status) => seen.push(status.asOf));
  return seen;
};

describe('the time of the last complete catch-up', () => {
  it('asOf is null before the first catch-up, then the time of the server, in every tab and after a restart without a network', async () => {
    const world = createTestWorld();
    const device = world.device('alice');
    // The clock of the device is a year behind. The time is the server's.
    device.skewMs = -365 * 24 * 60 * MINUTE;
    goOffline(device);
    const first = await openTab(world, device);
    const second = await openTab(world, device);
    expect(await asOf(first)).toBeNull();
    goOnline(device);
    await first.live();
    const at = await asOf(first);
    expect(Math.abs(at! - (VIRTUAL_EPOCH + world.time.now))).toBeLessThan(2000);
    await second.until({ of: 'connection' }, (status) => status.asOf === at);
    goOffline(device);
    await first.close();
    await second.close();
    await world.pass(MINUTE);
    const again = await openTab(world, device);
    const kept = await asOf(again);
    expect(kept).not.toBeNull();
    expect(kept! - at!).toBeLessThan(MINUTE);
  });

  it('a quiet page moves asOf every five minutes, not at each heartbeat, and at the end of the connection to the last heartbeat', async () => {
    const world = createTestWorld();
    const [device, tab] = await openDevice(world, 'alice');
    await tab.live();
    const from = (await asOf(tab))!;
    const seen = values(tab);
    await world.pass(16 * MINUTE);
    const moves = new Set(seen).size - 1;
    expect(moves).toBe(3);
    goOffline(device);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await tab.until({ of: 'connection' }, (status) => status.asOf! - from > 15 * MINUTE);
    expect(Math.abs((await asOf(tab))! - from - 16 * MINUTE)).toBeLessThan(MINUTE);
  });

  it('a page with messages every second does not emit for each of them', async () => {
    const world = createTestWorld();
    const [, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
    await alice.live();
    await bob.live();
    const seen = values(alice);
    for (let i = 0; i < 30; i++) {
      await bob.say('alice', `${i}`);
      await world.pass(1000);
    }
    expect(await alice.now({ of: 'unread', conversationId: 'direct:bob' })).toBe(30);
    expect(new Set(seen).size).toBe(1);
  });

  it('a reconnect moves asOf even if nothing has changed', async () => {
    const world = createTestWorld();
    const [device, tab] = await openDevice(world, 'alice');
    await tab.live();
    const before = (await asOf(tab))!;
    goOffline(device);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await world.pass(2 * MINUTE);
    goOnline(device);
    await tab.live();
    expect((await asOf(tab))! - before).toBeGreaterThan(2 * MINUTE - 1);
  });
});
