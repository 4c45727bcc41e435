import { beforeEach, describe, expect, it } from 'vitest';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

const BOB = 'direct:bob';
const BOBS = 'direct:alice';

describe('the first unread message', () => {
  let world: TestWorld;
  let bob: WorldTab;
  let phone: WorldTab;
  let phoneDevice: VirtualDevice;

  beforeEach(async () => {
    world = createTestWorld();
    [, bob] = await openDevice(world, 'bob');
    [phoneDevice, phone] = await openDevice(world, 'alice', 'phone');
    for (const tab of [bob, phone]) await tab.live();
  });

  const stores = (tab: WorldTab, upTo: number) =>
    tab.until({ of: 'messages', conversationId: BOB, limit: 1 }, ([message]) => (message?.seq ?? 0) >= upTo);
  const say = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await bob.say('alice', `line ${i}`)).id);
    return ids;
  };

  it('names the message and the number of unread messages, without own and uncountable ones, and null if nothing is unread', async () => {
    expect(await phone.ask('firstUnread', BOB)).toBeNull();
    await bob.say('alice', 'not counted', { countable: false });
    await stores(phone, 1);
    await phone.say('bob', 'mine');
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const [first] = await say(3);
    await stores(phone, 5);
    expect(await phone.ask('firstUnread', BOB)).toEqual({ seq: 3, messageId: first, count: 3 });
    await phone.do('clearConversationUnreadCount', BOB);
    expect(await phone.ask('firstUnread', BOB)).toBeNull();
  });

  it('comes offline and after a restart, with every earlier call in effect', async () => {
    const ids = await say(4);
    await stores(phone, 4);
    goOffline(phoneDevice);
    await phone.close();
    const again = await openTab(world, phoneDevice);
    expect(await again.ask('firstUnread', BOB)).toEqual({ seq: 1, messageId: ids[0], count: 4 });
    void again.do('clearConversationUnreadCount', BOB, ids[1]);
    expect(await again.ask('firstUnread', BOB)).toEqual({ seq: 3, messageId: ids[2], count: 2 });
    await again.do('clearConversationUnreadCount', BOB);
    await again.do('setMarkedUnread', BOB, true, ids[1]);
    expect(await again.ask('firstUnread', BOB)).toEqual({ seq: 2, messageId: ids[1], count: 3 });
  });

  it('the place of a message that this device has read and never stored gets its id, online at once, and after offline time on the next connection', async () => {
    const ids = await say(30);
    await stores(phone, 30);
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    for (const isOffline of [false, true]) {
      const [device, laptop] = await openDevice(world, 'alice', `laptop ${String(isOffline)}`);
      device.network.trouble = (way, frame) => (way === 'up' && frame.type === 'fetch' ? 'lost' : null);
      await laptop.until({ of: 'unread', conversationId: BOB }, (count) => count === 30);
      await laptop.do('sendConversationReadReceipt', BOB, {});
      device.network.trouble = () => null;
      if (isOffline) goOffline(device);
      const named: (string | null)[] = [];
      const watching = laptop.watch({ of: 'message-id', conversationId: BOB, seq: 1 }).subscribe((id) => named.push(id));
      await world.pass(2000);
      expect(named.at(-1)).toBe(isOffline ? null : ids[0]);
      if (isOffline) goOnline(device);
      await world.pass(60_000);
      expect([isOffline, named.at(-1)]).toEqual([isOffline, ids[0]]);
      watching.unsubscribe();
      await laptop.do('setMarkedUnread', BOB, true, ids[0]);
      await laptop.until({ of: 'outbox' }, ({ pending }) => pending === 0);
      await laptop.close();
    }
  });

  it('waits for the first snapshot of a new device, and names the message once the device stores it', async () => {
    const ids = await say(30);
    await stores(phone, 30);
    await phone.do('clearConversationUnreadCount', BOB, ids[4]);
    await phone.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    const [, laptop] = await openDevice(world, 'alice', 'laptop');
    const first = laptop.ask('firstUnread', BOB);
    expect(await first).toMatchObject({ seq: 6, count: 25 });
    expect(await laptop.until({ of: 'message-id', conversationId: BOB, seq: 6 }, (id) => id !== null)).toBe(ids[5]);
  });

  it('above 256 ranges, where the row gives only a number, the stored messages tell which message is the first', async () => {
    // Every second message does not count, so the row gives a number. The first three do not count either.
    for (let i = 1; i <= 600; i++) void bob.tab.do('sendMessage', BOBS, { body: '"x"', countable: i > 3 && i % 2 === 0, id: `m${i}` });
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await phone.until({ of: 'unread', conversationId: BOB }, (count) => count === 299);
    expect(await phone.now({ of: 'conversation', conversationId: BOB })).toMatchObject({ exact: true });
    await phone.ask('loadMessages', BOB, { around: 1, limit: 10 });
    expect(await phone.ask('firstUnread', BOB)).toEqual({ seq: 4, messageId: 'm4', count: 299 });
    goOffline(phoneDevice);
    await phone.do('clearConversationUnreadCount', BOB, 'm4');
    expect(await phone.ask('firstUnread', BOB)).toMatchObject({ seq: 6, messageId: 'm6' });
  });
});
