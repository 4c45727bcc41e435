/** The example of the guide "Testing your app": a test of an app in a simulated world. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/index.ts';

it('a receipt made offline reaches the sender, although the phone crashed before its next connection', async () => {
  const world = createTestWorld({ seed: 7 });
  const phone = world.device('ann');
  const desk = world.device('ben');
  const [ann, ben] = [await world.open(phone), await world.open(desk)];

  const { id } = await world.until(ben.do('sendMessage', 'direct:ann', { body: '"see you at six"' }));
  await world.pass(1000);
  phone.network.set({ up: false, down: false });
  await world.until(ann.do('sendConversationReadReceipt', 'direct:ben', {}));
  ann.kill();
  await world.pass(60_000);
  phone.network.set({ up: true, down: true });
  await world.open(phone);
  await world.pass(1000);

  const receipts = await world.until(firstValueFrom(ben.watch({ of: 'receipts', messageId: id })));
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
