import { afterEach, describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/event.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

describe('two people in a direct chat', () => {
  const open: TestTab[] = [];
  const device = async (net: LoopbackNet, userId: string, name?: string): Promise<[TestDevice, TestTab]> => {
    const phone = new TestDevice(userId, net, name);
    const tab = await phone.open();
    open.push(tab);
    return [phone, tab];
  };
  afterEach(() => {
    for (const tab of open.splice(0)) tab.close();
  });

  it('a message goes from queued to sent, delivered and read, and the badge follows', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, alice] = await device(net, 'alice');
    const [, bob] = await device(net, 'bob');
    const sent = await alice.say('bob', 'hello');
    expect(sent).toMatchObject({ status: 'pending', seq: null, body: 'hello', receiptRequested: true });
    const status = (wanted: string) =>
      alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 10 }, (list) => list[0]?.status === wanted);
    await status('delivered');
    expect(await bob.until({ of: 'total-unread' }, (count) => count > 0)).toBe(1);
    await bob.do('sendReadReceipts', 'direct:alice', [sent.id]);
    await status('read');
    const receipts = await alice.until({ of: 'receipts', messageId: sent.id }, (known) => known?.ackedAt !== null);
    expect(receipts).toMatchObject({ state: 'done' });
    expect(receipts!.deliveredAt).toBeLessThanOrEqual(receipts!.readAt!);
    // A message read receipt moves no position.
    expect(await bob.now({ of: 'unread', conversationId: 'direct:alice' })).toBe(1);
    await bob.do('clearConversationUnreadCount', 'direct:alice');
    expect(await bob.now({ of: 'total-unread' })).toBe(0);
  });

  it('receipts made offline leave in one frame, with one entry for each conversation, once (F91)', async () => {
    const net = new LoopbackNet(createTestServer());
    const people = await Promise.all(['p1', 'p2', 'p3', 'p4'].map((name) => device(net, name)));
    for (const [, tab] of people) for (let i = 0; i < 5; i++) await tab.say('alice', `message ${i}`);
    const aliceNet = new LoopbackNet(net.server);
    const [phone, alice] = await device(aliceNet, 'alice');
    await alice.until({ of: 'total-unread' }, (count) => count === 20);
    await alice.live();
    for (const peer of ['p1', 'p2', 'p3', 'p4'] as const)
      await alice.until({ of: 'messages', conversationId: `direct:${peer}`, limit: 10 }, (list) => list.length === 5);
    for (const [, tab] of people)
      await tab.until({ of: 'messages', conversationId: 'direct:alice', limit: 10 }, (list) =>
        list.every(({ status }) => status === 'delivered'),
      );
    // The delivery receipts are sent before the cut, so that the entries counted below are read receipts.
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    aliceNet.cut();
    // Until the tab detects the loss, an entry may be handed to the dead connection and stay as it was sent.
    await alice.until({ of: 'connection' }, ({ state }) => state === 'offline');
    const before = aliceNet.sent('submit').length;
    for (const peer of ['p1', 'p2', 'p3', 'p4'] as const) {
      const list = await alice.now({ of: 'messages', conversationId: `direct:${peer}`, limit: 10 });
      for (const { id } of list) await alice.do('sendReadReceipts', `direct:${peer}`, [id]);
      await alice.do('sendConversationReadReceipt', `direct:${peer}`, {});
    }
    expect(await alice.now({ of: 'total-unread' })).toBe(0);
    expect((await alice.now({ of: 'outbox' })).pending).toBe(4);
    // The tab is killed and started again, still without a network.
    alice.close();
    const again = await phone.open();
    open.push(again);
    expect(await again.now({ of: 'total-unread' })).toBe(0);
    expect((await again.now({ of: 'outbox' })).pending).toBe(4);
    aliceNet.heal();
    await again.until({ of: 'outbox' }, ({ pending }) => pending === 0, 20_000);
    const frames = aliceNet.sent('submit').slice(before);
    expect(frames.map(({ entries }) => entries.length)).toEqual([4]);
    for (const [, tab] of people)
      await tab.until(
        { of: 'messages', conversationId: 'direct:alice', limit: 10 },
        (list) => list.length === 5 && list.every(({ status }) => status === 'read'),
      );
    expect(await again.now({ of: 'total-unread' })).toBe(0);
  }, 30_000);

  it('three messages that came while the device was offline take the badge from 0 to 3 with no value in between (F92)', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, bob] = await device(net, 'bob');
    await bob.say('alice', 'one');
    const aliceNet = new LoopbackNet(net.server);
    const [, alice] = await device(aliceNet, 'alice');
    await alice.until({ of: 'total-unread' }, (count) => count === 1);
    aliceNet.cut();
    await alice.do('clearConversationUnreadCount', 'direct:bob');
    const seen: number[] = [];
    alice.watch({ of: 'unread', conversationId: 'direct:bob' }).subscribe((count) => seen.push(count));
    for (const text of ['two', 'three', 'four']) await bob.say('alice', text);
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    aliceNet.heal();
    await alice.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 3, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen).toEqual([0, 3]);
  }, 30_000);

  it('a receipt counts as sent once the server has confirmed it, and not before (F96)', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, bob] = await device(net, 'bob');
    const { id } = await bob.say('alice', 'hello');
    const aliceNet = new LoopbackNet(net.server);
    const [phone, alice] = await device(aliceNet, 'alice');
    await alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    aliceNet.cut();
    await alice.do('sendReadReceipts', 'direct:bob', [id]);
    expect(await alice.now({ of: 'receipts', messageId: id })).toMatchObject({ state: 'pending' });
    alice.close();
    const again = await phone.open();
    open.push(again);
    expect(await again.now({ of: 'receipts', messageId: id })).toMatchObject({ state: 'pending' });
    expect((await again.now({ of: 'outbox' })).pending).toBe(1);
    aliceNet.heal();
    await again.until({ of: 'receipts', messageId: id }, (known) => known?.state === 'done', 20_000);
    await bob.until({ of: 'receipts', messageId: id }, (known) => known?.state === 'done', 20_000);
  }, 30_000);

  it('a second device shows the cleared count of the first device and gets the event', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, bob] = await device(net, 'bob');
    const [, phone] = await device(net, 'alice', 'phone');
    const [, laptop] = await device(net, 'alice', 'laptop');
    const heard: ReceiptEvent[] = [];
    laptop.watch({ of: 'events' }).subscribe(({ event }) => heard.push(event));
    await bob.say('alice', 'hello');
    await laptop.until({ of: 'total-unread' }, (count) => count === 1);
    await phone.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    await phone.do('sendConversationReadReceipt', 'direct:bob', {});
    await laptop.until({ of: 'total-unread' }, (count) => count === 0);
    expect(heard.map(({ type }) => type)).toEqual(['message', 'read', 'conversationRead', 'unreadCleared']);
    expect(heard[1]).toMatchObject({ how: 'conversation', by: 'alice', self: true, ranges: [[1, 1]] });
    expect(heard[2]).toMatchObject({ by: 'alice', self: true, upTo: 1 });
  });

  it('explainUnread names the device that set the position, the pending entries, and the seqs that count', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, bob] = await device(net, 'bob');
    const [, phone] = await device(net, 'alice', 'phone');
    const [, laptop] = await device(net, 'alice', 'laptop');
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await bob.say('alice', `${n}`, { countable: n !== 2 })).id);
    await phone.until({ of: 'messages', conversationId: 'direct:bob', limit: 9 }, (list) => list.length === 4);
    await phone.do('clearConversationUnreadCount', 'direct:bob', ids[0]);
    await laptop.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 2);
    const explain = (tab: TestTab) => tab.engine.query({ do: 'explainUnread', args: ['direct:bob'] });
    expect(await explain(laptop)).toMatchObject({
      unreadCount: 2,
      exact: true,
      readUpTo: 1,
      server: { readUpTo: 1, by: { deviceId: 'alice-phone' } },
      pending: [],
      latestSeq: 4,
      counted: [
        [2, 2],
        [4, 4],
      ],
    });
    net.cut();
    await laptop.do('clearConversationUnreadCount', 'direct:bob');
    expect(await explain(laptop)).toMatchObject({
      unreadCount: 0,
      readUpTo: 4,
      server: { readUpTo: 1 },
      pending: [{ position: 4 }],
      counted: [],
    });
  });

  it('a client whose token names another user sends nothing and shows nothing', async () => {
    const net = new LoopbackNet(createTestServer());
    const phone = new TestDevice('alice', net);
    phone.token = 'token-of-bob';
    const tab = await phone.open();
    open.push(tab);
    await tab.say('carol', 'secret');
    const { error } = await tab.until({ of: 'connection' }, ({ state }) => state === 'stopped');
    expect(error?.code).toBe('auth/wrong-user');
    expect(net.sent('submit')).toEqual([]);
    expect((await tab.now({ of: 'outbox' })).pending).toBe(1);
  });

  it('a paused client sends nothing, also after a restart, until it is resumed', async () => {
    const net = new LoopbackNet(createTestServer());
    const [phone, alice] = await device(net, 'alice');
    const [, bob] = await device(net, 'bob');
    await alice.live();
    await alice.do('setPaused', true);
    await alice.say('bob', 'later');
    alice.close();
    const again = await phone.open();
    open.push(again);
    expect(await again.now({ of: 'connection' })).toMatchObject({ state: 'offline', paused: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await bob.now({ of: 'total-unread' })).toBe(0);
    await again.do('setPaused', false);
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
  });

  it('a recalled message is empty at once on this device and soon on all devices, and its unread count drops (F83)', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, alice] = await device(net, 'alice');
    const [, bob] = await device(net, 'bob');
    const heard: ReceiptEvent[] = [];
    bob.watch({ of: 'events' }).subscribe(({ event }) => heard.push(event));
    const keep = await alice.say('bob', 'keep');
    const regret = await alice.say('bob', 'regret');
    await bob.until({ of: 'total-unread' }, (count) => count === 2);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    net.cut();
    await alice.do('recallMessage', regret.id);
    expect(await alice.now({ of: 'messages', conversationId: 'direct:bob', limit: 9 })).toMatchObject([
      { id: keep.id, body: 'keep', recalled: false },
      { id: regret.id, body: null, recalled: true },
    ]);
    const never = await alice.say('bob', 'never sent');
    await alice.do('recallMessage', never.id);
    net.heal();
    await bob.until({ of: 'total-unread' }, (count) => count === 1, 20_000);
    expect(await bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 9 })).toMatchObject([
      { id: keep.id, body: 'keep' },
      { id: regret.id, body: null, recalled: true },
    ]);
    expect(heard.filter(({ type }) => type === 'recalled')).toEqual([
      { type: 'recalled', conversationId: 'direct:alice', messageId: regret.id },
    ]);
    expect(await bob.do('sendReadReceipts', 'direct:alice', [keep.id, regret.id])).toEqual({
      queued: [keep.id],
      skipped: [{ id: regret.id, reason: 'recalled' }],
    });
    await expect(bob.do('recallMessage', keep.id)).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(bob.do('recallMessage', 'nowhere')).rejects.toMatchObject({ code: 'usage/unknown-message' });
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    expect(await alice.now({ of: 'dead-letters' })).toEqual([]);
  }, 30_000);

  it('retrying a dead letter sends it as a new entry', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, alice] = await device(net, 'alice');
    await alice.do('sendMessage', 'group:none', { body: '"x"' });
    const [letter] = await alice.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    await alice.do('retryDeadLetter', letter!.id, { requestReceipt: false });
    const [again] = await alice.until({ of: 'dead-letters' }, (letters) => letters.length > 0 && letters[0]!.id !== letter!.id);
    expect(again).toMatchObject({ kind: 'message', messageIds: letter!.messageIds });
    expect(again!.id).not.toBe(letter!.id);
    await expect(alice.do('retryDeadLetter', 'none', {})).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('a rejected entry becomes a dead letter and blocks no other entry (F62)', async () => {
    const net = new LoopbackNet(createTestServer());
    const [, alice] = await device(net, 'alice');
    const [, bob] = await device(net, 'bob');
    await alice.do('sendMessage', 'group:none', { body: '"to nobody"' });
    await alice.say('bob', 'to bob');
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
    const [letter] = await alice.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    expect(letter).toMatchObject({ code: 'rejected/no-such-conversation', conversationId: 'group:none', kind: 'message' });
    await alice.do('dismissDeadLetter', letter!.id);
    expect(await alice.now({ of: 'dead-letters' })).toEqual([]);
  });
});

describe('a token from an earlier connection', () => {
  it('a refused token from an earlier connection is replaced at once, without waiting', async () => {
    const net = new LoopbackNet(createTestServer());
    const phone = new TestDevice('alice', net);
    const tab = await phone.open();
    await tab.live();
    // The server refuses the engine's token from now on, and the app has another token.
    net.cut();
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    net.server = createReceiptServer({
      store: createMemoryStore(),
      authenticate: (token) => (token === 'second' ? Promise.resolve({ userId: 'alice' }) : Promise.reject(new Error('ended'))),
    });
    phone.token = 'second';
    net.heal();
    const states: string[] = [];
    tab.watch({ of: 'connection' }).subscribe(({ state, error }) => states.push(error ? `${state} ${error.code}` : state));
    await tab.engine.query({ do: 'flush', args: [10] });
    await tab.until({ of: 'connection' }, ({ state }) => state === 'live');
    // The client asks for a token and becomes live, without waiting in between.
    expect(states.filter((state) => state.startsWith('offline auth/'))).toEqual([]);
    tab.close();
  });
});
