/** Senders excluded from the counts of a user: on every device of the user, live, after an absence, and on a new device. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { goOffline, goOnline, openDevice, type WorldTab } from '../../support/on-tab.ts';

const BOB = 'direct:bob';
const CREW = 'group:crew';

describe('a blocked sender', () => {
  const blocked = new Set<string>();
  let world: TestWorld;
  let bob: WorldTab;
  let carol: WorldTab;
  let phone: WorldTab;
  let tablet: WorldTab;
  let tabletDevice: VirtualDevice;

  beforeEach(async () => {
    blocked.clear();
    world = createTestWorld({ directory: { counts: (sender, reader) => !blocked.has(`${sender} ${reader}`) } });
    await world.until(world.server.host.createGroup({ groupId: 'crew', members: ['alice', 'bob', 'carol'].map((userId) => ({ userId })) }));
    [, bob] = await openDevice(world, 'bob');
    [, carol] = await openDevice(world, 'carol');
    [, phone] = await openDevice(world, 'alice', 'phone');
    [tabletDevice, tablet] = await openDevice(world, 'alice', 'tablet');
    for (const tab of [bob, carol, phone, tablet]) await tab.live();
  });

  const setBlocked = (on: boolean): Promise<void> => {
    if (on) blocked.add('bob alice');
    else blocked.delete('bob alice');
    return world.until(world.server.host.countsChanged('alice'));
  };
  const total = (tab: WorldTab, count: number) => tab.until({ of: 'total-unread' }, (shown) => shown === count);
  const say = async (tab: WorldTab, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await tab.do('sendMessage', CREW, { body: `${i}` });
      await tab.do('sendMessage', 'direct:alice', { body: `${i}` });
    }
    await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  };

  it('no longer counts: counted messages leave the count, later messages are shown and not counted, and after the block all count', async () => {
    await say(bob, 2);
    await say(carol, 1);
    await total(phone, 6);
    await setBlocked(true);
    await total(phone, 2);
    await say(bob, 1);
    await phone.until({ of: 'messages', conversationId: BOB, limit: 9 }, (list) => list.length === 3);
    expect(await phone.now({ of: 'total-unread' })).toBe(2);
    expect(await phone.ask('explainUnread', CREW)).toMatchObject({
      unreadCount: 1,
      uncounted: [
        [1, 2],
        [4, 4],
      ],
      counted: [[3, 3]],
    });
    expect(await carol.now({ of: 'unread', conversationId: CREW })).toBe(3);
    await setBlocked(false);
    await total(phone, 8);
    await total(tablet, 8);
  });

  it('is blocked and unblocked while a device is away: the device shows the same as a new device', async () => {
    await say(bob, 3);
    await total(tablet, 6);
    goOffline(tabletDevice);
    await setBlocked(true);
    goOnline(tabletDevice);
    await total(tablet, 0);
    goOffline(tabletDevice);
    await tablet.do('clearMessages', CREW, []);
    await setBlocked(false);
    await say(bob, 1);
    goOnline(tabletDevice);
    await total(tablet, 8);
    const [, late] = await openDevice(world, 'alice', 'late');
    await total(late, 8);
  });

  it('does not bring back a single message cleared by the user during the block', async () => {
    const { id } = await bob.do('sendMessage', CREW, { body: '1' });
    await bob.do('sendMessage', CREW, { body: '2' });
    await total(phone, 2);
    await setBlocked(true);
    await total(phone, 0);
    await phone.until({ of: 'messages', conversationId: CREW, limit: 9 }, (list) => list.length === 2);
    await phone.do('clearMessages', CREW, [id]);
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await setBlocked(false);
    await total(phone, 1);
    await total(tablet, 1);
  });

  it('does not bring back messages read during the block', async () => {
    await say(bob, 2);
    await total(phone, 4);
    await setBlocked(true);
    await total(phone, 0);
    await phone.do('clearConversationUnreadCount', CREW);
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await setBlocked(false);
    await total(phone, 2);
    await total(tablet, 2);
  });
});
