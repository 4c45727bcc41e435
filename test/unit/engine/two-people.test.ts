import { describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab, sentBy, submits, type WorldTab } from '../../support/on-tab.ts';

describe('two people in a direct chat', () => {
  it('a message goes from queued to sent, delivered and read, and the badge follows', async () => {
    const world = createTestWorld();
    const [, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
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
    const world = createTestWorld();
    const people = [];
    for (const name of ['p1', 'p2', 'p3', 'p4']) people.push(await openDevice(world, name));
    for (const [, tab] of people) for (let i = 0; i < 5; i++) await tab.say('alice', `message ${i}`);
    const [phone, alice] = await openDevice(world, 'alice');
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
    goOffline(phone);
    // Until the tab detects the loss, an entry may be handed to the dead connection and stay as sent.
    await alice.until({ of: 'connection' }, ({ state }) => state === 'offline');
    const sent = sentBy(phone);
    for (const peer of ['p1', 'p2', 'p3', 'p4'] as const) {
      const list = await alice.now({ of: 'messages', conversationId: `direct:${peer}`, limit: 10 });
      for (const { id } of list) await alice.do('sendReadReceipts', `direct:${peer}`, [id]);
      await alice.do('sendConversationReadReceipt', `direct:${peer}`, {});
    }
    expect(await alice.now({ of: 'total-unread' })).toBe(0);
    expect((await alice.now({ of: 'outbox' })).pending).toBe(4);
    // The tab is killed and started again, still without a network.
    await alice.close();
    const again = await openTab(world, phone);
    expect(await again.now({ of: 'total-unread' })).toBe(0);
    expect((await again.now({ of: 'outbox' })).pending).toBe(4);
    goOnline(phone);
    await again.until({ of: 'outbox' }, ({ pending }) => pending === 0, 20_000);
    const frames = submits(sent.sockets).map((text) => JSON.parse(text) as { readonly entries: readonly unknown[] });
    expect(frames.map(({ entries }) => entries.length)).toEqual([4]);
    for (const [, tab] of people)
      await tab.until(
        { of: 'messages', conversationId: 'direct:alice', limit: 10 },
        (list) => list.length === 5 && list.every(({ status }) => status === 'read'),
      );
    expect(await again.now({ of: 'total-unread' })).toBe(0);
  });

  it('three messages sent while the device was offline take the badge from 0 to 3 with no value in between (F92)', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    await bob.say('alice', 'one');
    const [phone, alice] = await openDevice(world, 'alice');
    await alice.until({ of: 'total-unread' }, (count) => count === 1);
    goOffline(phone);
    await alice.do('clearConversationUnreadCount', 'direct:bob');
    const seen: number[] = [];
    alice.watch({ of: 'unread', conversationId: 'direct:bob' }).subscribe((count) => seen.push(count));
    for (const text of ['two', 'three', 'four']) await bob.say('alice', text);
    await bob.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOnline(phone);
    await alice.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 3, 20_000);
    await world.pass(300);
    expect(seen).toEqual([0, 3]);
  });

  it('a receipt counts as sent only once the server has confirmed the receipt (F96)', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const { id } = await bob.say('alice', 'hello');
    const [phone, alice] = await openDevice(world, 'alice');
    await alice.until({ of: 'messages', conversationId: 'direct:bob', limit: 1 }, (list) => list.length === 1);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOffline(phone);
    await alice.do('sendReadReceipts', 'direct:bob', [id]);
    expect(await alice.now({ of: 'receipts', messageId: id })).toMatchObject({ state: 'pending' });
    await alice.close();
    const again = await openTab(world, phone);
    expect(await again.now({ of: 'receipts', messageId: id })).toMatchObject({ state: 'pending' });
    expect((await again.now({ of: 'outbox' })).pending).toBe(1);
    goOnline(phone);
    await again.until({ of: 'receipts', messageId: id }, (known) => known?.state === 'done', 20_000);
    await bob.until({ of: 'receipts', messageId: id }, (known) => known?.state === 'done', 20_000);
  });

  it('messages that arrive in an open chat are read, although a compaction has moved them into a page', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [phone, alice] = await openDevice(world, 'alice');
    phone.fault = (site) => site === 'compaction:due';
    for (const text of ['one', 'two', 'three']) await bob.say('alice', text);
    await alice.until({ of: 'total-unread' }, (count) => count === 3);
    await world.pass(1000);
    expect(await alice.do('readArrivals', 'direct:bob', 1)).toBe(3);
    expect(await alice.now({ of: 'total-unread' })).toBe(0);
    await bob.until(
      { of: 'messages', conversationId: 'direct:alice', limit: 10 },
      (list) => list.map(({ status }) => status).join() === 'delivered,read,read',
    );
  });

  it('a second device shows the cleared count of the first device and gets the event', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [, phone] = await openDevice(world, 'alice', 'phone');
    const [, laptop] = await openDevice(world, 'alice', 'laptop');
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

  it('explainUnread names the device behind the position, the pending entries, and the counted seqs', async () => {
    const world = createTestWorld();
    const [, bob] = await openDevice(world, 'bob');
    const [first, phone] = await openDevice(world, 'alice', 'phone');
    const [second, laptop] = await openDevice(world, 'alice', 'laptop');
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await bob.say('alice', `${n}`, { countable: n !== 2 })).id);
    await phone.until({ of: 'messages', conversationId: 'direct:bob', limit: 9 }, (list) => list.length === 4);
    await phone.do('clearConversationUnreadCount', 'direct:bob', ids[0]);
    await laptop.until({ of: 'unread', conversationId: 'direct:bob' }, (count) => count === 2);
    const explain = (tab: WorldTab) => tab.ask('explainUnread', 'direct:bob');
    expect(await explain(laptop)).toMatchObject({
      unreadCount: 2,
      exact: true,
      readUpTo: 1,
      server: { readUpTo: 1, by: { deviceId: first.deviceId } },
      pending: [],
      latestSeq: 4,
      counted: [
        [2, 2],
        [4, 4],
      ],
    });
    goOffline(second);
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
    const world = createTestWorld();
    const phone = world.device('alice', 'phone', async () => world.server.token('bob'));
    const sent = sentBy(phone);
    const tab = await openTab(world, phone);
    await tab.say('carol', 'secret');
    const { error } = await tab.until({ of: 'connection' }, ({ state }) => state === 'stopped');
    expect(error?.code).toBe('auth/wrong-user');
    expect(submits([...sent.sockets, ...sent.requests])).toEqual([]);
    expect((await tab.now({ of: 'outbox' })).pending).toBe(1);
  });

  it('a paused client sends nothing, also after a restart, until the app resumes the client', async () => {
    const world = createTestWorld();
    const [phone, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
    await alice.live();
    await alice.do('setPaused', true);
    await alice.say('bob', 'later');
    await alice.close();
    const again = await openTab(world, phone);
    expect(await again.now({ of: 'connection' })).toMatchObject({ state: 'offline', paused: true });
    await world.pass(200);
    expect(await bob.now({ of: 'total-unread' })).toBe(0);
    await again.do('setPaused', false);
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
  });

  it('a recalled message is empty at once on this device and soon on all devices, and its unread count drops (F83)', async () => {
    const world = createTestWorld();
    const [phone, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
    const heard: ReceiptEvent[] = [];
    bob.watch({ of: 'events' }).subscribe(({ event }) => heard.push(event));
    const keep = await alice.say('bob', 'keep');
    const regret = await alice.say('bob', 'regret');
    await bob.until({ of: 'total-unread' }, (count) => count === 2);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    goOffline(phone);
    await alice.do('recallMessage', regret.id);
    expect(await alice.now({ of: 'messages', conversationId: 'direct:bob', limit: 9 })).toMatchObject([
      { id: keep.id, body: 'keep', recalled: false },
      { id: regret.id, body: null, recalled: true },
    ]);
    const never = await alice.say('bob', 'never sent');
    await alice.do('recallMessage', never.id);
    goOnline(phone);
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
  });

  it('retrying a dead letter sends a new entry', async () => {
    const world = createTestWorld();
    const [, alice] = await openDevice(world, 'alice');
    await alice.do('sendMessage', 'group:none', { body: '"x"' });
    const [letter] = await alice.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    await alice.do('retryDeadLetter', letter!.id, { requestReceipt: false });
    const [again] = await alice.until({ of: 'dead-letters' }, (letters) => letters.length > 0 && letters[0]!.id !== letter!.id);
    expect(again).toMatchObject({ kind: 'message', messageIds: letter!.messageIds });
    expect(again!.id).not.toBe(letter!.id);
    await expect(alice.do('retryDeadLetter', 'none', {})).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('a rejected entry becomes a dead letter and blocks no other entry (F62)', async () => {
    const world = createTestWorld();
    const [, alice] = await openDevice(world, 'alice');
    const [, bob] = await openDevice(world, 'bob');
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
    const world = createTestWorld();
    let token = world.server.token('alice', 1e9);
    const phone = world.device('alice', 'phone', async () => token);
    const tab = await openTab(world, phone);
    await tab.live();
    // The server refuses the engine's token from now on, and the app has another token.
    goOffline(phone);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    world.server.accepts = ({ expiresAt }) => expiresAt === null;
    token = world.server.token('alice');
    goOnline(phone);
    const states: string[] = [];
    tab.watch({ of: 'connection' }).subscribe(({ state, error }) => states.push(error ? `${state} ${error.code}` : state));
    await tab.ask('flush', 10);
    await tab.live();
    // The client asks for a token and becomes live, without waiting in between.
    expect(states.filter((state) => state.startsWith('offline auth/'))).toEqual([]);
  });
});
