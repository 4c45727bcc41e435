/** Archived conversations: out of lists and totals until the next countable message, the same on all devices. */
import { describe, expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

const BEN = 'direct:ben';

const idsOf = async (tab: WorldTab, archived: boolean) =>
  (await tab.now({ of: 'conversations', limit: 9, ...(archived ? { archived } : {}) })).map(({ id }) => id);
const isShown = (tab: WorldTab, archived: boolean, latestSeq: number) =>
  tab.until({ of: 'conversation', conversationId: BEN }, (chat) => chat?.archived === archived && chat.latestSeq === latestSeq);
const sent = (tab: WorldTab) => tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);

describe('an archived conversation', () => {
  const start = async () => {
    const world = createTestWorld();
    const [, ben] = await openDevice(world, 'ben');
    const [phone, tab] = await openDevice(world, 'ann', 'phone');
    const [laptop, other] = await openDevice(world, 'ann', 'laptop');
    await ben.say('ann', 'one');
    for (const each of [tab, other]) await isShown(each, false, 1);
    return { world, ben, phone, tab, laptop, other };
  };

  it('leaves the list and the totals of all tabs and devices at once, and stays in the list of archived conversations', async () => {
    const { world, phone, tab, other } = await start();
    const second = await openTab(world, phone);
    goOffline(phone);
    await tab.do('setArchived', BEN, true);
    for (const each of [tab, second]) {
      await isShown(each, true, 1);
      expect(await idsOf(each, false)).toEqual([]);
      expect(await idsOf(each, true)).toEqual([BEN]);
      expect(await each.now({ of: 'total-unread' })).toBe(0);
      expect(await each.now({ of: 'total-unread', wanted: { of: 'conversations' } })).toBe(0);
      expect(await each.now({ of: 'total-unread', wanted: { archived: true } })).toBe(1);
      expect(await each.now({ of: 'badge' })).toMatchObject({ messages: { direct: 0 }, archived: { messages: { direct: 1 } } });
    }
    goOnline(phone);
    await isShown(other, true, 1);
    expect(await idsOf(other, false)).toEqual([]);
    await other.do('setArchived', BEN, false);
    await isShown(tab, false, 1);
    expect(await tab.now({ of: 'total-unread' })).toBe(1);
  });

  it('comes back with the next countable message of another user, and stays after the read and the recall of this message', async () => {
    const { world, ben, tab, other } = await start();
    await tab.do('setArchived', BEN, true);
    await isShown(other, true, 1);
    await tab.say('ben', 'my own message');
    await ben.say('ann', 'typing', { countable: false });
    for (const each of [tab, other]) await isShown(each, true, 3);
    const { id } = await ben.say('ann', 'three');
    for (const each of [tab, other]) await isShown(each, false, 4);
    await tab.do('clearConversationUnreadCount', BEN);
    await ben.do('recallMessage', id);
    await other.until({ of: 'conversation', conversationId: BEN }, (chat) => chat?.lastMessage?.recalled === true);
    const [, fresh] = await openDevice(world, 'ann', 'tablet');
    for (const each of [tab, other, fresh]) {
      await isShown(each, false, 4);
      expect(await idsOf(each, false)).toEqual([BEN]);
    }
  });

  it('stays in the archive while muted, and comes back with the first message after the mute', async () => {
    const { ben, tab, other } = await start();
    await tab.do('setArchived', BEN, true);
    await tab.do('setMuted', BEN, true);
    await ben.say('ann', 'two');
    for (const each of [tab, other]) await isShown(each, true, 2);
    await other.do('setMuted', BEN, false);
    await sent(other);
    for (const each of [tab, other]) await isShown(each, true, 2);
    await ben.say('ann', 'three');
    for (const each of [tab, other]) await isShown(each, false, 3);
    // A mute does not bring back a flag after a message or the user has ended the flag.
    await tab.do('setMuted', BEN, true);
    await sent(tab);
    await ben.say('ann', 'four');
    for (const each of [tab, other]) await isShown(each, false, 4);
  });

  it('a call with false ends a flag after a message has ended the flag, and a later mute elsewhere does not bring the flag back', async () => {
    const { ben, tab, laptop, other } = await start();
    await tab.do('setArchived', BEN, true);
    await isShown(other, true, 1);
    goOffline(laptop);
    await other.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await other.do('setMuted', BEN, true);
    await ben.say('ann', 'two');
    await isShown(tab, false, 2);
    await tab.do('setArchived', BEN, false);
    await sent(tab);
    goOnline(laptop);
    for (const each of [tab, other])
      await each.until(
        { of: 'conversation', conversationId: BEN },
        (chat) => chat !== null && chat.muted && !chat.archived && chat.latestSeq === 2,
      );
  });

  it('a flag set offline falls because of a message unknown to this device, also if another device has read the message', async () => {
    const { ben, phone, tab, other } = await start();
    goOffline(phone);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await tab.do('setArchived', BEN, true);
    await ben.say('ann', 'two');
    await isShown(other, false, 2);
    await other.do('clearConversationUnreadCount', BEN);
    await sent(other);
    goOnline(phone);
    await sent(tab);
    for (const each of [tab, other]) await isShown(each, false, 2);
    await tab.do('setArchived', BEN, true);
    for (const each of [tab, other]) await isShown(each, true, 2);
  });

  it('a flag set before the first snapshot stands at the newest message of the snapshot', async () => {
    const { world, ben, tab } = await start();
    await tab.do('setArchived', BEN, true);
    await sent(tab);
    await ben.say('ann', 'two');
    await isShown(tab, false, 2);
    const tablet = world.device('ann', 'tablet');
    goOffline(tablet);
    const fresh = await openTab(world, tablet);
    await fresh.do('setArchived', BEN, true);
    goOnline(tablet);
    for (const each of [fresh, tab]) await isShown(each, true, 2);
    await sent(fresh);
    for (const each of [fresh, tab]) await isShown(each, true, 2);
    expect(await fresh.now({ of: 'dead-letters' })).toEqual([]);
  });

  it('a conversation without messages is not archived, because its first message ends the flag', async () => {
    const world = createTestWorld();
    const [, tab] = await openDevice(world, 'ann');
    const [, ben] = await openDevice(world, 'ben');
    await tab.live();
    await tab.do('setArchived', BEN, true);
    await tab.do('setMuted', BEN, true);
    await sent(tab);
    await ben.say('ann', 'one');
    // Muted: the flag is in force when the conversation appears.
    await isShown(tab, true, 1);
  });

  it('a refused flag leaves the overlay, and its dead letter can be tried again', async () => {
    const world = createTestWorld();
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] }));
    const [phone, tab] = await openDevice(world, 'ann');
    const [, ben] = await openDevice(world, 'ben');
    await ben.do('sendMessage', 'group:crew', { body: '1' });
    const crew = (accepts: { archived: boolean; left: boolean }) =>
      tab.until(
        { of: 'conversation', conversationId: 'group:crew' },
        (chat) => chat?.archived === accepts.archived && chat.left === accepts.left,
      );
    await crew({ archived: false, left: false });
    goOffline(phone);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await tab.do('setArchived', 'group:crew', true);
    await world.until(world.server.host.removeMember('crew', 'ann'));
    goOnline(phone);
    await crew({ archived: false, left: true });
    const [letter] = await tab.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    await world.until(world.server.host.addMember('crew', 'ann'));
    await crew({ archived: false, left: false });
    await tab.do('retryDeadLetter', letter!.id, {});
    await sent(tab);
    await crew({ archived: true, left: false });
  });
});
