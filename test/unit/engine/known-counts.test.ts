/** Counts are shown once they are known, and a total is true for one moment (F113). */
import { afterEach, describe, expect, it } from 'vitest';
import type { Topic } from '../../../src/model/topic.ts';
import { PAINT_KEY } from '../../../src/log/tables.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';
import { TroubledNet } from '../../support/troubled-net.ts';

const settled = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const COUNTS: readonly Topic[] = [
  { of: 'total-unread' },
  { of: 'unread', conversationId: 'direct:bob' },
  { of: 'conversations', limit: 9 },
  { of: 'conversation', conversationId: 'direct:bob' },
];

describe('counts before and during a catch-up', () => {
  const open: TestTab[] = [];
  const opened = async (device: TestDevice): Promise<TestTab> => {
    const tab = await device.open();
    open.push(tab);
    return tab;
  };
  afterEach(() => {
    for (const tab of open.splice(0)) tab.close();
  });

  it('a device that has never synced shows no count before its first complete snapshot, for any calls of its user (F113)', async () => {
    const device = new TestDevice('alice', new LoopbackNet(createTestServer()));
    device.net.cut();
    const tab = await opened(device);
    const shown: unknown[] = [];
    for (const topic of COUNTS) tab.watch(topic).subscribe((value) => shown.push(value));
    await tab.say('bob', 'hello');
    await tab.do('setMuted', 'direct:bob', true);
    await settled();
    expect(shown).toEqual([]);
    expect([...device.disk.tables.get('meta')!.values()].filter(({ key }) => key === PAINT_KEY)).toEqual([]);
    device.net.heal();
    await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0, 10_000);
    for (const topic of COUNTS) await tab.now(topic);
    expect(shown).toContain(0);
  }, 15_000);

  it('an account without conversations shows 0 and an empty list after its first snapshot, in every tab (F113)', async () => {
    const device = new TestDevice('alice', new LoopbackNet(createTestServer()));
    const tabs = [await opened(device), await opened(device)];
    const shown = tabs.map((tab) => COUNTS.map((topic) => tab.now(topic)));
    for (const values of shown) expect(await Promise.all(values)).toEqual([0, 0, [], null]);
  });

  /** Alice knows 300 conversations with one unread message each, and gets one more message in each of them while she is offline. */
  const away = async () => {
    const server = createTestServer();
    const peers = Array.from({ length: 300 }, (_, n) => `peer-${n}`);
    const say = async (): Promise<void> => {
      for (const from of peers) await server.publish({ from, to: { user: 'alice' }, body: 'x'.repeat(200) });
    };
    await say();
    const net = new TroubledNet(server);
    const device = new TestDevice('alice', net);
    const tab = await opened(device);
    await tab.until({ of: 'total-unread' }, (count) => count === 300);
    net.cut();
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await say();
    return { net, device, tab };
  };

  it('a long catch-up changes the total once, and each conversation when its row comes (F113)', async () => {
    const { net, tab } = await away();
    const seen: string[] = [];
    tab.watch({ of: 'total-unread' }).subscribe((total) => seen.push(`total ${total}`));
    tab.watch({ of: 'unread', conversationId: 'direct:peer-0' }).subscribe((count) => seen.push(`first ${count}`));
    let frames = 0;
    net.onDown = (frame) => {
      if (frame.type === 'changes') frames++;
      return null;
    };
    net.heal();
    await tab.until({ of: 'total-unread' }, (total) => total === 600, 20_000);
    await settled();
    expect(frames).toBeGreaterThan(3);
    expect(seen).toEqual(['total 300', 'first 1', 'first 2', 'total 600']);
  }, 30_000);

  it('a catch-up that breaks off keeps the total from before it, minus what the user clears, also after a restart (F113)', async () => {
    const { net, device, tab } = await away();
    let came = 0;
    net.onDown = (frame) => {
      if (frame.type !== 'changes' || ++came < 3) return null;
      net.cut();
      return 'arrives-then-cut';
    };
    net.heal();
    await tab.until({ of: 'unread', conversationId: 'direct:peer-0' }, (count) => count === 2, 20_000);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    expect(await tab.now({ of: 'total-unread' })).toBe(300);
    await tab.do('clearConversationUnreadCount', 'direct:peer-0');
    await tab.do('setMuted', 'direct:peer-299', true);
    expect(await tab.now({ of: 'total-unread' })).toBe(298);
    await tab.engine.close();
    const again = await opened(device);
    expect(await again.now({ of: 'total-unread' })).toBe(298);
    const totals: number[] = [];
    again.watch({ of: 'total-unread' }).subscribe((total) => totals.push(total));
    net.onDown = () => null;
    net.heal();
    await again.until({ of: 'total-unread' }, (total) => total !== 298, 20_000);
    await settled();
    expect(totals).toEqual([298, 596]);
  }, 30_000);
});
