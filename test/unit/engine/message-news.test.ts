import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

const AWAY = 450;

describe('news of messages', () => {
  const open: TestTab[] = [];
  let server: ReceiptServer;
  let net: LoopbackNet;
  let told: string[];
  beforeEach(() => {
    server = createTestServer();
    net = new LoopbackNet(server);
    told = [];
  });
  afterEach(async () => {
    for (const tab of open.splice(0)) tab.close();
    await server.close();
  });
  const publish = async (from: number, upTo: number): Promise<void> => {
    for (let i = from; i <= upTo; i++) await server.publish({ from: 'bob', to: { user: 'alice' }, body: i, id: `m${i}` });
  };
  const openTab = async (device: TestDevice): Promise<TestTab> => {
    const tab = await device.open();
    open.push(tab);
    tab.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'message') told.push(event.message.id);
    });
    return tab;
  };
  const ids = (from: number, upTo: number): string[] => Array.from({ length: upTo - from + 1 }, (_, i) => `m${from + i}`);
  const stored = (tab: TestTab, count: number) =>
    tab.until({ of: 'messages', conversationId: 'direct:bob', limit: 1000 }, (list) => list.length === count, 20_000);

  it('a message that a long catch-up leaves out makes its event when it is fetched, and messages of a first snapshot make none', async () => {
    await publish(1, 30);
    const device = new TestDevice('alice', net);
    const alice = await openTab(device);
    await alice.live();
    await stored(alice, 30);
    expect(told).toEqual([]);
    net.cut();
    await alice.until({ of: 'connection' }, ({ state }) => state !== 'live');
    await publish(31, 30 + AWAY);
    net.heal();
    await alice.live();
    await stored(alice, 30 + AWAY);
    await alice.until({ of: 'connection' }, ({ state }) => state === 'live');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told).toHaveLength(AWAY);
    expect([...told].sort()).toEqual(ids(31, 30 + AWAY).sort());
  }, 60_000);
});
