/** Unsent messages fill a real device up to its quota, and all of them reach the peer when the network is back (F141). */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually, World } from './world.ts';

const QUOTA = 12e6;
/** The server takes about 50 of these messages a second. */
const ALL_WITHIN_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

it('messages that fill the device while the network is away all reach the peer (F141)', async () => {
  const phone = await world.device('otto');
  const friend = await world.person('otto-friend');
  const page = await phone.start([], {}, async (empty) => {
    const session = await empty.context().newCDPSession(empty);
    await session.send('Storage.overrideQuotaForOrigin', { origin: phone.origin, quotaSize: QUOTA });
  });
  await eventually('live', () => page.evaluate(() => window.app.connection.at(-1)?.[1].state === 'live'));
  phone.proxy.cut();
  const { taken, refused } = await page.evaluate(async () => {
    // Bytes that no database can compress.
    const text = (): string => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(11_500))));
    let count = 0;
    const codes = new Set<string>();
    while (codes.size === 0) {
      const calls = Array.from({ length: 20 }, () => window.app.client.sendMessage('direct:otto-friend', text()));
      for (const said of await Promise.allSettled(calls))
        if (said.status === 'fulfilled') count++;
        else codes.add((said.reason as { code: string }).code);
    }
    return { taken: count, refused: [...codes] };
  });
  expect(refused).toEqual(['store/quota-exceeded']);
  expect(taken).toBeGreaterThan(200);
  expect(await phone.pending()).toBe(taken);
  phone.proxy.heal();
  await eventually('all at the peer', () => friend.rows.get('direct:otto')?.latestSeq === taken, ALL_WITHIN_MS);
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  expect(phone.troubles).toEqual([]);
});
