import { describe, expect, it } from 'vitest';
import { applyChange } from '../../../src/engine/state/apply-change.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import { nothingDirty } from '../../../src/engine/state/dirty.ts';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

describe('events', () => {
  const eventsOf = (tab: WorldTab): ReceiptEvent[] => {
    const events: ReceiptEvent[] = [];
    tab.watch({ of: 'events' }).subscribe(({ event }) => events.push(event));
    return events;
  };

  it('a receipt event names own messages only, also if the peer’s ranges include the peer’s own messages (F117)', async () => {
    const world = createTestWorld();
    const [, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
    await alice.live();
    await bob.live();
    const events = eventsOf(alice);
    const total = (count: number) => bob.until({ of: 'unread', conversationId: 'direct:alice' }, (unread) => unread === count);
    await alice.say('bob', 'first', { id: 'a1' });
    await total(1);
    await bob.say('alice', 'between', { id: 'b2' });
    await alice.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 1);
    await alice.say('bob', 'third', { id: 'a3' });
    await total(2);
    await bob.do('sendConversationReadReceipt', 'direct:alice', {});
    await alice.until({ of: 'receipts', messageId: 'a3' }, (receipts) => receipts?.readAt !== null);
    await world.pass(2000);
    const receiptsSent = events.flatMap((event) => (event.type === 'read' || event.type === 'delivered' ? [event] : []));
    const places = receiptsSent.flatMap(({ ranges }) =>
      ranges.flatMap(([from, upTo]) => Array.from({ length: upTo - from + 1 }, (_, i) => from + i)),
    );
    expect(new Set(places)).toEqual(new Set([1, 3]));
    expect(receiptsSent.filter(({ type }) => type === 'read')).toEqual([
      {
        type: 'read',
        how: 'conversation',
        conversationId: 'direct:bob',
        ranges: [
          [1, 1],
          [3, 3],
        ],
        messageIds: ['a1', 'a3'],
        by: 'bob',
        self: false,
      },
    ]);
  });

  it('a receipt event names a message of the same frame (F117)', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [, first] = await openDevice(world, 'alice', 'phone');
    const [tablet, second] = await openDevice(world, 'alice', 'tablet');
    await first.say('bob', 'known to both', { id: 'a1' });
    await second.until({ of: 'messages', conversationId: 'direct:bob', limit: 5 }, (list) => list.length === 1);
    goOffline(tablet);
    await second.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await first.say('bob', 'sent meanwhile', { id: 'a2' });
    await bob.until({ of: 'total-unread' }, (count) => count === 2);
    await bob.do('sendConversationReadReceipt', 'direct:alice', {});
    await first.until({ of: 'receipts', messageId: 'a2' }, (receipts) => receipts?.readAt !== null);
    const events = eventsOf(second);
    goOnline(tablet);
    await second.until({ of: 'messages', conversationId: 'direct:bob', limit: 5 }, (list) => list.at(-1)?.status === 'read');
    await world.pass(2000);
    const read = events.find(({ type }) => type === 'read');
    expect(read).toMatchObject({ ranges: [[1, 2]], messageIds: ['a1', 'a2'] });
  });

  it('events for no page yet hold no message bodies, and the first page gets the events with their messages, in order', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [phone, alice] = await openDevice(world, 'alice');
    await alice.live();
    const body = 'a long text '.repeat(50);
    for (let n = 1; n <= 20; n++) await bob.say('alice', `${body}${n}`, { id: `m${n}` });
    await alice.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 20);
    await alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 50 }, ({ length }) => length === 20);
    await bob.do('recallMessage', 'm3');
    await alice.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 19);
    // The messages are in pages now, and the events in the snapshot.
    await alice.ask('dropCachedMessages');
    const text = JSON.stringify([...phone.disk.rows.values()].map((rows) => [...rows.values()]));
    expect(text.split(body).length - 1).toBeLessThan(6);
    await alice.ask('loadOlderMessages', 'direct:bob', 20);
    await alice.close();
    const again = await openTab(world, phone);
    const news = eventsOf(again);
    await world.pass(2000);
    const told = news.flatMap((event) => (event.type === 'message' ? [event.message.body] : []));
    expect(told).toEqual([1, 2, ...Array.from({ length: 17 }, (_, i) => i + 4)].map((n) => `${body}${n}`));
    await again.close();
    const later = eventsOf(await openTab(world, phone));
    await world.pass(2000);
    expect(later.filter(({ type }) => type === 'message')).toEqual([]);
  });

  it('events go on after the store has failed to read the message of one of them, and none is told twice (F45)', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [phone, alice] = await openDevice(world, 'alice');
    await alice.live();
    for (let n = 1; n <= 3; n++) await bob.say('alice', `${n}`, { id: `m${n}` });
    await alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 50 }, ({ length }) => length === 3);
    await alice.close();
    // The messages go to their pages.
    const upkeep = await world.until(Writer.open(await phone.ports(new VirtualProcess(world.time, 'upkeep')), 'alice'));
    await world.until(upkeep.compactLog());
    let failures = 0;
    phone.disk.trouble = (_, name) => (name === 'read-event' && ++failures <= 3 ? 'abort' : null);
    const again = await openTab(world, phone);
    const events = eventsOf(again);
    await again.live();
    await bob.say('alice', '4', { id: 'm4' });
    await world.pass(10_000);
    expect(failures).toBeGreaterThan(3);
    expect(events.flatMap((event) => (event.type === 'message' ? [event.message.id] : []))).toEqual(['m1', 'm2', 'm3', 'm4']);
  });

  it('the last 1,000 undelivered events are kept, at every moment (F117)', () => {
    const model = new AccountState('alice');
    for (let number = 1; number <= 1995; number++) {
      const event = { type: 'recalled', conversationId: 'direct:bob', messageId: `m${number}` } as const;
      applyChange(model, { t: 'event', event }, nothingDirty());
    }
    expect([model.events.length, model.events[0]!.number, model.events.at(-1)!.number]).toEqual([1000, 996, 1995]);
  });
});
