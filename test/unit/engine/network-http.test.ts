/** Networks without WebSockets: receipts go over HTTP, and the client goes back to a WebSocket when one works. */
import { describe, expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';
import { live, now, say, sentBy, until } from '../../support/on-tab.ts';

const submits = (texts: readonly string[]): string[] => texts.filter((text) => text.includes('"type":"submit"'));

describe('behind a proxy that removes the upgrade header', () => {
  it('without WebSockets, receipts and messages go over HTTP in both directions at once, with one waiting request at a time (F53)', async () => {
    const world = createTestWorld({ seed: 53 });
    const phone = world.device('alice');
    phone.network.set({ sockets: false });
    const sent = sentBy(phone);
    const bob = await world.open(world.device('bob'));
    const alice = await world.open(phone);
    await live(world, alice);
    const { id } = await say(world, alice, 'bob', 'hello');
    await until(world, bob, { of: 'total-unread' }, (count) => count === 1);
    await world.until(bob.do('sendConversationReadReceipt', 'direct:alice', {}));
    const since = world.time.now;
    await until(world, alice, { of: 'receipts', messageId: id }, (receipts) => receipts !== null && receipts.readAt !== null);
    await say(world, bob, 'alice', 'and back');
    await until(world, alice, { of: 'total-unread' }, (count) => count === 1);
    // The server answers the waiting pull at once, and not when its time is over.
    expect(world.time.now - since).toBeLessThan(2000);
    expect(submits(sent.sockets)).toEqual([]);
    await until(world, alice, { of: 'outbox' }, ({ pending }) => pending === 0);
    await world.pass(1000);
    const asked = sent.requests.length;
    await world.pass(5000);
    expect(sent.requests.length).toBe(asked);
  });

  it('the client goes back to a WebSocket once one works, and the entries in flight take effect once (F53)', async () => {
    const world = createTestWorld({ seed: 54 });
    const phone = world.device('alice');
    phone.network.set({ sockets: false });
    const sent = sentBy(phone);
    const bob = await world.open(world.device('bob'));
    const alice = await world.open(phone);
    await live(world, alice);
    phone.network.set({ sockets: true });
    for (let n = 0; n < 20; n++) await say(world, alice, 'bob', `${n}`);
    await until(world, bob, { of: 'total-unread' }, (count) => count === 20);
    await until(world, alice, { of: 'outbox' }, ({ pending }) => pending === 0);
    // The client tries a WebSocket again after a while.
    await world.pass(60_000);
    await live(world, alice);
    const asked = sent.requests.length;
    await say(world, alice, 'bob', 'by socket');
    await until(world, bob, { of: 'total-unread' }, (count) => count === 21);
    expect(submits(sent.sockets).at(-1)).toContain('by socket');
    expect(sent.sockets.filter((text) => text.includes('"type":"hello"'))).toHaveLength(1);
    await world.pass(60_000);
    expect(sent.requests.length).toBe(asked);
    expect((await now(world, bob, { of: 'messages', conversationId: 'direct:alice', limit: 50 })).length).toBe(21);
  });
});
