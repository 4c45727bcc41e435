/** The mention counts on every device of a user: in muted conversations, offline, in other tabs, and without the messages. */
import { beforeEach, describe, expect, it } from 'vitest';
import { PAINT_KEY } from '../../../src/model/storage-name.ts';
import type { FirstPaint } from '../../../src/model/conversation/conversation.ts';
import type { Mentions } from '../../../src/model/message/mentions.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

const CREW = 'group:crew';
const TOTAL = { of: 'total-unread', wanted: { of: 'mentions' } } as const;

describe('the mention count, on every device of a user', () => {
  let world: TestWorld;
  let bob: WorldTab;
  let phone: VirtualDevice;
  let alice: WorldTab;

  beforeEach(async () => {
    world = createTestWorld();
    const members = ['alice', 'bob', 'carol'].map((userId) => ({ userId }));
    await world.until(world.server.host.createGroup({ groupId: 'crew', members }));
    [, bob] = await openDevice(world, 'bob');
    [phone, alice] = await openDevice(world, 'alice', 'phone');
    for (const tab of [bob, alice]) await tab.live();
  });

  const say = (mentions?: Mentions, more: object = {}) =>
    bob.do('sendMessage', CREW, { body: '"hi"', ...(mentions ? { mentions } : {}), ...more });
  const counts = (tab: WorldTab, count: number) => tab.until({ of: 'mentions', conversationId: CREW }, (shown) => shown === count);
  const countsIn = async (tab: WorldTab) => {
    const conversation = await tab.now({ of: 'conversation', conversationId: CREW });
    return [conversation?.unreadCount, conversation?.mentionCount, await tab.now({ of: 'total-unread' }), await tab.now(TOTAL)];
  };

  it('a muted conversation keeps its mentions, also in their total', async () => {
    await alice.do('setMuted', CREW, true);
    await say(['alice']);
    await say();
    await say(['carol']);
    await say('all', { countable: false });
    await say('all');
    await alice.until({ of: 'unread', conversationId: CREW }, (count) => count === 4);
    expect(await countsIn(alice)).toEqual([4, 2, 0, 2]);
    expect(await countsIn(bob)).toEqual([0, 0, 0, 0]);
  });

  it('the count falls offline, in each tab at once, with a clear up to a message and with a clear of all', async () => {
    const ids = [];
    for (const mentions of [['alice'], 'all', undefined, ['alice']] as const) ids.push((await say(mentions)).id);
    const other = await openTab(world, phone);
    await counts(other, 3);
    await alice.until({ of: 'messages', conversationId: CREW, limit: 9 }, (list) => list.length === 4);
    goOffline(phone);
    await alice.do('clearConversationUnreadCount', CREW, ids[1]);
    expect(await countsIn(alice)).toEqual([2, 1, 2, 1]);
    await counts(other, 1);
    await alice.do('clearAllUnreadCounts');
    expect(await countsIn(alice)).toEqual([0, 0, 0, 0]);
    await counts(other, 0);
    goOnline(phone);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const [, tablet] = await openDevice(world, 'alice', 'tablet');
    expect(await countsIn(tablet)).toEqual([0, 0, 0, 0]);
  });

  it('a recall takes the mention away, and the message no longer names me', async () => {
    const { id } = await say(['alice']);
    await say(['alice']);
    await counts(alice, 2);
    expect(await alice.ask('findMessage', id)).toMatchObject({ mentionsMe: true });
    expect(await bob.ask('findMessage', id)).toMatchObject({ mentionsMe: false });
    await bob.do('recallMessage', id);
    await counts(alice, 1);
    await alice.until({ of: 'messages', conversationId: CREW, limit: 9 }, (list) => list[0]?.recalled === true);
    expect(await alice.ask('findMessage', id)).toMatchObject({ mentionsMe: false, recalled: true });
  });

  it('a new device counts 300 scattered mentions without their messages, and less only until the server answers', async () => {
    void world.server.host.setPolicy({ limits: { fetchMessages: 10 } });
    const publish = (i: number) => ({
      from: 'bob',
      to: { group: 'crew' },
      id: `m${i}`,
      body: 1,
      ...(i % 2 ? {} : { mentions: 'all' as const }),
    });
    await world.until(Promise.all(Array.from({ length: 600 }, (_, i) => world.server.host.publish(publish(i)))));
    const [tablet, late] = await openDevice(world, 'alice', 'tablet');
    await counts(late, 300);
    expect(await late.now({ of: 'conversation', conversationId: CREW })).toMatchObject({ mentionCount: 300, exact: true });
    await late.ask('loadMessages', CREW, { around: 560, limit: 9 });
    goOffline(tablet);
    await late.do('clearConversationUnreadCount', CREW, 'm559');
    expect(await late.now({ of: 'conversation', conversationId: CREW })).toMatchObject({ mentionCount: 0, exact: false });
    goOnline(tablet);
    await counts(late, 20);
    expect(await late.now({ of: 'conversation', conversationId: CREW })).toMatchObject({ mentionCount: 20, exact: true });
  });

  it('the first paint has the mentions', async () => {
    await alice.do('setMuted', CREW, true);
    await say('all');
    await counts(alice, 1);
    await world.pass(5000);
    const { totals, conversations } = phone.disk.get('meta', PAINT_KEY) as FirstPaint;
    expect([pickTotal(totals, { of: 'mentions' }), pickTotal(totals), conversations[0]?.mentionCount]).toEqual([1, 0, 1]);
  });

  it('in a direct chat the peer is mentioned, and totals by type tell the two apart', async () => {
    await bob.do('sendMessage', 'direct:alice', { body: '1', mentions: ['alice'] });
    await say('all');
    await alice.until(TOTAL, (total) => total === 2);
    const total = (type: 'direct' | 'group') => alice.now({ of: 'total-unread', wanted: { of: 'mentions', type } });
    expect([await total('direct'), await total('group')]).toEqual([1, 1]);
  });

  it('a refused message keeps its mentions in the next attempt', async () => {
    void world.server.host.setPolicy({ receipts: { groups: false } });
    const { id } = await say(['alice'], { requestReceipt: true });
    const [letter] = await bob.until({ of: 'dead-letters' }, ({ length }) => length === 1);
    await bob.do('retryDeadLetter', letter!.id, { requestReceipt: false });
    await counts(alice, 1);
    expect(letter!.messageIds).toEqual([id]);
  });

  it('a repeated call with other mentions is another message, and is refused', async () => {
    goOffline([...world.devices].find(({ userId }) => userId === 'bob')!);
    await say(['alice'], { id: 'once' });
    await say(['alice'], { id: 'once' });
    await expect(say('all', { id: 'once' })).rejects.toMatchObject({ code: 'rejected/id-conflict' });
  });
});
