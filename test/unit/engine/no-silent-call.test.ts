/** No call resolves without effect: every intent, on a device without the named conversation or message (F112). */
import { describe, expect, it } from 'vitest';
import type { Intents } from '../../../src/model/api/intents.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, type WorldTab } from '../../support/on-tab.ts';

type Outcome =
  /** The call rejects with this code. */
  | { readonly rejects: string }
  /** The call resolves, and an entry waits in the outbox. */
  | 'pending'
  /** The call resolves, and the stored state has changed. */
  | 'stored'
  /** The call resolves, and there was nothing to do. */
  | { readonly inForce: string };

interface Row<K extends keyof Intents> {
  readonly args: Parameters<Intents[K]>;
  /** `before` is before the first snapshot; `after` is after the first snapshot, for a conversation unknown to the server. */
  readonly before: Outcome;
  readonly after: Outcome;
}

const UNKNOWN = { rejects: 'usage/unknown-conversation' };
const NO_MESSAGE = { rejects: 'usage/unknown-message' };
const nothingUnread = { inForce: 'a conversation that does not exist has nothing unread' };

/** A new intent compiles only with a row of its own. */
const ROWS: { readonly [K in keyof Intents]: Row<K> } = {
  sendMessage: { args: ['direct:bob', { body: '"hi"' }], before: 'pending', after: 'pending' },
  recallMessage: { args: ['m1'], before: NO_MESSAGE, after: NO_MESSAGE },
  sendReadReceipts: { args: ['direct:bob', ['m1']], before: 'pending', after: 'pending' },
  sendConversationReadReceipt: { args: ['direct:bob', {}], before: UNKNOWN, after: nothingUnread },
  clearConversationUnreadCount: { args: ['direct:bob'], before: UNKNOWN, after: nothingUnread },
  clearMessages: { args: ['direct:bob', ['m1']], before: UNKNOWN, after: NO_MESSAGE },
  clearAllUnreadCounts: { args: [], before: UNKNOWN, after: nothingUnread },
  setMarkedUnread: { args: ['direct:bob', true], before: 'pending', after: 'pending' },
  setMuted: { args: ['direct:bob', true], before: 'pending', after: 'pending' },
  setArchived: { args: ['direct:bob', true], before: 'pending', after: 'pending' },
  setReceiptSettings: { args: [{ readReceipts: false }], before: 'stored', after: 'stored' },
  readArrivals: {
    args: ['direct:bob', 0],
    before: { inForce: 'the answer says that nothing was dealt with' },
    after: { inForce: 'the answer says that nothing was dealt with' },
  },
  readGroup: { args: ['group:crew'], before: UNKNOWN, after: nothingUnread },
  passArrivals: {
    args: ['direct:bob', 0, 9],
    before: { inForce: 'the answer says that nothing was dealt with' },
    after: { inForce: 'the answer says that nothing was dealt with' },
  },
  setPaused: { args: [true], before: 'stored', after: 'stored' },
  dismissDeadLetter: {
    args: ['none'],
    before: { inForce: 'there is no such dead letter' },
    after: { inForce: 'there is no such dead letter' },
  },
  retryDeadLetter: {
    args: ['none', {}],
    before: { rejects: 'usage/invalid-argument' },
    after: { rejects: 'usage/invalid-argument' },
  },
};

describe('a call about a conversation or message unknown to this device', () => {
  const outcomeOf = async (device: VirtualDevice, tab: WorldTab, name: keyof Intents): Promise<unknown> => {
    const stored = (): string => JSON.stringify([...device.disk.rows.get('log')!.values()]);
    const before = stored();
    try {
      await tab.do(name, ...ROWS[name].args);
    } catch (error) {
      return { rejects: (error as { code?: string }).code };
    }
    if ((await tab.now({ of: 'outbox' })).pending > 0) return 'pending';
    return stored() === before ? 'in force' : 'stored';
  };
  const wanted = (outcome: Outcome): unknown => (typeof outcome === 'object' && 'inForce' in outcome ? 'in force' : outcome);

  describe.each(Object.keys(ROWS) as (keyof Intents)[])('%s', (name) => {
    it('a call before the first snapshot takes effect later or rejects (F112)', async () => {
      const world = createTestWorld();
      const device = world.device('alice');
      goOffline(device);
      expect(await outcomeOf(device, await openTab(world, device), name)).toEqual(wanted(ROWS[name].before));
    });

    it('a call after the first snapshot takes effect later, rejects, or has nothing to do (F112)', async () => {
      const [device, tab] = await openDevice(createTestWorld(), 'alice');
      await tab.live();
      goOffline(device);
      await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
      expect(await outcomeOf(device, tab, name)).toEqual(wanted(ROWS[name].after));
    });
  });

  const CHAT = 'direct:bob';
  const two = async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [phone, tablet] = [world.device('alice', 'phone'), world.device('alice', 'tablet')];
    return { opened: (device: VirtualDevice) => openTab(world, device), world, phone, tablet, bob };
  };
  const shows = (tab: WorldTab, flags: { readonly muted: boolean; readonly markedUnread: boolean }, latestSeq: number) =>
    tab.until(
      { of: 'conversation', conversationId: CHAT },
      (chat) => chat?.muted === flags.muted && chat.markedUnread === flags.markedUnread && chat.latestSeq === latestSeq,
    );
  const BOTH = { muted: true, markedUnread: true };

  it('flags of a conversation without messages take effect with its first message, on all devices (F112)', async () => {
    const { opened, phone, tablet, bob } = await two();
    const first = await opened(phone);
    await first.live();
    await first.do('setMuted', CHAT, true);
    await first.do('setMarkedUnread', CHAT, true);
    await first.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    expect(await first.now({ of: 'conversations', limit: 10 })).toEqual([]);
    await bob.say('alice', 'hello');
    for (const tab of [first, await opened(tablet)]) {
      await shows(tab, BOTH, 1);
      expect(await tab.now({ of: 'total-unread' })).toBe(0);
    }
    expect(await first.now({ of: 'dead-letters' })).toEqual([]);
  });

  it('flags set before the first snapshot win over older flags unknown to this device (F112)', async () => {
    const { opened, phone, tablet, bob } = await two();
    const first = await opened(phone);
    for (const text of ['one', 'two', 'three']) await bob.say('alice', text);
    await shows(first, { muted: false, markedUnread: false }, 3);
    // The flags have changed often, and the read position is above the position of a mark made without a
    // snapshot.
    for (const flag of [true, false, true, false]) {
      await first.do('setMuted', CHAT, flag);
      await first.do('setMarkedUnread', CHAT, flag);
      await first.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    }
    await first.do('clearConversationUnreadCount', CHAT);
    await first.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOffline(tablet);
    const second = await opened(tablet);
    await second.do('setMuted', CHAT, true);
    await second.do('setMarkedUnread', CHAT, true);
    goOnline(tablet);
    for (const tab of [second, first]) await shows(tab, BOTH, 3);
    await second.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    for (const tab of [second, first]) await shows(tab, BOTH, 3);
  });

  it('a flag removed before the first snapshot is removed at the server too (F112)', async () => {
    const { opened, phone, tablet, bob } = await two();
    const first = await opened(phone);
    await bob.say('alice', 'one');
    await shows(first, { muted: false, markedUnread: false }, 1);
    await first.do('setMuted', CHAT, true);
    await first.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOffline(tablet);
    const second = await opened(tablet);
    await second.do('setMuted', CHAT, false);
    goOnline(tablet);
    for (const tab of [second, first]) await shows(tab, { muted: false, markedUnread: false }, 1);
  });

  it('flags set before the first snapshot are sent over HTTP without a page, after a snapshot has been read (F112)', async () => {
    const { opened, world, phone, tablet, bob } = await two();
    const first = await opened(phone);
    await bob.say('alice', 'one');
    await shows(first, { muted: false, markedUnread: false }, 1);
    for (const flag of [true, false]) await first.do('setMuted', CHAT, flag);
    await first.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOffline(tablet);
    const second = await opened(tablet);
    await second.do('setMuted', CHAT, true);
    await second.close();
    goOnline(tablet);
    await world.until(tablet.sync());
    goOffline(tablet);
    expect((await (await opened(tablet)).now({ of: 'outbox' })).pending).toBe(0);
    await shows(first, { muted: true, markedUnread: false }, 1);
  });

  it('flags of a group that this user joins later are in force when it appears, also those of a new device before its first sync (F112)', async () => {
    const { opened, world, phone, tablet, bob } = await two();
    const group = 'group:crew';
    const first = await opened(phone);
    await first.live();
    for (const muted of [true, false, true]) await first.do('setMuted', group, muted);
    await first.do('setArchived', group, true);
    goOffline(tablet);
    const second = await opened(tablet);
    await second.do('setMarkedUnread', group, true);
    await second.do('setArchived', group, false);
    goOnline(tablet);
    for (const tab of [first, second]) {
      const known = await tab.until(
        { of: 'conversation', conversationId: group },
        (chat) => chat?.muted === true && chat.markedUnread && !chat.archived,
      );
      expect(known).toMatchObject({ latestSeq: 0, unreadCount: 0, left: false });
      await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
      expect(await tab.now({ of: 'dead-letters' })).toEqual([]);
      expect(await tab.now({ of: 'conversations', limit: 10 })).toEqual([]);
      expect(await tab.now({ of: 'total-unread', wanted: { of: 'conversations' } })).toBe(0);
    }
    const { host } = world.server;
    await world.until(host.createGroup({ groupId: 'crew', members: [{ userId: 'bob' }] }));
    await bob.do('sendMessage', group, { body: '"before"' });
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await world.until(host.addMember('crew', 'alice'));
    await bob.do('sendMessage', group, { body: '"after"' });
    for (const tab of [first, second]) {
      await tab.until(
        { of: 'conversation', conversationId: group },
        (chat) => chat?.latestSeq === 2 && chat.muted && chat.markedUnread && !chat.archived && chat.unreadCount === 1,
      );
      expect(await tab.now({ of: 'total-unread' })).toBe(0);
    }
  });

  it('retrying a dead receipt while receipts are switched off rejects, and the dead letter stays (F112)', async () => {
    const { opened, phone } = await two();
    const tab = await opened(phone);
    await tab.do('sendReadReceipts', 'group:of-others', ['m1']);
    const [letter] = await tab.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    await tab.do('setReceiptSettings', { readReceipts: false });
    await expect(tab.do('retryDeadLetter', letter!.id, {})).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    expect(await tab.now({ of: 'dead-letters' })).toHaveLength(1);
  });
});
