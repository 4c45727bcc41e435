import { beforeEach, describe, expect, it } from 'vitest';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { framesOf, goOffline, goOnline, openDevice, openTab, sentBy, type WorldTab } from '../../support/on-tab.ts';

const CREW = 'group:crew';
const COUNT = 650;

it(
  'the first of 4,049 unread messages and its neighbours cost one request, of at most `limit` messages',
  { timeout: 120_000 },
  async () => {
    const world = createTestWorld();
    const { host } = world.server;
    await world.until(host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    const [, bob] = await openDevice(world, 'bob');
    await bob.live();
    const say = async (from: number, upTo: number): Promise<void> => {
      const ids = Array.from({ length: upTo - from + 1 }, (_, i) => from + i);
      await world.until(Promise.all(ids.map((i) => bob.tab.do('sendMessage', CREW, { body: String(i), id: `m${i}` }))));
      await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    };
    await say(1, 100);
    const [, old] = await openDevice(world, 'alice', 'old');
    await old.until({ of: 'unread', conversationId: CREW }, (count) => count === 100);
    await old.ask('loadMessages', CREW, { around: 'm100', limit: 1 });
    await old.do('clearConversationUnreadCount', CREW, 'm100');
    await old.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await old.close();
    await say(101, 4149);
    const [device, alice] = await openDevice(world, 'alice', 'new');
    const sent = sentBy(device);
    await alice.live();
    const first = await alice.ask('firstUnread', CREW);
    expect(first).toMatchObject({ seq: 101, count: 4049 });
    const before = sent.requests.length;
    const { messages, complete } = await alice.ask('loadMessages', CREW, { around: 'first-unread', limit: 30 });
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, i) => 87 + i));
    expect(complete).toBe(false);
    const asked = framesOf('fetch', sent.requests.slice(before));
    expect(sent.requests).toHaveLength(before + 1);
    expect(asked.flatMap(({ wants }) => wants)).toEqual([{ conversationId: CREW, seqs: [[87, 116]], limit: 30 }]);
    // The place of an open view is the same window, stored by now.
    expect((await alice.ask('loadMessages', CREW, { around: first!.seq, limit: 30 })).messages).toEqual(messages);
    expect(sent.requests).toHaveLength(before + 1);
  },
);

describe('messages around a point of a long conversation', () => {
  let device: VirtualDevice;
  let alice: WorldTab;
  let sent: ReturnType<typeof sentBy>;
  beforeEach(async () => {
    const world = createTestWorld();
    const { host } = world.server;
    await world.until(host.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }] }));
    for (let i = 1; i <= COUNT; i++) await world.until(host.publish({ from: 'bob', to: { group: 'crew' }, body: i, id: `m${i}` }));
    [device, alice] = await openDevice(world, 'alice');
    sent = sentBy(device);
    await alice.live();
  });
  const load = async (wanted: object) => {
    const before = sent.requests.length;
    const { messages, complete } = await alice.ask('loadMessages', CREW, wanted as never);
    return { seqs: messages.map(({ seq }) => seq), complete, requests: sent.requests.length - before };
  };
  const seqs = (from: number, upTo: number): number[] => Array.from({ length: upTo - from + 1 }, (_, i) => from + i);

  it('before the first sync, a conversation is not complete, because this device does not know its messages', async () => {
    const world = createTestWorld();
    const fresh = world.device('dave');
    goOffline(fresh);
    const dave = await openTab(world, fresh);
    await dave.say('erin', 'queued');
    const all = async () => [
      await dave.ask('loadMessages', 'direct:bob', { around: 1, limit: 5 }),
      await dave.ask('loadMessages', 'direct:erin', { before: 9, limit: 5 }),
      await dave.ask('loadOlderMessages', 'direct:bob', 5),
      await dave.ask('loadOlderMessages', 'direct:erin', 5),
    ];
    for (const answer of await all()) expect(answer).toEqual({ messages: [], complete: false });
    goOnline(fresh);
    await dave.live();
    expect(await dave.ask('loadMessages', 'direct:bob', { around: 1, limit: 5 })).toEqual({ messages: [], complete: true });
    expect(await dave.ask('loadOlderMessages', 'direct:bob', 5)).toEqual({ messages: [], complete: true });
  });

  it('the first of hundreds of unread messages and its neighbours cost one request', async () => {
    expect(await load({ around: 'first-unread', limit: 50 })).toEqual({ seqs: seqs(1, 50), complete: false, requests: 1 });
    // The messages are stored now.
    expect(await load({ around: 'first-unread', limit: 50 })).toMatchObject({ requests: 0 });
    expect(await load({ around: 200, limit: 5 })).toEqual({ seqs: seqs(198, 202), complete: false, requests: 1 });
    expect(await load({ around: 'm300', limit: 4 })).toMatchObject({ seqs: seqs(299, 302), complete: false });
  });

  it('before and after a message, up to the ends of the conversation', async () => {
    expect(await load({ before: 4, limit: 10 })).toMatchObject({ seqs: [1, 2, 3], complete: true });
    expect(await load({ after: 647, limit: 10 })).toMatchObject({ seqs: [648, 649, 650], complete: true });
    expect(await load({ after: 'm100', limit: 3 })).toMatchObject({ seqs: [101, 102, 103], complete: false });
    expect(await load({ after: 0, limit: 2 })).toMatchObject({ seqs: [1, 2], complete: false });
    expect(await load({ around: 9_999, limit: 2 })).toMatchObject({ seqs: [649, 650] });
  });

  it('offline the stored messages are the answer, and an unknown id rejects with the reason', async () => {
    await load({ around: 10, limit: 4 });
    goOffline(device);
    expect(await load({ around: 10, limit: 20 })).toMatchObject({ seqs: seqs(9, 12), complete: false });
    await expect(load({ before: 'm200', limit: 5 })).rejects.toMatchObject({ code: 'transport/unreachable' });
    goOnline(device);
    await expect(load({ before: 'unknown', limit: 5 })).rejects.toMatchObject({ code: 'usage/unknown-message' });
  });

  it('findMessage finds stored and pending messages, and watchReceiptsIn follows the shown messages', async () => {
    await load({ around: 10, limit: 1 });
    expect(await alice.ask('findMessage', 'm10')).toMatchObject({ id: 'm10', seq: 10, status: 'received' });
    expect(await alice.ask('findMessage', 'm11')).toBeNull();
    goOffline(device);
    await alice.say('bob', 'later', { id: 'mine' });
    expect(await alice.ask('findMessage', 'mine')).toMatchObject({ id: 'mine', status: 'pending' });
    const topic = { of: 'receipts-in', conversationId: 'direct:bob', limit: 5 } as const;
    expect(await alice.now(topic)).toMatchObject([{ messageId: 'mine', state: 'pending' }]);
    goOnline(device);
    const [receipts] = await alice.until(topic, (list) => list[0]?.state === 'processing');
    expect(receipts).toMatchObject({ messageId: 'mine', readAt: null, conversationReadAt: null });
  });
});
