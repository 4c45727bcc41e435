/** Networks between a browser and the server: connections with a break at any frame, proxies without WebSockets, captive portals. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { stretched } from '../support/machine.ts';
import { delivered, eventually, sendMany, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

/** An answer readable by every page. */
const http = (status: string, type: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: *\r\n` +
  `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
const LOGIN_PAGE = http('200 OK', 'text/html', '<!doctype html><title>Free Wi-Fi</title><form action="/login"></form>');

it('without WebSockets, receipts and messages go over HTTP in both directions at once (F53)', async () => {
  const phone = await world.device('hilde');
  const friend = await world.person('hilde-friend');
  phone.proxy.stranger = (isUpgrade) => (isUpgrade ? http('403 Forbidden', 'text/plain', 'no upgrades here') : undefined);
  await friend.sendMessage('direct:hilde', 'by whichever way');
  await phone.start();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  await delivered(friend, phone, 1);
  expect(await phone.total()).toBe(1);
  await phone.page.evaluate(async () => {
    await window.app.client.sendConversationReadReceipt('direct:hilde-friend');
    await window.app.client.sendMessage('direct:hilde-friend', 'here you are');
  });
  await eventually('her receipt', () => friend.rows.get('direct:hilde')?.theirs.read.length === 1);
  await eventually('her message', () => friend.rows.get('direct:hilde')?.latestSeq === 2);
  // The server answers a waiting pull when there is a change, and not when its 20 s are over.
  for (let n = 0; n < 3; n++) {
    const before = await phone.page.evaluate(() => performance.now());
    await friend.sendMessage('direct:hilde', `news ${n}`);
    await eventually('the change', async () => (await phone.total()) === n + 1);
    const seenAt = await phone.page.evaluate(() => window.app.total.at(-1)![0]);
    expect(seenAt - before).toBeLessThan(await stretched(5000));
  }
  expect(phone.proxy.frames).toEqual([]);
  expect(phone.proxy.strangerAnswered).toBeGreaterThan(1);
  expect(phone.troubles).toEqual([]);
});

it('a captive portal only delays the client, and wrong `online` and `offline` events of the browser do not even do that (F52)', async () => {
  const phone = await world.device('kapitola');
  const friend = await world.person('kapitola-friend');
  await friend.sendMessage('direct:kapitola', 'before');
  await phone.start();
  await delivered(friend, phone, 1);

  phone.proxy.stranger = () => LOGIN_PAGE;
  phone.proxy.cut();
  phone.proxy.heal();
  await phone.page.evaluate(() => window.app.client.sendConversationReadReceipt('direct:kapitola-friend'));
  // WebSockets and requests both meet the portal, more than once.
  await eventually('the portal to be met', () => phone.proxy.strangerAnswered >= 5, 60_000);
  expect(await phone.pending()).toBe(1);
  const met = await phone.page.evaluate(() => window.app.connection.map(([, { state, error }]) => [state, error?.code ?? null]));
  expect(met.map(([state]) => state)).not.toContain('stopped');
  expect(met.at(-1)![0]).not.toBe('live');
  expect(met.some(([, code]) => code === 'transport/unreachable')).toBe(true);
  expect(friend.rows.get('direct:kapitola')?.theirs.read).toEqual([]);

  // The browser wrongly reports `offline`, and then `online` again. The client tries
  // again at once.
  phone.proxy.stranger = () => undefined;
  const shownLiveMs = await phone.page.evaluate(async () => {
    Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => false });
    window.dispatchEvent(new Event('offline'));
    window.dispatchEvent(new Event('online'));
    const since = performance.now();
    while (window.app.connection.at(-1)![1].state !== 'live') await new Promise((resolve) => setTimeout(resolve, 20));
    return performance.now() - since;
  });
  expect(shownLiveMs).toBeLessThan(await stretched(10_000));
  await eventually('the receipt', () => friend.rows.get('direct:kapitola')?.theirs.read.length === 1);
  await phone.page.evaluate(async () => {
    window.dispatchEvent(new Event('offline'));
    await window.app.client.sendMessage('direct:kapitola-friend', 'they say I am offline');
  });
  await eventually('the message', () => friend.rows.get('direct:kapitola')?.latestSeq === 2);
  expect(phone.troubles).toEqual([]);
});

it('with the connection reset after any sent or received frame, every entry takes effect once (F47)', async () => {
  const phone = await world.device('resi');
  const friend = await world.person('resi-friend');
  await phone.start();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  const ROUNDS = 6;
  for (let n = 1; n <= ROUNDS; n++) {
    let passed = 0;
    const reset = (): void => {
      if (++passed !== n) return;
      phone.proxy.cut();
      phone.proxy.heal();
    };
    if (n % 2 === 0) phone.proxy.onUp = reset;
    else phone.proxy.onDown = reset;
    await sendMany(friend, 'resi', 1);
    await phone.page.evaluate(async (text) => {
      await window.app.client.sendMessage('direct:resi-friend', text);
      await window.app.client.sendConversationReadReceipt('direct:resi-friend');
    }, `round ${n}`);
    await eventually('an empty outbox', async () => (await phone.pending()) === 0);
    await eventually('her message', () => friend.rows.get('direct:resi')?.latestSeq === 2 * n);
    await eventually(
      'his receipt',
      async () => (await phone.page.evaluate(() => window.app.conversations.at(-1)?.[1][0]?.latestSeq)) === 2 * n,
    );
    phone.proxy.onUp = phone.proxy.onDown = () => undefined;
  }
  await phone.page.evaluate(() => window.app.client.sendConversationReadReceipt('direct:resi-friend'));
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  expect(friend.rows.get('direct:resi')?.latestSeq).toBe(2 * ROUNDS);
  expect(await phone.total()).toBe(0);
  const bodies = [...(friend.messages.get('direct:resi')?.values() ?? [])]
    .filter(({ senderId }) => senderId === 'resi')
    .map(({ body }) => body);
  expect(bodies.sort()).toEqual(Array.from({ length: ROUNDS }, (_, n) => `"round ${n + 1}"`));
  expect(phone.proxy.sent('hello').length).toBeGreaterThan(ROUNDS / 2);
  expect(phone.troubles).toEqual([]);
});
