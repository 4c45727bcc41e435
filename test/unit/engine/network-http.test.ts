/** Networks without WebSockets: receipts go over HTTP, and the client goes back to a working WebSocket. */
import { describe, expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/world.ts';
import { openDevice, openTab, sentBy, submits } from '../../support/on-tab.ts';

describe('behind a proxy that removes the upgrade header', () => {
  it('without WebSockets, receipts and messages go over HTTP in both directions at once, with one waiting request at a time (F53)', async () => {
    const world = createTestWorld({ seed: 53 });
    const phone = world.device('alice');
    phone.network.set({ sockets: false });
    const sent = sentBy(phone);
    const [, bob] = await openDevice(world, 'bob');
    const alice = await openTab(world, phone);
    await alice.live();
    const { id } = await alice.say('bob', 'hello');
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
    await bob.do('sendConversationReadReceipt', 'direct:alice', {});
    const since = world.time.now;
    await alice.until({ of: 'receipts', messageId: id }, (receipts) => receipts !== null && receipts.readAt !== null);
    await bob.say('alice', 'and back');
    await alice.until({ of: 'total-unread' }, (count) => count === 1);
    // The server answers the waiting pull at once, and not when its time is over.
    expect(world.time.now - since).toBeLessThan(2000);
    expect(submits(sent.sockets)).toEqual([]);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await world.pass(1000);
    const asked = sent.requests.length;
    await world.pass(5000);
    expect(sent.requests.length).toBe(asked);
  });

  it('the client goes back to a working WebSocket, and the entries in flight take effect once (F53)', async () => {
    const world = createTestWorld({ seed: 54 });
    const phone = world.device('alice');
    phone.network.set({ sockets: false });
    const sent = sentBy(phone);
    const [, bob] = await openDevice(world, 'bob');
    const alice = await openTab(world, phone);
    await alice.live();
    phone.network.set({ sockets: true });
    for (let n = 0; n < 20; n++) await alice.say('bob', `${n}`);
    await bob.until({ of: 'total-unread' }, (count) => count === 20);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    // The client tries a WebSocket again after a while.
    await world.pass(60_000);
    await alice.live();
    const asked = sent.requests.length;
    await alice.say('bob', 'by socket');
    await bob.until({ of: 'total-unread' }, (count) => count === 21);
    expect(submits(sent.sockets).at(-1)).toContain('by socket');
    expect(sent.sockets.filter((text) => text.includes('"type":"hello"'))).toHaveLength(1);
    await world.pass(60_000);
    expect(sent.requests.length).toBe(asked);
    expect((await bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 50 })).length).toBe(21);
  });
});
