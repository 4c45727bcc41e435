/** Single messages cleared by a user: on every device of the user, in any order, and through a loss of history. */
import { beforeEach, describe, expect, it } from 'vitest';
import { splitEntry } from '../../../src/engine/sync/outbox/split-entry.ts';
import { NO_PENDING_RECEIPTS, type ReceiptsEntry } from '../../../src/model/outbox-entry.ts';
import { fromSeqs, type Ranges, union } from '../../../src/model/registers/ranges.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

const BOB = 'direct:bob';
const UNREAD = { of: 'unread', conversationId: BOB } as const;

describe('clearing single messages', () => {
  let world: TestWorld;
  let bob: WorldTab;
  let phone: WorldTab;
  let tablet: WorldTab;
  let phoneDevice: VirtualDevice;
  let tabletDevice: VirtualDevice;
  /** Six messages of bob, on both devices of alice. */
  let ids: string[];

  beforeEach(async () => {
    world = createTestWorld();
    [, bob] = await openDevice(world, 'bob');
    [phoneDevice, phone] = await openDevice(world, 'alice', 'phone');
    [tabletDevice, tablet] = await openDevice(world, 'alice', 'tablet');
    for (const tab of [bob, phone, tablet]) await tab.live();
    ids = [];
    for (let i = 0; i < 6; i++) ids.push((await bob.say('alice', `line ${i}`)).id);
    for (const tab of [phone, tablet]) {
      await stores(tab, 6);
      await outboxEmpty(tab);
    }
  });

  const stores = (tab: WorldTab, count: number) =>
    tab.until({ of: 'messages', conversationId: BOB, limit: 100 }, (list) => list.filter(({ seq }) => seq !== null).length === count);
  const shows = (tab: WorldTab, unreadCount: number, readUpTo = 0) =>
    tab.until({ of: 'conversation', conversationId: BOB }, (chat) => chat?.unreadCount === unreadCount && chat.readUpTo === readUpTo);
  const both = (unreadCount: number, readUpTo = 0) => Promise.all([phone, tablet].map((tab) => shows(tab, unreadCount, readUpTo)));
  const outboxEmpty = (tab: WorldTab) => tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const named = (...seqs: number[]): string[] => seqs.map((seq) => ids[seq - 1]!);

  it('the messages no longer count on any device, the position stays, and the sender learns nothing', async () => {
    const events: string[] = [];
    for (const tab of [bob, tablet]) tab.watch({ of: 'events' }).subscribe(({ event }) => events.push(event.type));
    await world.pass(1000);
    events.length = 0;
    await phone.do('clearMessages', BOB, named(5, 2));
    expect(await phone.now(UNREAD)).toBe(4);
    await both(4);
    await outboxEmpty(phone);
    await world.pass(1000);
    expect(events).toEqual([]);
    expect(await bob.now({ of: 'conversation', conversationId: 'direct:alice' })).toMatchObject({ peerReadUpTo: 0 });
    const shown = await bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 9 });
    expect(new Set(shown.map(({ status }) => status))).toEqual(new Set(['delivered']));
    const [, late] = await openDevice(world, 'alice', 'late');
    await shows(late, 4);
    expect(await late.now({ of: 'total-unread' })).toBe(4);
  });

  it('clears of two offline devices add up, in any order, and with a position above some of the messages', async () => {
    for (const device of [phoneDevice, tabletDevice]) goOffline(device);
    await phone.do('clearMessages', BOB, named(6));
    await phone.do('clearMessages', BOB, named(2, 6));
    await tablet.do('clearMessages', BOB, named(2, 4));
    await tablet.do('clearConversationUnreadCount', BOB, ids[2]);
    expect([await phone.now(UNREAD), await tablet.now(UNREAD)]).toEqual([4, 2]);
    goOnline(tabletDevice);
    await outboxEmpty(tablet);
    goOnline(phoneDevice);
    await both(1, 3);
    // Clears below the position are forgotten.
    expect(world.server.dump().members.find(({ userId }) => userId === 'alice')).toMatchObject({
      cleared: [
        [4, 4],
        [6, 6],
      ],
    });
    await bob.say('alice', 'one more');
    await both(2, 3);
    await phone.do('clearConversationUnreadCount', BOB);
    await both(0, 7);
    expect(world.server.dump().members.find(({ userId }) => userId === 'alice')).toMatchObject({ cleared: [] });
  });

  it('no clear is sent for an uncounted message: read, own or recalled', async () => {
    await bob.do('recallMessage', ids[4]!);
    await both(5);
    await phone.do('clearConversationUnreadCount', BOB, ids[1]);
    await phone.do('clearMessages', BOB, named(3));
    await both(3 - 1, 2);
    const mine = await phone.say('bob', 'mine');
    await outboxEmpty(phone);
    goOffline(phoneDevice);
    const unsent = await phone.say('bob', 'not sent yet');
    const sent = sentBy(phoneDevice);
    await phone.do('clearMessages', BOB, [...named(1, 2, 5), mine.id, unsent.id]);
    await phone.do('clearMessages', BOB, []);
    expect(await phone.now({ of: 'outbox' })).toMatchObject({ pending: 1 });
    goOnline(phoneDevice);
    await outboxEmpty(phone);
    expect(submits([...sent.sockets, ...sent.requests]).join()).not.toContain('cleared');
    await both(2, 2);
  });

  it('a call with a message unknown to this device is refused as a whole', async () => {
    await expect(phone.do('clearMessages', BOB, [...named(1), 'nowhere'])).rejects.toMatchObject({ code: 'usage/unknown-message' });
    expect(await phone.now({ of: 'outbox' })).toMatchObject({ pending: 0 });
    await both(6);
  });

  it('the explanation names the pending clear, and then the messages outside the count', async () => {
    goOffline(phoneDevice);
    await phone.do('clearMessages', BOB, named(2, 3));
    expect(await phone.ask('explainUnread', BOB)).toMatchObject({
      unreadCount: 4,
      exact: true,
      pending: [{ position: 0, cleared: [[2, 3]] }],
      uncounted: [[2, 3]],
      counted: [
        [1, 1],
        [4, 6],
      ],
    });
    goOnline(phoneDevice);
    await outboxEmpty(phone);
    expect(await phone.ask('explainUnread', BOB)).toMatchObject({
      pending: [],
      uncounted: [[2, 3]],
      counted: [
        [1, 1],
        [4, 6],
      ],
    });
  });

  it('a marked conversation stays marked', async () => {
    await phone.do('setMarkedUnread', BOB, true);
    await phone.do('clearMessages', BOB, ids);
    expect(await phone.now({ of: 'conversation', conversationId: BOB })).toMatchObject({ unreadCount: 0, markedUnread: true, readUpTo: 0 });
  });

  it('a server that lost the clear gets the clear again', async () => {
    const copy = world.server.dump();
    await phone.do('clearMessages', BOB, named(4));
    await both(5);
    world.server.restore(copy);
    await world.pass(60_000);
    await both(5);
    expect(world.server.dump().members.find(({ userId }) => userId === 'alice')).toMatchObject({ cleared: [[4, 4]] });
  });

  it('where the row gives only a number, the count is a lower bound until the server has answered', async () => {
    const lines: Promise<unknown>[] = [];
    for (let i = 0; i < 600; i++) lines.push(bob.tab.do('sendMessage', 'direct:alice', { body: '1', id: `n${i}`, countable: i % 2 === 0 }));
    await world.until(Promise.all(lines), 600_000);
    await phone.until({ of: 'conversation', conversationId: BOB }, (chat) => chat?.unreadCount === 306, 600_000);
    await phone.until({ of: 'messages', conversationId: BOB, limit: 1000 }, (list) => list.length === 606, 600_000);
    goOffline(phoneDevice);
    // The device does not know which of these two counts.
    await phone.do('clearMessages', BOB, ['n10', 'n11']);
    expect(await phone.now({ of: 'conversation', conversationId: BOB })).toMatchObject({ unreadCount: 304, exact: false });
    goOnline(phoneDevice);
    await phone.until({ of: 'conversation', conversationId: BOB }, (chat) => chat?.unreadCount === 305 && chat.exact);
  });
});

it('an entry with more clears than a frame takes is split, and each piece is sent once', () => {
  const cleared = fromSeqs(Array.from({ length: 2500 }, (_, i) => 2 * i + 1));
  const entry: ReceiptsEntry = {
    kind: 'receipts',
    key: 'k',
    conversationId: BOB,
    at: 0,
    sent: false,
    cursor: null,
    pendingReceipts: { ...NO_PENDING_RECEIPTS, position: 1, cleared },
  };
  let keys = 0;
  const parts = splitEntry(entry, () => `k${++keys}`, 65_536).map(({ pendingReceipts }) => pendingReceipts);
  expect(parts.map((part) => [part.position, part.cleared.length])).toEqual([
    [1, 0],
    [0, 1000],
    [0, 1000],
    [0, 500],
  ]);
  expect(parts.reduce<Ranges>((all, part) => union(all, part.cleared), [])).toEqual(cleared);
});
