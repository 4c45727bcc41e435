/** `viewConversation` in a page with the focus, then without, then with the focus again. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { contains } from '../../src/model/registers/ranges.ts';
import type { ProtocolClient } from '../support/protocol-client.ts';
import { focus, view } from './looking.ts';
import { type Device, eventually, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

const receiptsOf = (sender: ProtocolClient, reader: string) =>
  sender.rows.get(`direct:${reader}`)?.theirs ?? { delivered: [], read: [], named: [] };

const seen = (device: Device, messageId: string): Promise<void> =>
  device.page.evaluate((id) => (window as unknown as { viewing: { seen(id: string): void } }).viewing.seen(id), messageId);

it('a message is read on arrival while the page has the focus, and only delivered until the focus is back otherwise', async () => {
  const phone = await world.device('vera');
  const bob = await world.person('vera-bob');
  const chat = 'direct:vera-bob';
  await phone.start([chat]);
  await focus(phone, true);
  await bob.sendMessage('direct:vera', 'before');
  await eventually('the badge', async () => (await phone.total()) === 1);
  expect(receiptsOf(bob, 'vera').read).toEqual([]);

  await view(phone, chat);
  await eventually('the stored messages to be read', () => contains(receiptsOf(bob, 'vera').read, 1));
  await bob.sendMessage('direct:vera', 'while looking');
  await eventually('the new message to be confirmed', () => contains(receiptsOf(bob, 'vera').named, 2));
  await eventually('the badge to be 0', async () => (await phone.total()) === 0);

  await focus(phone, false);
  await bob.sendMessage('direct:vera', 'while away');
  await eventually('delivery', () => contains(receiptsOf(bob, 'vera').delivered, 3));
  await eventually('the badge', async () => (await phone.total()) === 1);
  await sleep(300);
  expect(contains(receiptsOf(bob, 'vera').read, 3) || contains(receiptsOf(bob, 'vera').named, 3)).toBe(false);

  await focus(phone, true);
  await eventually('the message to be read', () => contains(receiptsOf(bob, 'vera').read, 3));
  await eventually('the badge to be 0', async () => (await phone.total()) === 0);
});

it('once the app calls seen(), no message after the seen one is read', async () => {
  const phone = await world.device('vito');
  const bob = await world.person('vito-bob');
  const chat = 'direct:vito-bob';
  await phone.start([chat]);
  await focus(phone, false);
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push((await bob.sendMessage('direct:vito', `message ${n}`)).id);
  await eventually('the badge', async () => (await phone.total()) === 5);
  await eventually('delivery', () => contains(receiptsOf(bob, 'vito').delivered, 5));
  await view(phone, chat);
  await seen(phone, ids[1]!);
  await focus(phone, true);
  await eventually('two to be read', () => contains(receiptsOf(bob, 'vito').read, 2));
  await bob.sendMessage('direct:vito', 'below the fold');
  await eventually('the badge of the messages below', async () => (await phone.total()) === 4);
  expect(receiptsOf(bob, 'vito').read).toEqual([[1, 2]]);
  await seen(phone, ids[4]!);
  await eventually('five to be read', () => contains(receiptsOf(bob, 'vito').read, 5));
  await eventually('a badge of 1', async () => (await phone.total()) === 1);
  expect(contains(receiptsOf(bob, 'vito').read, 6)).toBe(false);
});
