/** A conversation that begins while a device is away tells its receipts, as any other conversation does. History tells nothing. */
import { expect, it } from 'vitest';
import { applyRow } from '../../../src/engine/apply/apply-rows.ts';
import { Writer } from '../../../src/engine/write/writer.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, type WorldTab } from '../../support/on-tab.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

/** Long enough for a catch-up instead of live changes. */
const AWAY_MS = 100_000;

const eventsOf = (tab: WorldTab): ReceiptEvent[] => {
  const events: ReceiptEvent[] = [];
  tab.watch({ of: 'events' }).subscribe(({ event }) => events.push(event));
  return events;
};
const nameOf = (event: ReceiptEvent): string =>
  `${event.type}${event.type === 'read' ? ` by ${event.how}` : ''}${'self' in event && event.self ? ', self' : ''}`;
const namesOf = (events: readonly ReceiptEvent[]): string[] => events.map(nameOf).sort();

/** Two devices of ann. Both know a chat with cem. The tablet is away during `meanwhile`. @returns the events of the tablet after its return. */
const eventsOfReturn = async (
  meanwhile: (world: TestWorld, phone: WorldTab, ben: WorldTab) => Promise<unknown>,
): Promise<ReceiptEvent[]> => {
  const world = createTestWorld();
  const [, phone] = await openDevice(world, 'ann', 'phone');
  const [tablet, second] = await openDevice(world, 'ann', 'tablet');
  const [, ben] = await openDevice(world, 'ben');
  await phone.say('cem', 'an earlier chat');
  await second.until({ of: 'messages', conversationId: 'direct:cem', limit: 5 }, (list) => list.length === 1);
  const events = eventsOf(second);
  await world.pass(1000);
  events.length = 0;
  goOffline(tablet);
  await world.pass(AWAY_MS);
  await meanwhile(world, phone, ben);
  await world.pass(3000);
  goOnline(tablet);
  await second.live();
  await world.pass(10_000);
  return events;
};

it('the sender’s device that was away hears every receipt of a chat that began meanwhile (F117)', async () => {
  const events = await eventsOfReturn(async (world, phone, ben) => {
    await phone.say('ben', 'hello', { id: 'a1' });
    await world.pass(1000);
    await ben.do('sendReadReceipts', 'direct:ann', ['a1'], {});
    await world.pass(1000);
    await ben.do('sendConversationReadReceipt', 'direct:ann', {});
  });
  expect(namesOf(events)).toEqual(['conversationRead', 'delivered', 'message', 'read by conversation', 'read by message']);
});

it('the reader’s device that was away hears what another device read in a chat and in a group that began meanwhile (F117)', async () => {
  const events = await eventsOfReturn(async (world, phone, ben) => {
    await world.until(world.server.host.createGroup({ groupId: 'g', members: [{ userId: 'ann' }, { userId: 'ben' }] }));
    await ben.say('ann', 'hello', { id: 'b1' });
    await ben.do('sendMessage', 'group:g', { id: 'g1', body: '"hello"', requestReceipt: true });
    await world.pass(1000);
    await phone.do('sendConversationReadReceipt', 'direct:ben', {});
    await phone.do('sendReadReceipts', 'group:g', ['g1'], {});
    await phone.do('clearConversationUnreadCount', 'group:g');
  });
  expect(namesOf(events)).toEqual([
    'conversationRead, self',
    'message',
    'message',
    'read by conversation, self',
    'read by message, self',
    'unreadCleared, self',
    'unreadCleared, self',
  ]);
});

it('a user who joins a group hears nothing from before, and a new device nothing of its snapshot', async () => {
  const world = createTestWorld();
  const [, ann] = await openDevice(world, 'ann');
  const [, ben] = await openDevice(world, 'ben');
  const host = world.server.host;
  await world.until(host.createGroup({ groupId: 'g', members: [{ userId: 'ben' }] }));
  await ben.do('sendMessage', 'group:g', { id: 'g1', body: '"before"', requestReceipt: true });
  await ann.say('ben', 'hello', { id: 'a1' });
  await world.pass(1000);
  await ben.do('sendConversationReadReceipt', 'direct:ann', {});
  await ben.say('ann', 'answer', { id: 'b2' });
  await world.pass(1000);
  await ann.do('sendConversationReadReceipt', 'direct:ben', {});
  const joined = eventsOf(ann);
  await world.pass(1000);
  joined.length = 0;
  await world.until(host.addMember('g', 'ann'));
  await world.pass(5000);
  const [, later] = await openDevice(world, 'ann', 'tablet');
  const events = eventsOf(later);
  await later.live();
  await world.pass(10_000);
  expect([joined, events]).toEqual([[], []]);
});

it('the answer to an entry tells no history before the first snapshot', async () => {
  const ports = quietPorts(createMemoryStore());
  const writer = await Writer.open(ports, 'ann');
  const row = { ...emptyRow('direct:ben'), version: 3, latestSeq: 4, readUpTo: 4 } as const;
  await writer.write('answer', { durability: 'strict' }, async (draft) => {
    draft.change({ t: 'row', row: emptyRow('direct:ben') });
    expect(await applyRow(draft, row)).toBeUndefined();
    draft.change({ t: 'cursor', cursor: 'c1' });
    expect((await applyRow(draft, row))?.row.readUpTo).toBe(4);
    expect((await applyRow(draft, { ...row, conversationId: 'direct:cem' }))?.row).toEqual(emptyRow('direct:cem'));
  });
});
