import { expect, it } from 'vitest';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, type WorldTab } from '../../support/on-tab.ts';

const MISSED = 450;

const publish = async (world: TestWorld, from: number, upTo: number): Promise<void> => {
  for (let i = from; i <= upTo; i++)
    await world.until(world.server.host.publish({ from: 'bob', to: { user: 'alice' }, body: i, id: `m${i}` }));
};
const ids = (from: number, upTo: number): string[] => Array.from({ length: upTo - from + 1 }, (_, i) => `m${from + i}`);
const stores = (tab: WorldTab, count: number) =>
  tab.until({ of: 'messages', conversationId: 'direct:bob', limit: 1000 }, (list) => list.length === count);

/** Opens a device of alice. @returns also the ids of all messages with an event. */
const openAlice = async (world: TestWorld): Promise<[VirtualDevice, WorldTab, readonly string[]]> => {
  const [device, alice] = await openDevice(world, 'alice');
  const heard: string[] = [];
  alice.watch({ of: 'events' }).subscribe(({ event }) => {
    if (event.type === 'message') heard.push(event.message.id);
  });
  return [device, alice, heard];
};

it('a message left out by a long catch-up makes its event at the fetch, and messages of a first snapshot make none', async () => {
  const world = createTestWorld();
  await publish(world, 1, 30);
  const [device, alice, heard] = await openAlice(world);
  await alice.live();
  await stores(alice, 30);
  expect(heard).toEqual([]);
  goOffline(device);
  await alice.until({ of: 'connection' }, ({ state }) => state !== 'live');
  await publish(world, 31, 30 + MISSED);
  goOnline(device);
  await alice.live();
  await stores(alice, 30 + MISSED);
  await alice.live();
  await world.pass(100);
  expect(heard).toHaveLength(MISSED);
  expect([...heard].sort()).toEqual(ids(31, 30 + MISSED).sort());
});

it('a message whose recall is still pending on this device makes no event', async () => {
  const world = createTestWorld();
  const [device, tablet] = await openDevice(world, 'alice');
  await tablet.live();
  // Another device of alice wrote both messages, and no page has asked for events yet.
  for (const id of ['m1', 'm2']) await world.until(world.server.host.publish({ from: 'alice', to: { user: 'bob' }, body: id, id }));
  await tablet.until({ of: 'messages', conversationId: 'direct:bob', limit: 10 }, (list) => list.length === 2);
  goOffline(device);
  await tablet.until({ of: 'connection' }, ({ state }) => state !== 'live');
  await tablet.do('recallMessage', 'm1');
  const heard: unknown[] = [];
  tablet.watch({ of: 'events' }).subscribe(({ event }) => event.type === 'message' && heard.push(event.message.body));
  await world.pass(100);
  expect(heard).toEqual(['m2']);
});
