import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { notificationTag } from '../../../src/model/notification-tag.ts';
import { decodePush, encodeFrame } from '../../../src/protocol/codec.ts';
import { MAX_PUSH_BYTES } from '../../../src/protocol/limits.ts';
import type { PushFrame } from '../../../src/protocol/push.ts';
import { PROTOCOL_VERSION } from '../../../src/protocol/version.ts';
import { declarativePush } from '../../../src/server/push/declarative-push.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import type { PushRecipient } from '../../../src/server/push/host-pushes.ts';

describe('the pushes from the server to a host', () => {
  let pushes: PushFrame[];
  let recipients: PushRecipient[];
  let server: ReceiptServer;
  let fails = false;
  /** While set, the server reads nothing for pushes: the test changes the state first. */
  let hold: Promise<void>;
  let reading: number;

  beforeEach(() => {
    [pushes, recipients, fails, hold, reading] = [[], [], false, Promise.resolve(), 0];
    const store = createMemoryStore();
    const read: typeof store.read = async (name, body) => {
      if (name !== 'push') return store.read(name, body);
      reading++;
      await hold;
      return store.read(name, body).finally(() => reading--);
    };
    server = createReceiptServer({
      store: { read, tx: store.tx.bind(store), close: store.close.bind(store), atOnce: 8 },
      authenticate: async (token) => ({ userId: token.replace('token-of-', '') }),
      log: () => undefined,
      onMessage: (push, recipient) => {
        pushes.push(push);
        recipients.push(recipient);
        if (fails) throw new Error('the push service is down');
      },
    });
  });
  afterEach(() => server.close());

  const submit = async (from: string, ...entries: object[]): Promise<{ status: number; body: string }> =>
    server.request(
      JSON.stringify([
        { type: 'hello', version: PROTOCOL_VERSION, token: from, userId: from, deviceId: 'd' },
        { type: 'submit', id: 1, entries },
      ]),
    );
  const message = (conversationId: string, id: string, countable = true) => ({
    kind: 'message',
    key: `key of ${id}`,
    conversationId,
    cursor: null,
    id,
    body: '"secret"',
    receiptRequested: conversationId.startsWith('direct:'),
    countable,
  });
  const receipts = (conversationId: string, registers: object) => ({
    kind: 'receipts',
    key: crypto.randomUUID(),
    conversationId,
    cursor: null,
    ...registers,
  });
  const mute = (conversationId: string, value = true, count = 1) => receipts(conversationId, { muted: { count, value } });
  /** Waits until the server has handed over all pushes so far. */
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet = reading > 0 ? 0 : quiet + 1) await new Promise((resolve) => setImmediate(resolve));
  };

  it('the push for a direct message goes to the peer, names the chat as the peer does, and has no text', async () => {
    await submit('alice', message('direct:bob', 'm1'));
    await settled();
    expect(pushes).toMatchObject([
      {
        type: 'push',
        userId: 'bob',
        conversationId: 'direct:alice',
        message: { id: 'm1', seq: 1, senderId: 'alice', receiptRequested: true, countable: true },
        muted: false,
        totalUnreadCount: 1,
      },
    ]);
    const text = JSON.stringify(pushes[0]);
    expect(text).not.toContain('secret');
    expect(decodePush(text)).toEqual(pushes[0]);
  });

  it('a group message makes one push for each member except the sender', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }, { userId: 'carol' }] });
    await server.publish({ from: 'alice', to: { group: 'crew' }, body: 'secret', id: 'm1' });
    await settled();
    expect(pushes.map(({ userId, conversationId }) => [userId, conversationId])).toEqual([
      ['bob', 'group:crew'],
      ['carol', 'group:crew'],
    ]);
  });

  it('a push comes once, and not for a repeated, rejected, uncountable or at once recalled message', async () => {
    await submit('alice', message('direct:bob', 'm1'));
    await submit('alice', message('direct:bob', 'm1'), message('group:of-others', 'm2'), message('direct:bob', 'm3', false));
    await submit('alice', message('direct:bob', 'm4'), { kind: 'recall', key: 'k', conversationId: 'direct:bob', cursor: null, id: 'm4' });
    await settled();
    expect(pushes.map((push) => push.message.id)).toEqual(['m1']);
  });

  it('a push names the total of the recipient over all chats, without muted chats and read messages', async () => {
    for (const from of ['alice', 'carol', 'dave']) await submit(from, message('direct:bob', `of ${from}`));
    await submit('bob', mute('direct:carol'), receipts('direct:dave', { position: 1 }));
    await settled();
    pushes.length = 0;
    await submit('dave', message('direct:bob', 'more'));
    await submit('alice', message('direct:bob', 'later'));
    await settled();
    expect(pushes.map(({ message: { id }, totalUnreadCount }) => [id, totalUnreadCount])).toEqual([
      ['more', 2],
      ['later', 3],
    ]);
  });

  for (const [what, change] of [
    ['muted', () => submit('bob', mute('direct:alice'))],
    ['read', () => submit('bob', receipts('direct:alice', { position: 1 }))],
    ['cleared by itself', () => submit('bob', receipts('direct:alice', { cleared: [[1, 1]] }))],
    ['acknowledged', () => submit('bob', receipts('direct:alice', { namedIds: ['m1'] }))],
    ['recalled', () => submit('alice', { kind: 'recall', key: 'k', conversationId: 'direct:bob', cursor: null, id: 'm1' })],
  ] as const)
    it(`no push for a message ${what} before the server hands over the push`, async () => {
      let release: () => void = () => undefined;
      hold = new Promise((resolve) => (release = resolve));
      await submit('alice', message('direct:bob', 'm1'));
      const { body } = await change();
      expect(body).toContain('"confirmed"');
      release();
      await settled();
      expect(pushes).toEqual([]);
    });

  it('a muted chat has no pushes until its mute ends, also a chat muted before its first message', async () => {
    await submit('bob', mute('direct:alice'));
    await submit('alice', message('direct:bob', 'm1'));
    await settled();
    expect(pushes).toEqual([]);
    await submit('bob', mute('direct:alice', false, 2));
    await submit('alice', message('direct:bob', 'm2'));
    await settled();
    expect(pushes).toMatchObject([{ message: { id: 'm2' }, totalUnreadCount: 2 }]);
  });

  it('a mention is pushed in a muted chat too, and says so', async () => {
    await server.createGroup({ groupId: 'crew', members: [{ userId: 'alice' }, { userId: 'bob' }, { userId: 'carol' }] });
    for (const member of ['bob', 'carol']) await submit(member, mute('group:crew'));
    await submit('alice', { ...message('group:crew', 'm1'), mentions: ['bob'] });
    await settled();
    expect(pushes).toMatchObject([{ userId: 'bob', message: { id: 'm1', mentionsMe: true }, muted: true, totalUnreadCount: 0 }]);
    await submit('alice', { ...message('group:crew', 'm2'), mentions: 'all' });
    await settled();
    expect(pushes.slice(1).map(({ userId, message: { mentionsMe } }) => [userId, mentionsMe])).toEqual([
      ['bob', true],
      ['carol', true],
    ]);
  });

  it('a recall is noticed in a chat of which only the number of unread messages is known', async () => {
    const many = Array.from({ length: 600 }, (_, n) => message('direct:bob', `m${n}`, n % 2 === 0));
    for (let at = 0; at < many.length; at += 100) await submit('alice', ...many.slice(at, at + 100));
    await settled();
    pushes.length = 0;
    let release: () => void = () => undefined;
    hold = new Promise((resolve) => (release = resolve));
    await submit('alice', message('direct:bob', 'kept'), message('direct:bob', 'gone'));
    await submit('alice', { kind: 'recall', key: 'k', conversationId: 'direct:bob', cursor: null, id: 'gone' });
    release();
    await settled();
    expect(pushes).toMatchObject([{ message: { id: 'kept' }, totalUnreadCount: 301 }]);
  });

  it('the host learns whether the recipient has a live connection', async () => {
    const bob = server.connect({ buffered: 0, send: () => undefined, close: () => undefined })!;
    bob.receive(encodeFrame({ type: 'hello', version: PROTOCOL_VERSION, token: 'token-of-bob', userId: 'bob', deviceId: 'phone' }));
    await vi.waitFor(() => expect(server.isConnected('bob')).toBe(true));
    expect([server.isConnected('bob'), server.isConnected('carol')]).toEqual([true, false]);
    await submit('alice', message('direct:bob', 'm1'), message('direct:carol', 'm2'));
    await settled();
    expect(pushes.map(({ userId }, i) => [userId, recipients[i]])).toEqual([
      ['bob', { connected: true }],
      ['carol', { connected: false }],
    ]);
    bob.closed();
    await vi.waitFor(() => expect(server.isConnected('bob')).toBe(false));
    expect(() => server.isConnected('')).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
  });

  it('an error in the host’s onMessage does not disturb the server', async () => {
    fails = true;
    const { status, body } = await submit('alice', message('direct:bob', 'm1'));
    expect(status).toBe(200);
    expect(body).toContain('"confirmed"');
    await settled();
    expect(pushes).toHaveLength(1);
  });

  it('the server hands over every push before it closes', async () => {
    await submit('alice', message('direct:bob', 'm1'));
    await server.close();
    expect(pushes).toHaveLength(1);
  });
});

describe('the declarative form of a push', () => {
  const push: PushFrame = {
    type: 'push',
    userId: 'alice',
    conversationId: 'direct:bob',
    message: { id: 'm1', seq: 12, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true },
    muted: false,
    totalUnreadCount: 5,
  };
  const notification = { title: 'Chat', navigate: 'https://chat.example/direct/bob', body: 'A new message', lang: 'en' };

  it('the declarative form has all parts that browsers demand, the tag of the message, and the push as data', () => {
    const declared = declarativePush(push, notification, { appBadge: true });
    expect(declared).toEqual({
      web_push: 8030,
      notification: { ...notification, tag: notificationTag('alice', 'direct:bob', 12), data: push },
      app_badge: 5,
      mutable: true,
    });
    expect(decodePush(JSON.stringify(declared))).toEqual(push);
    expect(declarativePush(push, notification)).not.toHaveProperty('app_badge');
  });

  it('the largest ids fit into the declarative form', () => {
    const id = '€'.repeat(42);
    const longest = { ...push, userId: id, conversationId: `direct:${id}` as const, message: { ...push.message, id, senderId: id } };
    const text = JSON.stringify(declarativePush(longest, notification, { appBadge: true }));
    expect(new TextEncoder().encode(text).length).toBeLessThan(MAX_PUSH_BYTES);
    expect(decodePush(text)).toEqual(longest);
  });

  for (const [why, given] of [
    ['an empty title', { ...notification, title: '' }],
    ['a relative address', { ...notification, navigate: '/direct/bob' }],
    ['a tag', { ...notification, tag: 'mine' }],
    ['data', { ...notification, data: 1 }],
    ['more than 3 KiB', { ...notification, body: 'x'.repeat(3000) }],
  ] as const)
    it(`the declarative form is refused with ${why}`, () => {
      expect(() => declarativePush(push, given)).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
    });
});
