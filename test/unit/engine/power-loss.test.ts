/** After a loss of power a device still knows its sent messages. */
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';

it('a message sent before a loss of power is recalled at the server, and not only removed on the device (F14)', async () => {
  const world = createTestWorld({ seed: 3 });
  const alice = world.device('alice');
  const tab = await world.open(alice);
  await world.pass(1000);
  // The power is lost at the moment the message is sent, together with every unflushed write.
  let lost: Promise<void> | undefined;
  alice.network.leaves = (_lane, text) => {
    if (text.includes('"m1"')) lost ??= Promise.resolve().then(() => alice.losePower(alice.disk.atRisk));
  };
  alice.network.set({ stale: 1 });
  await world.until(tab.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.pass(1000);
  await lost;
  expect(world.server.dump().messages.map(({ id, recalled }) => [id, recalled])).toEqual([['m1', false]]);

  alice.network.set({ up: false, down: false });
  const again = await world.open(alice);
  await world.until(again.do('recallMessage', 'm1'));
  alice.network.set({ up: true, down: true });
  await world.pass(60_000);
  expect(world.server.dump().messages.map(({ id, recalled }) => [id, recalled])).toEqual([['m1', true]]);
});
