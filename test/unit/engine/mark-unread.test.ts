import { beforeEach, describe, expect, it } from 'vitest';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

const BOB = 'direct:bob';

describe('unread from a message on', () => {
  let world: TestWorld;
  let bob: WorldTab;
  let phone: WorldTab;
  let tablet: WorldTab;
  let phoneDevice: VirtualDevice;
  let ids: string[];

  beforeEach(async () => {
    world = createTestWorld();
    [, bob] = await openDevice(world, 'bob');
    [phoneDevice, phone] = await openDevice(world, 'alice', 'phone');
    [, tablet] = await openDevice(world, 'alice', 'tablet');
    for (const tab of [bob, phone, tablet]) await tab.live();
    ids = [];
    for (let i = 1; i <= 6; i++) ids.push((await bob.say('alice', `line ${i}`, { countable: i !== 4 })).id);
    for (const tab of [phone, tablet])
      await tab.until({ of: 'messages', conversationId: BOB, limit: 50 }, (list) => list.filter(({ seq }) => seq).length === 6);
    await phone.do('clearConversationUnreadCount', BOB);
    await unread(tablet, 0);
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  });

  const unread = (tab: WorldTab, count: number) => tab.until({ of: 'unread', conversationId: BOB }, (shown) => shown === count);
  const shown = (tab: WorldTab) => tab.now({ of: 'conversation', conversationId: BOB });

  it('the countable messages from there on count, on every device and in the total, and the position stays', async () => {
    await phone.do('setMarkedUnread', BOB, true, ids[2]);
    const marked = { unreadCount: 3, exact: true, markedUnread: true, readUpTo: 6 };
    expect(await shown(phone)).toMatchObject(marked);
    expect(await phone.now({ of: 'total-unread' })).toBe(3);
    await unread(tablet, 3);
    expect(await shown(tablet)).toMatchObject(marked);
    expect(await tablet.now({ of: 'total-unread' })).toBe(3);
    expect(await tablet.ask('explainUnread', BOB)).toMatchObject({ markedFrom: 3, readUpTo: 6, counted: [[3, 3], [5, 6]] }); // prettier-ignore
    // A later device has the same count.
    const [, laptop] = await openDevice(world, 'alice', 'laptop');
    await laptop.live();
    expect(await shown(laptop)).toMatchObject(marked);
    // A new message counts too.
    await bob.say('alice', 'one more');
    await unread(phone, 4);
    await unread(tablet, 4);
    await tablet.do('clearConversationUnreadCount', BOB);
    await unread(phone, 0);
    expect(await shown(phone)).toMatchObject({ markedUnread: false, readUpTo: 7 });
  });

  describe('and messages cleared one by one', () => {
    /** The messages 7, 8 and 9, above the position. */
    let more: string[];

    beforeEach(async () => {
      more = [];
      for (const text of ['line 7', 'line 8', 'line 9']) more.push((await bob.say('alice', text)).id);
      for (const tab of [phone, tablet])
        await tab.until({ of: 'messages', conversationId: BOB, limit: 50 }, (list) => list.filter(({ seq }) => seq).length === 9);
    });

    const both = async (unreadCount: number) => {
      for (const tab of [phone, tablet])
        await tab.until({ of: 'conversation', conversationId: BOB }, (chat) => chat!.unreadCount === unreadCount && chat!.exact);
    };
    const settled = () => phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);

    it('a message cleared before the mark counts again, on every device', async () => {
      await phone.do('clearMessages', BOB, more.slice(1));
      await both(1);
      await phone.do('setMarkedUnread', BOB, true, ids[4]);
      // At once, before the server has answered.
      expect(await shown(phone)).toMatchObject({ unreadCount: 5, exact: true });
      await both(5);
      expect(await tablet.ask('explainUnread', BOB)).toMatchObject({ markedFrom: 5, counted: [[5, 9]] });
      // The end of the mark brings back what was so before it.
      await tablet.do('setMarkedUnread', BOB, false);
      expect(await shown(tablet)).toMatchObject({ unreadCount: 1, exact: true });
      await both(1);
    });

    it('a message cleared after the mark does not count, and a repeated mark counts it again', async () => {
      await phone.do('setMarkedUnread', BOB, true, ids[4]);
      // The tablet knows the mark too.
      await both(5);
      await settled();
      goOffline(phoneDevice);
      await phone.do('clearMessages', BOB, [ids[5]!, more[1]!]);
      expect(await phone.ask('explainUnread', BOB)).toMatchObject({ unreadCount: 3, counted: [[5, 5], [7, 7], [9, 9]] }); // prettier-ignore
      goOnline(phoneDevice);
      await both(3);
      await tablet.do('setMarkedUnread', BOB, true, ids[4]);
      await both(5);
    });

    it('all offline, the last call decides for each message, after a restart and on the other device too', async () => {
      goOffline(phoneDevice);
      await phone.do('clearMessages', BOB, [more[0]!, more[1]!]);
      await phone.do('setMarkedUnread', BOB, true, more[0]);
      await phone.do('clearMessages', BOB, [more[1]!, more[2]!]);
      expect(await phone.ask('explainUnread', BOB)).toMatchObject({ unreadCount: 1, exact: true, counted: [[7, 7]] });
      await phone.close();
      phone = await openTab(world, phoneDevice);
      expect(await shown(phone)).toMatchObject({ unreadCount: 1, exact: true });
      goOnline(phoneDevice);
      await both(1);
    });

    it('a clear of a device that did not know the mark is the earlier one', async () => {
      goOffline(phoneDevice);
      await phone.do('clearMessages', BOB, [more[1]!]);
      await tablet.do('setMarkedUnread', BOB, true, more[0]);
      await unread(tablet, 3);
      goOnline(phoneDevice);
      await settled();
      await both(3);
    });

    it('a mention among them counts again', async () => {
      await bob.do('sendMessage', 'direct:alice', { body: '"look"', id: 'look', mentions: ['alice'] });
      const mentions = (tab: WorldTab, count: number) =>
        tab.until({ of: 'conversation', conversationId: BOB }, (chat) => chat!.mentionCount === count);
      await phone.until({ of: 'messages', conversationId: BOB, limit: 50 }, (list) =>
        list.some(({ id, seq }) => id === 'look' && seq !== null),
      );
      await mentions(phone, 1);
      await phone.do('clearMessages', BOB, ['look']);
      await mentions(tablet, 0);
      await settled();
      await phone.do('setMarkedUnread', BOB, true, more[0]);
      expect(await shown(phone)).toMatchObject({ mentionCount: 1, unreadCount: 4 });
      await mentions(tablet, 1);
    });

    it('a server that lost both gets both again, in their order', async () => {
      const copy = world.server.dump();
      await phone.do('clearMessages', BOB, [more[1]!]);
      await phone.do('setMarkedUnread', BOB, true, more[0]);
      await phone.do('clearMessages', BOB, [more[2]!]);
      await both(2);
      world.server.restore(copy);
      await world.pass(60_000);
      await both(2);
      expect(await tablet.ask('explainUnread', BOB)).toMatchObject({ counted: [[7, 8]] });
    });
  });

  it('the sender learns nothing of the mark', async () => {
    const receipts = await bob.now({ of: 'conversation', conversationId: 'direct:alice' });
    await phone.do('setMarkedUnread', BOB, true, ids[0]);
    await unread(tablet, 5);
    // Both devices of the reader know of the mark, and this message comes after the mark.
    await phone.say('bob', 'hello');
    const after = await bob.until({ of: 'conversation', conversationId: 'direct:alice' }, (chat) => chat?.unreadCount === 1);
    expect(after).toEqual({ ...receipts, lastMessage: after!.lastMessage, latestSeq: 7, unreadCount: 1 });
  });

  it('offline the count is exact at once, survives a restart, and the server has the same count afterwards', async () => {
    goOffline(phoneDevice);
    await phone.do('setMarkedUnread', BOB, true, ids[1]);
    expect(await shown(phone)).toMatchObject({ unreadCount: 4, exact: true, markedUnread: true });
    await phone.close();
    const again = await openTab(world, phoneDevice);
    expect(await shown(again)).toMatchObject({ unreadCount: 4, exact: true, markedUnread: true });
    expect(await again.ask('explainUnread', BOB)).toMatchObject({ markedFrom: 2, counted: [] });
    goOnline(phoneDevice);
    await unread(tablet, 4);
    await again.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    expect(await shown(again)).toMatchObject({ unreadCount: 4, exact: true, markedUnread: true });
  });

  it('a clear before the mark and a clear after the mark, all offline, leave the result of the last call', async () => {
    await bob.say('alice', 'seven');
    await unread(phone, 1);
    goOffline(phoneDevice);
    await phone.do('clearConversationUnreadCount', BOB);
    await phone.do('setMarkedUnread', BOB, true, ids[4]);
    expect(await shown(phone)).toMatchObject({ unreadCount: 3, exact: true, readUpTo: 7 });
    goOnline(phoneDevice);
    await unread(tablet, 3);
    expect(await shown(tablet)).toMatchObject({ unreadCount: 3, exact: true, readUpTo: 7, markedUnread: true });
    goOffline(phoneDevice);
    await phone.do('setMarkedUnread', BOB, true, ids[0]);
    await phone.do('clearConversationUnreadCount', BOB, ids[2]);
    expect(await shown(phone)).toMatchObject({ unreadCount: 0, markedUnread: false, readUpTo: 7 });
    goOnline(phoneDevice);
    await unread(tablet, 0);
  });

  it('another message than before is a new mark, the same message changes nothing, and false ends the count', async () => {
    await phone.do('setMarkedUnread', BOB, true, ids[4]);
    expect(await shown(phone)).toMatchObject({ unreadCount: 2 });
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const sent = sentBy(phoneDevice);
    await phone.do('setMarkedUnread', BOB, true, ids[4]);
    await phone.do('setMarkedUnread', BOB, true);
    expect((await phone.now({ of: 'outbox' })).pending).toBe(0);
    expect(submits([...sent.sockets, ...sent.requests])).toEqual([]);
    await phone.do('setMarkedUnread', BOB, true, ids[0]);
    await unread(tablet, 5);
    await phone.do('setMarkedUnread', BOB, true, ids[5]);
    await unread(tablet, 1);
    await tablet.do('setMarkedUnread', BOB, false);
    await unread(phone, 0);
    expect(await shown(phone)).toMatchObject({ markedUnread: false, readUpTo: 6 });
  });

  it('messages outside this device make the count a lower bound until the server answers', async () => {
    const [laptopDevice, laptop] = await openDevice(world, 'alice', 'laptop');
    await laptop.live();
    await laptop.ask('loadMessages', BOB, { around: 1, limit: 1 });
    goOffline(laptopDevice);
    await laptop.do('setMarkedUnread', BOB, true, ids[0]);
    const { unreadCount, exact } = (await shown(laptop))!;
    expect(unreadCount).toBeLessThanOrEqual(5);
    if (!exact) expect(unreadCount).toBeGreaterThanOrEqual(1);
    goOnline(laptopDevice);
    await unread(laptop, 5);
    await laptop.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    expect(await shown(laptop)).toMatchObject({ unreadCount: 5, exact: true });
  });

  it('a message missing on this device is refused, and nothing changes', async () => {
    await expect(phone.do('setMarkedUnread', BOB, true, 'elsewhere')).rejects.toMatchObject({ code: 'usage/unknown-message' });
    expect(await shown(phone)).toMatchObject({ markedUnread: false, unreadCount: 0 });
  });

  it('clearing all direct chats leaves the groups, and the other way round', async () => {
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    await bob.do('sendMessage', 'group:crew', { body: '"all hands"' });
    await bob.say('alice', 'seven');
    const crew = (tab: WorldTab, count: number) => tab.until({ of: 'unread', conversationId: 'group:crew' }, (is) => is === count);
    await crew(phone, 1);
    await unread(phone, 1);
    await phone.do('clearAllUnreadCounts', 'direct');
    await unread(tablet, 0);
    await crew(tablet, 1);
    await bob.say('alice', 'eight');
    await unread(phone, 1);
    await phone.do('clearAllUnreadCounts', 'group');
    await crew(tablet, 0);
    await unread(tablet, 1);
  });
});
