/** A server that was put back to an older copy, and a device that was told more than its feed had brought it. */
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';

it('what was acked and lost again is offered anew, though the feed had not come that far', async () => {
  const world = createTestWorld({ seed: 1 });
  const alice = world.device('alice');
  const first = await world.open(alice);
  await world.pass(1000);
  const copy = world.server.dump();
  // It dies the moment it has stored the ack: the feed's own step with the message never comes.
  alice.disk.committed = ({ name, lane }) => {
    if (name === 'settle-batch') lane.kill();
  };
  await world.until(first.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.pass(1000);
  expect(first.isOpen).toBe(false);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m1']);

  alice.disk.committed = () => undefined;
  world.server.restore(copy);
  expect(world.server.dump().messages).toEqual([]);
  await world.open(alice);
  await world.pass(20_000);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m1']);
});

it('a message that was taken back is not offered again to a server that lost it', async () => {
  const world = createTestWorld({ seed: 2 });
  const alice = world.device('alice');
  const tab = await world.open(alice);
  await world.pass(1000);
  const copy = world.server.dump();
  await world.until(tab.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.until(tab.do('sendMessage', 'direct:ben', { id: 'm2', body: '"there"' }));
  await world.pass(1000);
  alice.network.set({ up: false, down: false });
  world.server.restore(copy);
  await world.until(tab.do('recallMessage', 'm1'));
  alice.network.set({ up: true, down: true });
  await world.pass(60_000);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m2']);
});
