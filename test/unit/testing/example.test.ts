/** The example of the guide "Testing your app": a test of an app in a simulated world. */
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/index.ts';

it('a receipt made offline reaches the sender, although the phone crashed before its next connection', async () => {
  const world = createTestWorld({ seed: 7 });
  const phone = world.device('ann');
  const ann = world.client(phone);
  const ben = world.person('ben');

  const { id } = await ben.send('direct:ann', 'see you at six');
  expect(await world.until(ann.watchTotalUnreadCount(), (n) => n > 0)).toBe(1);
  phone.network.offline();
  await world.until(ann.sendConversationReadReceipt('direct:ben'));
  phone.tabs.at(-1)!.kill();
  phone.network.online();
  world.client(phone);

  const receipts = await world.until(ben.client.watchReceipts(id), (one) => one?.state === 'done');
  expect(receipts?.state).toBe('done');
});

it('the same seed gives the same world, and another seed another world', async () => {
  const traceOf = async (seed: number): Promise<number> => {
    const world = createTestWorld({ seed });
    const ann = world.device('ann');
    ann.network.set({ delayMs: 200, cut: 0.1, duplicate: 0.3 });
    const tab = await world.open(ann);
    for (let n = 0; n < 5; n++) await world.until(tab.do('sendMessage', 'direct:ben', { body: `"${n}"` }));
    await world.pass(30_000);
    return world.time.trace;
  };
  expect(await traceOf(1)).toBe(await traceOf(1));
  expect(await traceOf(1)).not.toBe(await traceOf(2));
});

it('a call refused by the disk rejects and stores nothing', async () => {
  const world = createTestWorld();
  const phone = world.device('ann');
  const tab = await world.open(phone);
  phone.disk.trouble = (point, name) => (point === 'commit' && name === 'sendMessage' ? 'quota' : null);
  await expect(world.until(tab.do('sendMessage', 'direct:ben', { body: '"hi"' }))).rejects.toMatchObject({ code: 'store/quota-exceeded' });
  phone.disk.trouble = () => null;
  await world.until(tab.do('sendMessage', 'direct:ben', { body: '"ho"' }));
  await world.pass(1000);
  expect(world.server.dump().messages.map(({ body }) => body)).toEqual(['"ho"']);
});
