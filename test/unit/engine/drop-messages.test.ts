/** `dropCachedMessages` and `storage()`. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/model/message/message.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { framesOf, goOffline, goOnline, openDevice, openTab, sentBy, submits } from '../../support/on-tab.ts';

const shown = { of: 'messages', conversationId: 'direct:bob', limit: 10 } as const;
const bodies = (list: readonly Message[]) => list.map(({ body }) => body);

/** Alice has 40 messages of Bob, 10 of them read, and two open tabs; Carol has written too. */
const filled = async (seed = 1) => {
  const world = createTestWorld({ seed });
  const [, bob] = await openDevice(world, 'bob');
  const [, carol] = await openDevice(world, 'carol');
  for (let n = 1; n <= 40; n++) await bob.say('alice', `b${n}`, { id: `m${n}` });
  await carol.say('alice', 'hello', { id: 'c1' });
  await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const [device, alice] = await openDevice(world, 'alice');
  const other = await openTab(world, device);
  await alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 50 }, ({ length }) => length === 40);
  await alice.do('sendConversationReadReceipt', 'direct:bob', { upTo: 'm10' });
  await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  await world.pass(2000);
  return { world, bob, device, alice, other };
};

const facts = async (tab: Awaited<ReturnType<typeof filled>>['alice']) => ({
  total: await tab.now({ of: 'total-unread' }),
  conversations: await tab.now({ of: 'conversations', limit: 10 }),
  outbox: await tab.now({ of: 'outbox' }),
  explained: { ...(await tab.ask('explainUnread', 'direct:bob')), notHeld: [] },
});

describe('dropCachedMessages', () => {
  it('only messages go, in every tab and for good: positions, counts, receipts, the list and the outbox stay', async () => {
    const { world, device, alice, other } = await filled();
    goOffline(device);
    await alice.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await alice.say('bob', 'queued', { id: 'mine' });
    await alice.do('sendReadReceipts', 'direct:bob', ['m20']);
    const before = await facts(alice);
    const stored = await alice.ask('storage');
    await alice.ask('dropCachedMessages');
    expect(await facts(alice)).toEqual(before);
    const left = await alice.ask('storage');
    expect({ before: stored.messages, after: left.messages }).toEqual({ before: 41, after: 2 });
    expect(left.bytes).toBeLessThan(stored.bytes);
    expect(JSON.stringify([...device.disk.rows.values()].map((rows) => [...rows.values()]))).not.toContain('b39');
    for (const tab of [alice, other]) {
      expect(bodies(await tab.until(shown, ({ length }) => length === 2))).toEqual(['b40', 'queued']);
      expect(await tab.ask('findMessage', 'm39')).toBeNull();
      expect(await tab.ask('findMessage', 'm40')).toMatchObject({ body: 'b40' });
      expect(await tab.now({ of: 'receipts', messageId: 'm39' })).toBeNull();
    }
    await alice.close();
    await other.close();
    const again = await openTab(world, device);
    expect(bodies(await again.now(shown))).toEqual(['b40', 'queued']);
    expect(await facts(again)).toEqual(before);
  });

  it('the background fetches nothing again, and a conversation opened by the app loads the shown messages, without a second receipt', async () => {
    const { world, bob, device, alice } = await filled();
    const told: string[] = [];
    alice.watch({ of: 'events' }).subscribe(({ event }) => told.push(event.type));
    await alice.ask('dropCachedMessages');
    const sent = sentBy(device);
    await bob.say('alice', 'news', { id: 'm41' });
    await world.pass(60_000);
    expect((await alice.ask('storage')).messages).toBe(3);
    expect(framesOf('fetch', [...sent.sockets, ...sent.requests])).toEqual([]);
    const delivered = submits([...sent.sockets, ...sent.requests]).length;
    const list = await alice.until(shown, ({ length }) => length === 10);
    expect(bodies(list)).toEqual([...Array.from({ length: 9 }, (_, i) => `b${32 + i}`), 'news']);
    await world.pass(10_000);
    expect(submits([...sent.sockets, ...sent.requests])).toHaveLength(delivered);
    expect(told.filter((type) => type !== 'receiptsConfirmed')).toEqual(['message']);
    const older = await alice.ask('loadOlderMessages', 'direct:bob', 5);
    expect(bodies(older.messages)).toEqual(['b27', 'b28', 'b29', 'b30', 'b31']);
  });

  it('an open conversation shows the newest message without a network, and loads its messages when the network returns', async () => {
    const { world, device, alice } = await filled();
    const lists: unknown[][] = [];
    alice.watch(shown).subscribe((list) => lists.push(bodies(list)));
    await world.pass(1000);
    goOffline(device);
    await alice.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await alice.ask('dropCachedMessages');
    await world.pass(1000);
    expect(lists.at(-1)).toEqual(['b40']);
    goOnline(device);
    await alice.live();
    await world.pass(10_000);
    expect(lists.at(-1)).toHaveLength(10);
  });

  it('a call after dropCachedMessages, in the same turn, finds the messages gone, and a call before finds them', async () => {
    const { world, device, alice } = await filled();
    goOffline(device);
    const { tab } = alice;
    const [before, , after] = await world.until(
      Promise.all([tab.ask('findMessage', 'm30'), tab.ask('dropCachedMessages'), tab.ask('findMessage', 'm30')]),
    );
    expect(before).toMatchObject({ id: 'm30' });
    expect(after).toBeNull();
  });

  it('messages that a compaction was writing are dropped too', async () => {
    const { world, device, alice } = await filled();
    goOffline(device);
    device.fault = (site) => site === 'compaction:due';
    const { tab } = alice;
    await world.until(Promise.all([tab.do('setMuted', 'direct:carol', true), tab.ask('dropCachedMessages')]));
    await world.pass(1000);
    expect(JSON.stringify([...device.disk.rows.values()].map((rows) => [...rows.values()]))).not.toContain('b39');
  });
});
