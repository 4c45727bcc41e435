import { beforeEach, describe, expect, it } from 'vitest';
import type { ConversationId } from '../../../src/model/ids.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

const BOB = 'direct:bob';

describe('the unread count, on every device of a user', () => {
  let world: TestWorld;
  let bob: WorldTab;
  /** Two devices of one user: the first acts, and the second learns of it by the feed. */
  let phone: WorldTab;
  let tablet: WorldTab;
  let phoneDevice: VirtualDevice;
  let tabletDevice: VirtualDevice;

  beforeEach(async () => {
    world = createTestWorld();
    [, bob] = await openDevice(world, 'bob');
    [phoneDevice, phone] = await openDevice(world, 'alice', 'phone');
    [tabletDevice, tablet] = await openDevice(world, 'alice', 'tablet');
    for (const tab of [bob, phone, tablet]) await tab.live();
  });

  const unread = (tab: WorldTab, count: number, conversationId: ConversationId = BOB) =>
    tab.until({ of: 'unread', conversationId }, (shown) => shown === count);
  const both = (count: number, conversationId: ConversationId = BOB) =>
    Promise.all([unread(phone, count, conversationId), unread(tablet, count, conversationId)]);
  const stores = (tab: WorldTab, count: number, conversationId: ConversationId = BOB) =>
    tab.until({ of: 'messages', conversationId, limit: 100 }, (list) => list.filter(({ seq }) => seq !== null).length === count);
  const outboxEmpty = (tab: WorldTab) => tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const say = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await bob.say('alice', `line ${i}`)).id);
    return ids;
  };

  it('the first message of a new contact makes the unread count 1', async () => {
    await say(1);
    await both(1);
    expect(await tablet.now({ of: 'total-unread' })).toBe(1);
  });

  it('a new device shows 37 unread messages as 37, although one page of messages is smaller', async () => {
    void world.server.host.setPolicy({ limits: { fetchMessages: 10 } });
    await say(37);
    await outboxEmpty(bob);
    const [, late] = await openDevice(world, 'alice', 'late');
    const seen = new Set<number>();
    late.watch({ of: 'unread', conversationId: BOB }).subscribe((count) => seen.add(count));
    await unread(late, 37);
    await late.ask('loadOlderMessages', BOB, 10);
    expect(await late.now({ of: 'conversation', conversationId: BOB })).toMatchObject({ unreadCount: 37, exact: true });
    expect([...seen].filter((count) => count !== 0 && count !== 37)).toEqual([]);
  });

  it('reading some messages leaves the rest unread, and an older position takes nothing back (F86)', async () => {
    const ids = await say(5);
    await both(5);
    await stores(phone, 5);
    await phone.do('clearConversationUnreadCount', BOB, ids[2]);
    expect(await phone.now({ of: 'unread', conversationId: BOB })).toBe(2);
    await both(2);
    await phone.do('clearConversationUnreadCount', BOB, ids[0]);
    await outboxEmpty(phone);
    await both(2);
    await phone.do('sendConversationReadReceipt', BOB, { upTo: ids[3] });
    await both(1);
  });

  it.each(['further', 'less far'])(
    'when two devices read offline and the device that read %s sends last, the higher position stays (F95)',
    async (last) => {
      const ids = await say(5);
      await both(5);
      await Promise.all([stores(phone, 5), stores(tablet, 5)]);
      for (const device of [phoneDevice, tabletDevice]) goOffline(device);
      await phone.do('clearConversationUnreadCount', BOB, ids[1]);
      await tablet.do('clearConversationUnreadCount', BOB, ids[3]);
      const inOrder = [[phone, phoneDevice] as const, [tablet, tabletDevice] as const];
      for (const [tab, device] of last === 'further' ? inOrder : inOrder.reverse()) {
        goOnline(device);
        await outboxEmpty(tab);
      }
      await both(1);
      const [, late] = await openDevice(world, 'alice', 'late');
      await unread(late, 1);
    },
  );

  it('clearing an empty, unknown or fully read conversation enqueues nothing', async () => {
    await phone.do('clearConversationUnreadCount', 'direct:nobody');
    await say(1);
    await stores(phone, 1);
    await outboxEmpty(phone);
    await phone.do('clearConversationUnreadCount', BOB);
    await outboxEmpty(phone);
    const sent = sentBy(phoneDevice);
    await phone.do('clearConversationUnreadCount', BOB);
    await phone.do('clearAllUnreadCounts');
    expect(await phone.now({ of: 'outbox' })).toMatchObject({ pending: 0 });
    await world.pass(1000);
    expect(submits([...sent.sockets, ...sent.requests])).toEqual([]);
  });

  it('a recalled message above the read position leaves the unread count, and one below the position changes nothing (F83)', async () => {
    const ids = await say(4);
    await both(4);
    await stores(phone, 4);
    await phone.do('clearConversationUnreadCount', BOB, ids[1]);
    await both(2);
    await bob.do('recallMessage', ids[0]!);
    await bob.do('recallMessage', ids[3]!);
    await both(1);
    await say(1);
    await both(2);
  });

  it('uncountable messages, and the user’s own messages from any device, never count as unread (F89, F93)', async () => {
    await bob.say('alice', 'typing…', { countable: false });
    await bob.say('alice', 'a real line');
    await tablet.say('bob', 'mine, from the tablet');
    await stores(phone, 3);
    await both(1);
  });

  it('a muted conversation keeps its unread count and does not count in the total', async () => {
    await say(3);
    await both(3);
    await phone.do('setMuted', BOB, true);
    expect(await phone.now({ of: 'total-unread' })).toBe(0);
    await tablet.until({ of: 'total-unread' }, (total) => total === 0);
    await both(3);
    await phone.do('setMuted', BOB, false);
    await tablet.until({ of: 'total-unread' }, (total) => total === 3);
  });

  it('the marked-unread flag changes no unread count, stays when messages come, and is removed by the next read (F94)', async () => {
    await say(1);
    await both(1);
    await phone.do('clearConversationUnreadCount', BOB);
    await both(0);
    await phone.do('setMarkedUnread', BOB, true);
    const marked = (wanted: boolean) =>
      tablet.until({ of: 'conversation', conversationId: BOB }, (known) => known?.markedUnread === wanted);
    expect(await marked(true)).toMatchObject({ unreadCount: 0 });
    await say(1);
    expect(await tablet.until({ of: 'conversation', conversationId: BOB }, (known) => known?.unreadCount === 1)).toMatchObject({
      markedUnread: true,
    });
    await both(1);
    await phone.do('clearConversationUnreadCount', BOB);
    expect(await marked(false)).toMatchObject({ unreadCount: 0 });
  });

  it('clearing all unread counts clears every conversation, groups too, and survives a restart offline', async () => {
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    await say(2);
    await bob.do('sendMessage', 'group:crew', { body: '"all hands"' });
    await Promise.all([both(2), both(1, 'group:crew')]);
    goOffline(phoneDevice);
    await phone.do('clearAllUnreadCounts');
    await phone.close();
    const again = await openTab(world, phoneDevice);
    expect(await again.now({ of: 'total-unread' })).toBe(0);
    goOnline(phoneDevice);
    await tablet.until({ of: 'total-unread' }, (total) => total === 0);
  });

  it('when a read of the first day is sent on the fourth day, the position moves and the group receipt has expired (F81)', async () => {
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    const { id } = await bob.do('sendMessage', 'group:crew', { body: '"who is in?"', requestReceipt: true });
    await both(1, 'group:crew');
    await stores(phone, 1, 'group:crew');
    goOffline(phoneDevice);
    await phone.do('sendReadReceipts', 'group:crew', [id]);
    await phone.do('clearConversationUnreadCount', 'group:crew');
    // All machines sleep for three days.
    world.time.now += 3 * 24 * 60 * 60 * 1000 + 1;
    goOnline(phoneDevice);
    await unread(tablet, 0, 'group:crew');
    await outboxEmpty(phone);
    const known = await bob.until({ of: 'receipts', messageId: id }, (receipts) => receipts?.state === 'expired');
    expect(known).toMatchObject({ readCount: 0, unreadCount: 1 });
    expect(await phone.now({ of: 'dead-letters' })).toEqual([]);
  });
});
