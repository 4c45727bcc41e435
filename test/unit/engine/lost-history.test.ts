/** A server is restored from an older copy, and a device has confirmations for entries beyond its cursor. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';

/** The server confirms Alice's m1, and her tab dies after storing the confirmation: the feed never brings the message. */
const confirmedAheadOfTheFeed = async () => {
  const world = createTestWorld({ seed: 1 });
  const alice = world.device('alice');
  const first = await world.open(alice);
  await world.pass(1000);
  const copy = world.server.dump();
  alice.disk.committed = ({ name, process }) => {
    if (name === 'settle-batch') process.kill();
  };
  await world.until(first.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.pass(1000);
  expect(first.isOpen).toBe(false);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m1']);
  return { world, alice, copy };
};

it('a confirmed message lost by the server is sent again, although the feed had not reached the message (F67)', async () => {
  const { world, alice, copy } = await confirmedAheadOfTheFeed();
  alice.disk.committed = () => undefined;
  world.server.restore(copy);
  expect(world.server.dump().messages).toEqual([]);
  await world.open(alice);
  await world.pass(20_000);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m1']);
});

it('a confirmed message lost by the server is sent again, although another confirmation came before the device saw the loss', async () => {
  const { world, alice, copy } = await confirmedAheadOfTheFeed();
  world.server.restore(copy);
  const second = await world.open(alice);
  await world.until(second.do('sendMessage', 'direct:ben', { id: 'm2', body: '"there"' }));
  await world.pass(1000);
  expect(second.isOpen).toBe(false);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m2']);

  alice.disk.committed = () => undefined;
  await world.open(alice);
  await world.pass(20_000);
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m2', 'm1']);
});

it('the first snapshot of a device takes away what a service worker stored before, if the server lost it (F67)', async () => {
  const world = createTestWorld({ seed: 3 });
  const alice = world.device('alice');
  const copy = world.server.dump();
  alice.network.set({ up: false, down: false });
  const first = await world.open(alice);
  await world.until(first.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.until(first.close());
  alice.network.set({ up: true, down: true });
  await world.until(alice.sync());
  expect(world.server.dump().messages.map(({ id }) => id)).toEqual(['m1']);

  alice.network.set({ up: false, down: false });
  world.server.restore(copy);
  const second = await world.open(alice);
  await world.until(second.do('recallMessage', 'm1'));
  alice.network.set({ up: true, down: true });
  await world.pass(60_000);
  expect(await firstValueFrom(second.watch({ of: 'conversations', limit: 10 }))).toEqual([]);
});

it('a recalled message is not sent again to a server that lost the message', async () => {
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

it('a message sent again stays recalled after a recall by another device in between', async () => {
  const world = createTestWorld({ seed: 4 });
  const phone = world.device('alice', 'phone');
  const laptop = world.device('alice', 'laptop');
  const first = await world.open(phone);
  const other = await world.open(laptop);
  await world.pass(1000);
  await world.until(first.do('sendMessage', 'direct:ben', { id: 'm1', body: '"hi"' }));
  await world.pass(1000);
  const copy = world.server.dump();
  await world.until(first.do('sendMessage', 'direct:ben', { id: 'm2', body: '"later"' }));
  await world.pass(1000);
  phone.network.set({ up: false, down: false });
  world.server.restore(copy);
  await world.pass(20_000);
  await world.until(other.do('recallMessage', 'm1'));
  await world.pass(1000);
  phone.network.set({ up: true, down: true });
  await world.pass(60_000);
  const shown = await world.until(firstValueFrom(first.watch({ of: 'messages', conversationId: 'direct:ben', limit: 10 })));
  expect(shown.map(({ id, recalled, body }) => [id, recalled, body])).toEqual([
    ['m1', true, null],
    ['m2', false, 'later'],
  ]);
});

it('messages unknown to the new history leave the pages, because another device may have recalled the messages', async () => {
  const world = createTestWorld({ seed: 5 });
  const [phone, hers] = [world.device('alice'), world.device('ben')];
  hers.fault = (site) => site === 'compaction:due';
  const alice = await world.open(phone);
  const ben = await world.open(hers);
  await world.until(alice.do('sendMessage', 'direct:ben', { id: 'm1', body: '"a secret"' }));
  for (let n = 2; n < 400; n++) await world.until(alice.do('sendMessage', 'direct:ben', { body: `"${n}"` }));
  await world.pass(5000);
  const copy = world.server.dump();
  await world.until(alice.do('sendMessage', 'direct:ben', { body: '"after the copy"' }));
  await world.pass(5000);
  const onDisk = (): string => [...hers.disk.rows].map(([name, table]) => name + JSON.stringify([...table.values()])).join();
  expect(onDisk()).toContain('a secret');
  hers.network.set({ up: false, down: false });
  world.server.restore(copy);
  await world.pass(20_000);
  await world.until(alice.do('recallMessage', 'm1'));
  await world.pass(5000);
  hers.network.set({ up: true, down: true });
  await world.pass(60_000);
  // One more compaction, so that the log holds no record of the time before.
  await world.until(ben.do('setMuted', 'direct:alice', true));
  await world.pass(5000);
  expect(onDisk()).not.toContain('a secret');
  expect(onDisk()).toContain('after the copy');
});

it('an open chat is fetched again after the server lost its history: requests to the lost history do not count', async () => {
  const world = createTestWorld({ seed: 6 });
  const alice = await world.open(world.device('alice'));
  for (let n = 1; n <= 20; n++) await world.until(alice.do('sendMessage', 'direct:ben', { body: `"${n}"` }));
  await world.pass(2000);
  const before = await world.open(world.device('ben', 'phone'));
  await world.pass(5000);
  await world.until(before.do('clearConversationUnreadCount', 'direct:alice'));
  await world.pass(5000);
  // The messages are delivered and read on another device, so this device fetches only opened conversations.
  const laptop = await world.open(world.device('ben', 'laptop'));
  await world.pass(2000);
  let shown = 0;
  laptop.watch({ of: 'messages', conversationId: 'direct:alice', limit: 50 }).subscribe((messages) => (shown = messages.length));
  await world.pass(5000);
  expect(shown).toBe(20);
  const copy = world.server.dump();
  await world.until(alice.do('sendMessage', 'direct:ben', { body: '"after the copy"' }));
  await world.pass(5000);
  world.server.restore(copy);
  await world.pass(60_000);
  expect(shown).toBe(21);
});

it('a message that is offered again before the first snapshot, although the server has it, is listed once at every moment', async () => {
  const world = createTestWorld({ seed: 4 });
  const alice = world.device('alice');
  alice.network.set({ up: false, down: false });
  const first = await world.open(alice);
  for (const id of ['m1', 'm2']) await world.until(first.do('sendMessage', 'direct:ben', { id, body: '"hi"' }));
  await world.until(first.close());
  alice.network.set({ up: true, down: true });
  await world.until(alice.sync());
  const tab = await world.open(alice);
  const lists = new Set<string>();
  const watched = { of: 'messages', conversationId: 'direct:ben', limit: 10 } as const;
  tab.watch(watched).subscribe((messages) => lists.add(messages.map(({ id, status }) => `${id} ${status}`).join()));
  await world.pass(20_000);
  expect([...lists]).toEqual(['m1 sent,m2 sent']);
});
