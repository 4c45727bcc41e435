/** The client on a dead connection without a close event. The test waits most of the time. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { stretched } from '../support/machine.ts';
import { delivered, eventually, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

it('a half-open socket is detected within 35 s and replaced, in an idle tab and in a tab with pending entries (F46)', async () => {
  // The idle phone sends nothing, and the busy one has just sent a message into the dead connection.
  const [idle, busy] = await Promise.all([world.device('dora'), world.device('dina')]);
  const friend = await world.person('friend-of-both');
  for (const phone of [idle, busy]) {
    await friend.sendMessage(`direct:${phone.userId}`, 'hello');
    await phone.start();
    await delivered(friend, phone, 1);
  }

  for (const { proxy } of [idle, busy]) proxy.blackHole();
  const since = performance.now();
  await busy.page.evaluate(() => window.app.client.sendMessage('direct:friend-of-both', 'can you hear me?'));
  await friend.sendMessage('direct:dora', 'are you there?');
  await Promise.all(
    [idle, busy].map(async (phone) => {
      await eventually('the dead socket to be detected', async () => (await phone.state()) !== 'live', 60_000);
      const noticedMs = performance.now() - since;
      await eventually('another page', async () => (await phone.state()) === 'live');
      const replacedMs = performance.now() - since;
      const which = phone === idle ? 'idle' : 'busy';
      console.log(
        `half-open, ${which}: noticed after ${(noticedMs / 1000).toFixed(1)} s, replaced after ${(replacedMs / 1000).toFixed(1)} s`,
      );
      expect(noticedMs).toBeLessThan(await stretched(35_000));
      expect(phone.proxy.sent('hello')).toHaveLength(2);
    }),
  );
  await eventually('the messages that came in between', async () => (await idle.total()) === 2);
  await eventually('the message sent in between', () => friend.rows.get('direct:dina')?.latestSeq === 2);
  await eventually('an empty outbox', async () => (await busy.pending()) === 0);
  expect(friend.rows.get('direct:dina')?.latestSeq).toBe(2);
});
