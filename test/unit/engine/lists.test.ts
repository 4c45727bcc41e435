/** Lists of conversations and their totals: selection, pages, and groups left by the user. */
import { describe, expect, it } from 'vitest';
import type { Conversation } from '../../../src/model/conversation/conversation.ts';
import { AccountState } from '../../../src/engine/state/account-state.ts';
import type { ListWanted } from '../../../src/model/conversation/list.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { madeMessage } from '../../support/made-message.ts';
import { openDevice, type WorldTab } from '../../support/on-tab.ts';

const idsOf = (list: readonly Conversation[]): string => list.map(({ id }) => id.slice(id.indexOf(':') + 1)).join(' ');
const listOf = async (tab: WorldTab, wanted: Partial<ListWanted> = {}) =>
  idsOf(await tab.now({ of: 'conversations', limit: 9, ...wanted }));
/** The latest list of an open stream. */
const watched = (tab: WorldTab, wanted: ListWanted): { now: string } => {
  const seen = { now: '' };
  tab.watch({ of: 'conversations', ...wanted }).subscribe((list) => (seen.now = idsOf(list)));
  return seen;
};

it('the message with the highest seq gives a conversation its place, also if an earlier message has a later time', () => {
  const chat = new AccountState('alice').ensure('direct:bob');
  chat.newest = madeMessage(1, { sentAt: 2000 });
  chat.row = { ...chat.row, latestSeq: 2, lastMessage: madeMessage(2, { sentAt: 1000 }) };
  expect(chat.latestSentAt).toBe(1000);
});

describe('a list of conversations', () => {
  /** Eve has chats with dan, cat, ben and ann, and the groups two and one: the group two is the newest. */
  const start = async () => {
    const world = createTestWorld();
    const [, eve] = await openDevice(world, 'eve');
    await eve.live();
    const people = new Map<string, WorldTab>();
    for (const name of ['dan', 'cat', 'ben', 'ann']) {
      const [, tab] = await openDevice(world, name);
      people.set(name, tab);
      await tab.say('eve', 'hello');
      await pass(world, 1000);
    }
    for (const groupId of ['two', 'one']) {
      await world.until(world.server.host.createGroup({ groupId, members: [{ userId: 'eve' }, { userId: 'ann' }] }));
      await people.get('ann')!.do('sendMessage', `group:${groupId}`, { body: '1' });
      await pass(world, 1000);
    }
    await eve.until({ of: 'conversations', limit: 9 }, (list) => list.length === 6);
    return { world, eve, ...(Object.fromEntries(people) as Record<'ann' | 'ben' | 'cat' | 'dan', WorldTab>) };
  };
  const pass = (world: TestWorld, ms: number) =>
    world.until(new Promise<void>((resolve) => void world.time.schedule(ms, 'a while', resolve)));

  it('selects by type, by unread messages, and by the archive', async () => {
    const { eve } = await start();
    expect(await listOf(eve)).toBe('one two ann ben cat dan');
    expect(await listOf(eve, { type: 'group' })).toBe('one two');
    expect(await listOf(eve, { type: 'direct', limit: 2 })).toBe('ann ben');
    await eve.do('clearConversationUnreadCount', 'direct:ben');
    await eve.do('clearConversationUnreadCount', 'group:one');
    await eve.do('setArchived', 'direct:cat', true);
    await eve.do('setMuted', 'direct:dan', true);
    expect(await listOf(eve, { unreadOnly: true })).toBe('two ann dan');
    await eve.do('setMarkedUnread', 'direct:ben', true);
    expect(await listOf(eve, { unreadOnly: true, type: 'direct' })).toBe('ann ben dan');
    expect(await listOf(eve, { archived: true })).toBe('cat');
    expect(await listOf(eve, { archived: true, type: 'group' })).toBe('');
  });

  it('the total of conversations counts conversations with an unread message or a mark, except muted and archived conversations', async () => {
    const { eve, ann } = await start();
    await ann.say('eve', 'again');
    await eve.until({ of: 'total-unread' }, (total) => total === 7);
    const total = (type?: 'direct' | 'group', archived?: boolean) =>
      eve.now({ of: 'total-unread', wanted: { of: 'conversations', type, archived } });
    expect([await total(), await total('direct'), await total('group')]).toEqual([6, 4, 2]);
    await eve.do('clearConversationUnreadCount', 'direct:ben');
    await eve.do('setMuted', 'direct:dan', true);
    await eve.do('setArchived', 'direct:cat', true);
    await eve.do('setArchived', 'group:two', true);
    expect([await total(), await total('direct'), await total('group')]).toEqual([2, 1, 1]);
    expect([await total(undefined, true), await total('group', true)]).toEqual([2, 1]);
    await eve.do('setMarkedUnread', 'direct:ben', true);
    expect(await total()).toBe(3);
    // A conversation without a message is in no list, and counts in no total.
    await eve.do('setMarkedUnread', 'direct:nobody', true);
    expect(await total()).toBe(3);
    expect(await eve.now({ of: 'total-unread', wanted: { type: 'group' } })).toBe(1);
  });

  it('pages begin behind a conversation, past any limit', async () => {
    const { eve } = await start();
    const pages: string[] = [];
    for (let before: ListWanted['before']; ;) {
      const list = await eve.now({ of: 'conversations', limit: 2, ...(before ? { before } : {}) });
      if (list.length === 0) break;
      pages.push(idsOf(list));
      before = list.at(-1)!.id;
    }
    expect(pages).toEqual(['one two', 'ann ben', 'cat dan']);
    expect(await listOf(eve, { before: 'direct:ann', unreadOnly: true, type: 'direct' })).toBe('ben cat dan');
    expect(await listOf(eve, { before: 'direct:nobody' })).toBe('');
  });

  it('a page keeps its place while the previous conversation moves, and a conversation leaves the page by moving up', async () => {
    const { eve, ann, ben } = await start();
    const page = watched(eve, { limit: 2, before: 'direct:ann' });
    await eve.live();
    expect(page.now).toBe('ben cat');
    await ann.say('eve', 'again');
    await eve.until({ of: 'conversations', limit: 9 }, (list) => idsOf(list).startsWith('ann'));
    expect(page.now).toBe('ben cat');
    await ben.say('eve', 'again');
    await eve.until({ of: 'conversations', limit: 9 }, (list) => idsOf(list).startsWith('ben'));
    expect(page.now).toBe('cat dan');
    // A page opened now begins at the present place of the conversation.
    expect(await listOf(eve, { before: 'direct:ann' })).toBe('one two cat dan');
  });

  it('a page behind a conversation with a pending message begins with the other conversations with a pending message', async () => {
    const { world, eve } = await start();
    world.devices.find(({ userId }) => userId === 'eve')!.network.set({ up: false, down: false });
    for (const name of ['cat', 'dan']) await eve.say(name, 'pending');
    const [first, second, third] = (await listOf(eve)).split(' ');
    expect([first, second].sort()).toEqual(['cat', 'dan']);
    expect(await listOf(eve, { before: `direct:${first!}` })).toBe([second, third, 'two', 'ann', 'ben'].join(' '));
  });
});

describe('a group left by the user', () => {
  it('stays listed with its history and nothing unread, on all devices, and is a member’s group again after the return', async () => {
    const world = createTestWorld();
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: [{ userId: 'ann' }, { userId: 'ben' }] }));
    const [, ann] = await openDevice(world, 'ann', 'phone');
    const [, ben] = await openDevice(world, 'ben');
    for (const text of ['1', '2']) await ben.do('sendMessage', 'group:crew', { body: text });
    const shows = (tab: WorldTab, left: boolean, unreadCount: number) =>
      tab.until({ of: 'conversation', conversationId: 'group:crew' }, (chat) => chat?.left === left && chat.unreadCount === unreadCount);
    await shows(ann, false, 2);
    await ann.do('setMarkedUnread', 'group:crew', true);
    await ann.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await ann.until({ of: 'messages', conversationId: 'group:crew', limit: 9 }, (list) => list.length === 2);
    await world.until(world.server.host.removeMember('crew', 'ann'));
    await shows(ann, true, 0);
    await ben.do('sendMessage', 'group:crew', { body: '3' });
    const [, fresh] = await openDevice(world, 'ann', 'laptop');
    for (const tab of [ann, fresh]) {
      await shows(tab, true, 0);
      expect(await listOf(tab)).toBe('crew');
      expect(await listOf(tab, { unreadOnly: true })).toBe('');
      expect(await tab.now({ of: 'total-unread', wanted: { of: 'conversations' } })).toBe(0);
    }
    expect(await ann.now({ of: 'messages', conversationId: 'group:crew', limit: 9 })).toHaveLength(2);
    await world.until(world.server.host.addMember('crew', 'ann'));
    for (const tab of [ann, fresh]) await shows(tab, false, 0);
    await ben.do('sendMessage', 'group:crew', { body: '4' });
    for (const tab of [ann, fresh]) await shows(tab, false, 1);
  });
});
