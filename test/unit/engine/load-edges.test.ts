import { beforeEach, describe, expect, it } from 'vitest';
import { firstUnreadInRow } from '../../../src/engine/present/first-unread.ts';
import { ConversationState } from '../../../src/engine/state/conversation-state.ts';
import { emptyRow } from '../../../src/model/conversation/conversation.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { goOffline, openDevice, type WorldTab } from '../../support/on-tab.ts';

const CREW = 'group:crew';

describe('loadMessages at the edges of the messages visible to a user', () => {
  let world: TestWorld;
  let alice: WorldTab;
  const publish = (id: string) => world.until(world.server.host.publish({ from: 'bob', to: { group: 'crew' }, body: id, id }));
  /** The server stores 30 messages before alice joins and 30 messages afterwards. */
  beforeEach(async () => {
    world = createTestWorld({ policy: { receipts: { groups: true }, limits: { fetchMessages: 8 } } });
    const { host } = world.server;
    await world.until(host.createGroup({ groupId: 'crew', members: [{ userId: 'bob' }] }));
    for (let i = 1; i <= 30; i++) await publish(`m${i}`);
    await world.until(host.addMember('crew', 'alice'));
    for (let i = 31; i <= 60; i++) await publish(`m${i}`);
    [, alice] = await openDevice(world, 'alice');
    await alice.live();
  });
  const load = async (wanted: object) => {
    const { messages, complete } = await alice.ask('loadMessages', CREW, wanted as never);
    return { seqs: messages.map(({ seq }) => seq), complete };
  };
  const seqs = (from: number, upTo: number): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);

  it('a point above the newest message or below the join leads to the nearest messages', async () => {
    expect(await load({ before: 9_999, limit: 4 })).toEqual({ seqs: seqs(57, 60), complete: false });
    expect(await load({ after: 2, limit: 4 })).toEqual({ seqs: seqs(31, 34), complete: false });
    expect(await load({ after: 9_999, limit: 4 })).toEqual({ seqs: [], complete: true });
    expect(await load({ before: 5, limit: 4 })).toEqual({ seqs: [], complete: true });
  });

  it('a window larger than the answers of the server arrives whole', async () => {
    expect(await load({ around: 45, limit: 20 })).toEqual({ seqs: seqs(36, 55), complete: false });
    const older = await alice.ask('loadOlderMessages', CREW, 30);
    expect(older.messages.map(({ seq }) => seq)).toEqual(seqs(31, 60));
  });

  it('a window has no hole if the device discards messages while it requests the others (F117)', async () => {
    await load({ before: 42, limit: 2 });
    const window = alice.tab.ask('loadMessages', CREW, { before: 43, limit: 5 });
    const dropped = alice.tab.ask('dropCachedMessages');
    const { messages, complete } = await world.until(window);
    await world.until(dropped);
    expect({ seqs: messages.map(({ seq }) => seq), complete }).toEqual({ seqs: seqs(38, 42), complete: false });
    await alice.ask('dropCachedMessages');
    await load({ around: 60, limit: 3 });
    const older = alice.tab.ask('loadOlderMessages', CREW, 4);
    const again = alice.tab.ask('dropCachedMessages');
    expect((await world.until(older)).messages.map(({ seq }) => seq)).toEqual(seqs(54, 57));
    await world.until(again);
  });

  it('after the user left, the stored messages are the answer', async () => {
    await load({ around: 50, limit: 5 });
    await world.until(world.server.host.removeMember('crew', 'alice'));
    await alice.until({ of: 'unread', conversationId: CREW }, (count) => count === 0);
    expect(await load({ around: 50, limit: 5 })).toMatchObject({ seqs: seqs(48, 52) });
    expect(await load({ before: 'm50', limit: 5 })).toMatchObject({ seqs: [48, 49] });
  });

  it('an id from before the join is unknown, and its message is not stored', async () => {
    await expect(load({ around: 'm5', limit: 4 })).rejects.toMatchObject({ code: 'usage/unknown-message' });
    expect(await alice.ask('findMessage', 'm5')).toBeNull();
  });

  it('a message known by its id alone is in the window, and makes its event', async () => {
    const [device, tablet] = await openDevice(world, 'alice', 'tablet');
    await tablet.live();
    goOffline(device);
    await tablet.until({ of: 'connection' }, ({ state }) => state !== 'live');
    await publish('m61');
    await publish('m62');
    // The feed is not there yet, as after a click on a notification: queries go over HTTP, and no pull arrives.
    device.network.trouble = (_, { type }) => (type === 'pull' ? 'lost' : null);
    device.network.set({ up: true, down: true, sockets: false });
    const { messages } = await tablet.ask('loadMessages', CREW, { around: 'm62', limit: 3 });
    expect(messages.map(({ id }) => id)).toEqual(['m60', 'm61', 'm62']);
    const heard: string[] = [];
    tablet.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'message') heard.push(event.message.id);
    });
    device.network.trouble = () => null;
    device.network.set({ sockets: true });
    await tablet.live();
    await world.pass(100);
    expect(heard.sort()).toEqual(['m61', 'm62']);
  });
});

it('the first unread message is exact with the ranges of the row, and the first message above the position with only a number', () => {
  const counted = { at: 0, upTo: 10, count: 3 };
  const row = { ...emptyRow(CREW), version: 1, latestSeq: 20, counted, uncounted: [[13, 14]] as const };
  expect(firstUnreadInRow(new ConversationState(CREW, { ...row, readUpTo: 12 }))).toEqual({ seq: 15, isSure: true });
  expect(firstUnreadInRow(new ConversationState(CREW, { ...row, readUpTo: 4 }))).toEqual({ seq: 5, isSure: false });
});
