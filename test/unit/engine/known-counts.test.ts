/** Counts are shown once known, and a total is true for one moment (F113). */
import { describe, expect, it } from 'vitest';
import type { Topic } from '../../../src/model/api/topic.ts';
import type { FirstPaint } from '../../../src/model/conversation/conversation.ts';
import { PAINT_KEY } from '../../../src/model/storage-name.ts';
import { pickTotal } from '../../../src/model/conversation/total.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, openDevice, openTab } from '../../support/on-tab.ts';

const COUNTS: readonly Topic[] = [
  { of: 'total-unread' },
  { of: 'unread', conversationId: 'direct:bob' },
  { of: 'conversations', limit: 9 },
  { of: 'conversation', conversationId: 'direct:bob' },
];

describe('counts before and during a catch-up', () => {
  it('a device without a first sync shows no count before its first complete snapshot, for any calls of its user (F113)', async () => {
    const world = createTestWorld();
    const device = world.device('alice');
    goOffline(device);
    const tab = await openTab(world, device);
    const shown: unknown[] = [];
    for (const topic of COUNTS) tab.watch(topic).subscribe((value) => shown.push(value));
    await tab.say('bob', 'hello');
    await tab.do('setMuted', 'direct:bob', true);
    await world.pass(2000);
    expect(shown).toEqual([]);
    expect(device.disk.get('meta', PAINT_KEY)).toBeUndefined();
    goOnline(device);
    await tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    for (const topic of COUNTS) await tab.now(topic);
    expect(shown).toContain(0);
  });

  it('an account without conversations shows 0 and an empty list after its first snapshot, in every tab and at the next first paint (F113)', async () => {
    const world = createTestWorld();
    const [device, first] = await openDevice(world, 'alice');
    const tabs = [first, await openTab(world, device)];
    const shown = tabs.map((tab) => COUNTS.map((topic) => tab.now(topic)));
    for (const values of shown) expect(await Promise.all(values)).toEqual([0, 0, [], null]);
    const painted = device.disk.get('meta', PAINT_KEY) as FirstPaint | undefined;
    expect(painted?.conversations).toEqual([]);
    expect(painted && pickTotal(painted.totals)).toBe(0);
  });

  /** Alice knows 300 conversations with one unread message each, and gets one more message in each conversation while she is offline. */
  const away = async () => {
    const world = createTestWorld();
    const peers = Array.from({ length: 300 }, (_, n) => `peer-${n}`);
    const say = async (): Promise<void> => {
      for (const from of peers) await world.until(world.server.host.publish({ from, to: { user: 'alice' }, body: 'x'.repeat(200) }));
    };
    await say();
    const [device, tab] = await openDevice(world, 'alice');
    await tab.until({ of: 'total-unread' }, (count) => count === 300);
    goOffline(device);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await say();
    return { world, device, tab };
  };

  /** Alice comes back, and loses the network at the third part of her catch-up. */
  const interruptCatchUp = async ({ device, tab }: Pick<Awaited<ReturnType<typeof away>>, 'device' | 'tab'>): Promise<void> => {
    let came = 0;
    device.network.arrives = (_, frame) => {
      if (frame.type === 'changes' && ++came === 3) goOffline(device);
    };
    goOnline(device);
    await tab.until({ of: 'unread', conversationId: 'direct:peer-0' }, (count) => count === 2);
    await tab.until({ of: 'connection' }, ({ state }) => state === 'offline');
  };

  it('a long catch-up changes the total once, and each conversation when its row comes (F113)', async () => {
    const { world, device, tab } = await away();
    const seen: string[] = [];
    tab.watch({ of: 'total-unread' }).subscribe((total) => seen.push(`total ${total}`));
    tab.watch({ of: 'unread', conversationId: 'direct:peer-0' }).subscribe((count) => seen.push(`first ${count}`));
    let frames = 0;
    device.network.arrives = (_, frame) => {
      if (frame.type === 'changes') frames++;
    };
    goOnline(device);
    await tab.until({ of: 'total-unread' }, (total) => total === 600);
    await world.pass(2000);
    expect(frames).toBeGreaterThan(3);
    expect(seen).toEqual(['total 300', 'first 1', 'first 2', 'total 600']);
  });

  it('during an interrupted catch-up the total stays as before, minus the clears of the user, also after a restart (F113)', async () => {
    const { world, device, tab } = await away();
    await interruptCatchUp({ device, tab });
    expect(await tab.now({ of: 'total-unread' })).toBe(300);
    await tab.do('clearConversationUnreadCount', 'direct:peer-0');
    await tab.do('setMuted', 'direct:peer-299', true);
    expect(await tab.now({ of: 'total-unread' })).toBe(298);
    await tab.close();
    const again = await openTab(world, device);
    expect(await again.now({ of: 'total-unread' })).toBe(298);
    const totals: number[] = [];
    again.watch({ of: 'total-unread' }).subscribe((total) => totals.push(total));
    goOnline(device);
    await again.until({ of: 'total-unread' }, (total) => total !== 298);
    await world.pass(2000);
    expect(totals).toEqual([298, 596]);
  });

  it('a long catch-up writes the first paint with its last part only, and a call of the user in between at once', async () => {
    const { world, device, tab } = await away();
    const painted = (): FirstPaint => device.disk.get('meta', PAINT_KEY) as FirstPaint;
    const before = painted();
    await interruptCatchUp({ device, tab });
    expect(painted()).toEqual(before);
    await tab.do('clearConversationUnreadCount', 'direct:peer-0');
    expect(pickTotal(painted().totals)).toBe(299);
    goOnline(device);
    await tab.until({ of: 'total-unread' }, (total) => total === 598);
    expect(pickTotal(painted().totals)).toBe(598);
    expect(painted().conversations).toEqual(await tab.now({ of: 'conversations', limit: 50 }));
    await world.pass(2000);
  });
});
