/** Networks without WebSockets: receipts go over HTTP, and the client goes back to a WebSocket when one works. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

const open: TestTab[] = [];
afterEach(() => {
  for (const tab of open.splice(0)) tab.close();
});

const tabOf = async (userId: string, server: ReceiptServer, noSockets = false): Promise<{ tab: TestTab; net: LoopbackNet }> => {
  const net = new LoopbackNet(server);
  net.noSockets = noSockets;
  const tab = await new TestDevice(userId, net).open();
  open.push(tab);
  return { tab, net };
};

describe('behind a proxy that removes the upgrade header', () => {
  it('without WebSockets, receipts and messages go over HTTP in both directions at once, with one waiting request at a time (F53)', async () => {
    const server = createTestServer();
    const { tab: bob } = await tabOf('bob', server);
    const { tab: alice, net } = await tabOf('alice', server, true);
    await alice.live();
    const { id } = await alice.say('bob', 'hello');
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
    await bob.do('sendConversationReadReceipt', 'direct:alice', {});
    const since = performance.now();
    await alice.until({ of: 'receipts', messageId: id }, (receipts) => receipts !== null && receipts.readAt !== null);
    await bob.say('alice', 'and back');
    await alice.until({ of: 'total-unread' }, (count) => count === 1);
    // The server answers the waiting pull at once, and not when its time is over.
    expect(performance.now() - since).toBeLessThan(2000);
    expect(net.sent('submit')).toEqual([]);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const asked = net.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(net.requests.length).toBe(asked);
  });

  it('the client goes back to a WebSocket once one works, and the entries in flight take effect once (F53)', async () => {
    const server = createTestServer();
    const { tab: bob } = await tabOf('bob', server);
    const net = new LoopbackNet(server);
    net.noSockets = true;
    const device = new TestDevice('alice', net);
    // The client tries a WebSocket again after a while. Here the while is short.
    const { clock } = device.ports();
    const quick = {
      ...clock,
      timer: (ms: number, fn: () => void) => clock.timer(ms > 9_000 && ms < 20_000 && ms !== 10_000 ? 50 : ms, fn),
    };
    const ports = device.ports.bind(device);
    device.ports = (store) => ({ ...ports(store), clock: quick });
    const alice = await device.open();
    open.push(alice);
    await alice.live();
    net.noSockets = false;
    const said = Array.from({ length: 20 }, (_, n) => alice.say('bob', `${n}`));
    await Promise.all(said);
    await bob.until({ of: 'total-unread' }, (count) => count === 20);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await expect.poll(() => net.sent('pull').length, { timeout: 5000 }).toBe(1);
    await alice.live();
    expect(net.sent('hello')).toHaveLength(1);
    await alice.say('bob', 'by socket');
    await bob.until({ of: 'total-unread' }, (count) => count === 21);
    expect(net.sent('submit').at(-1)?.entries).toMatchObject([{ body: '"by socket"' }]);
    expect((await bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 50 })).length).toBe(21);
  });
});
