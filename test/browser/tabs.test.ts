import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptClient } from '../../src/index.ts';
import { OwnWorkers } from '../../src/client/worker-start/own-workers.ts';
import { Backend, stretched, until } from './backend.ts';
import { openFrame } from './frame.ts';
import type { TabWindow } from './tab.ts';

const isLeading = async (client: ReceiptClient): Promise<boolean> => (await firstValueFrom(client.watchConnection())).leader;

/** The time that `run` took, in ms. */
const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await run();
  return performance.now() - began;
};

const openTab = async (): Promise<{ readonly tab: TabWindow; remove(): void }> => {
  const { window: tab, remove } = await openFrame<TabWindow>('test/browser/tab.ts', 'createReceiptClient');
  return { tab, remove };
};

describe('tabs in a real browser', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.start();
  });
  afterEach(() => backend.stop());

  /** A leader tab and a follower tab. */
  const twoTabs = async (worker?: () => Worker): Promise<[ReceiptClient, ReceiptClient]> => {
    const first = await backend.live('alice', worker ? { worker } : {});
    await until(first.watchConnection(), ({ leader }) => leader);
    const second = await backend.live('alice');
    expect(await isLeading(second)).toBe(false);
    return [first, second];
  };

  it('a follower tab becomes the leader within a second after the leader tab closes', async () => {
    const [first, second] = await twoTabs();
    await first.close();
    expect(await timed(() => until(second.watchConnection(), ({ leader, state }) => leader && state === 'live'))).toBeLessThan(
      await stretched(1000),
    );
  });

  it('a follower tab becomes the leader within a second after the leader’s worker dies, and sends the entries written by the dead leader (F35)', async () => {
    let worker: Worker | undefined;
    const [first, second] = await twoTabs(() => (worker = new OwnWorkers().make()));
    await backend.cut();
    await until(second.watchConnection(), ({ state }) => state === 'offline');
    await first.sendMessage('direct:bob', 'last words');
    backend.forget(first);
    worker!.terminate();
    const led = timed(() => until(second.watchConnection(), ({ leader }) => leader));
    expect(await led).toBeLessThan(await stretched(1000));
    await backend.heal();
    await until(second.watchMessages('direct:bob'), ([message]) => message?.status === 'sent');
  });

  it('a follower tab becomes the leader within a second after the leader’s frame is removed', async () => {
    const { tab, remove } = await openTab();
    const inside = tab.createReceiptClient({ url: backend.url, userId: 'alice', getToken: () => 'token-of-alice' });
    // The streams of a frame end with the frame, so the test waits for the value while the frame exists.
    await new Promise<void>((live) => inside.watchConnection().subscribe(({ leader, state }) => leader && state === 'live' && live()));
    const outside = await backend.live('alice');
    expect(await isLeading(outside)).toBe(false);
    await inside.sendMessage('direct:bob', 'from the frame');
    remove();
    expect(await timed(() => until(outside.watchConnection(), ({ leader, state }) => leader && state === 'live'))).toBeLessThan(
      await stretched(1000),
    );
    await until(outside.watchMessages('direct:bob'), ([message]) => message?.status === 'sent');
  });

  it('a tab shows the clear of another tab within a second, and a follower tab can flush and query', async () => {
    const [first, second] = await twoTabs();
    const bob = await backend.live('bob');
    await bob.sendMessage('direct:alice', 'one');
    await until(second.watchUnreadCount('direct:bob'), (count) => count === 1);
    await second.clearConversationUnreadCount('direct:bob');
    expect(await timed(() => until(first.watchTotalUnreadCount(), (count) => count === 0))).toBeLessThan(await stretched(1000));
    expect(await second.flush()).toMatchObject({ pending: 0, rejected: 0 });
    await bob.sendMessage('direct:alice', 'two');
    await until(second.watchUnreadCount('direct:bob'), (count) => count === 1);
    await first.clearConversationUnreadCount('direct:bob');
    expect(await timed(() => until(second.watchTotalUnreadCount(), (count) => count === 0))).toBeLessThan(await stretched(1000));
    expect(await second.explainUnread('direct:bob')).toMatchObject({ unreadCount: 0 });
  });

  it('four tabs with simultaneous writes lose no write and repeat none (F22)', async () => {
    const bob = await backend.live('bob');
    const tabs = await Promise.all([1, 2, 3, 4].map(() => backend.live('alice')));
    for (let n = 1; n <= 8; n++) await bob.sendMessage('direct:alice', n);
    const list = await until(tabs[3]!.watchMessages('direct:bob'), (messages) => messages.filter(({ seq }) => seq !== null).length === 8);
    // Each tab confirms two messages, out of order, and writes one message.
    await Promise.all(
      tabs.flatMap((tab, i) => [
        tab.sendReadReceipts('direct:bob', [list[7 - i]!.id, list[i]!.id]),
        tab.sendMessage('direct:bob', `tab ${i}`),
      ]),
    );
    await until(bob.watchMessages('direct:alice'), (messages) => messages.filter(({ status }) => status === 'read').length === 8);
    await until(bob.watchTotalUnreadCount(), (count) => count === 4);
    const seen = await until(bob.watchMessages('direct:alice'), (messages) => messages.length === 12);
    expect(seen.flatMap(({ senderId, body }) => (senderId === 'alice' ? [body] : [])).sort()).toEqual(['tab 0', 'tab 1', 'tab 2', 'tab 3']);
    for (const tab of tabs) expect(await until(tab.watchOutbox(), ({ pending }) => pending === 0)).toMatchObject({ pending: 0 });
  });
});
