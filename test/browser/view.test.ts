/** Open conversations in a page with the focus: the divider "new messages", and a private view. */
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FirstUnread, ReceiptClient } from '../../src/index.ts';
import { Backend, until } from './backend.ts';

interface Submitted {
  readonly entries: readonly { readonly position?: number; readonly read?: object; readonly named?: object; readonly namedIds?: object }[];
}

describe('an open conversation', () => {
  let backend: Backend;
  let alice: ReceiptClient;
  let bob: ReceiptClient;
  beforeEach(async () => {
    backend = await Backend.start(['alice', 'bob']);
    [alice, bob] = await Promise.all([backend.live('alice'), backend.live('bob')]);
    window.focus();
    await expect.poll(() => document.hasFocus()).toBe(true);
  });
  afterEach(() => backend.stop());

  const say = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) ids.push((await alice.sendMessage('direct:bob', n)).id);
    return ids;
  };
  const unread = (count: number): Promise<number> => until(bob.watchUnreadCount('direct:alice'), (is) => is === count);
  const record = (view: { readonly firstUnread: { subscribe(next: (value: FirstUnread | null) => void): unknown } }) => {
    const seen: (FirstUnread | null)[] = [];
    view.firstUnread.subscribe((value) => seen.push(value));
    return seen;
  };

  it('the first unread message stays in place while the view reads, and replays', async () => {
    const ids = await say(3);
    await unread(3);
    const view = bob.viewConversation('direct:alice');
    const seen = record(view);
    await unread(0);
    await say(1);
    await until(bob.watchMessages('direct:alice'), (list) => list.length === 4);
    await alice.recallMessage(ids[0]!);
    await until(bob.watchMessages('direct:alice'), ([first]) => first?.recalled === true);
    const place = { seq: 1, messageId: ids[0], count: 3 };
    expect(seen).toEqual([place]);
    expect(await firstValueFrom(view.firstUnread)).toEqual(place);
    // A new view is a new moment.
    const again = bob.viewConversation('direct:alice');
    expect(await firstValueFrom(again.firstUnread)).toBeNull();
    let completed = false;
    view.firstUnread.subscribe({ complete: () => (completed = true) });
    view.close();
    expect(completed).toBe(true);
    again.close();
  });

  it('offline and after a restart a view has its first unread message, and a device without the message learns its id later', async () => {
    const ids = await say(60);
    await unread(60);
    const laptop = backend.client('bob', { url: backend.url.replace('127.0.0.1', 'localhost') });
    const view = laptop.viewConversation('direct:alice');
    const seen = record(view);
    await until(view.firstUnread, (first) => first?.messageId === ids[0]);
    // A device with the stored message names the message at once.
    expect(seen.map((first) => first?.seq)).toEqual(seen.length === 1 ? [1] : [1, 1]);
    view.close();
    await unread(0);
    await say(2);
    await unread(2);
    await backend.cut();
    await bob.close();
    bob = backend.client('bob');
    const offline = bob.viewConversation('direct:alice');
    expect(await firstValueFrom(offline.firstUnread)).toMatchObject({ seq: 61, count: 2 });
    await unread(0);
    offline.close();
  });

  it('a view with receipts: false moves the position and tells the sender nothing, now or after a blur and a restart', async () => {
    const ids = await say(3);
    await unread(3);
    const view = bob.viewConversation('direct:alice', { receipts: false });
    await unread(0);
    await say(2);
    await until(bob.watchConversation('direct:alice'), (chat) => chat?.readUpTo === 5);
    view.seen(ids[0]!);
    window.dispatchEvent(new Event('blur'));
    window.dispatchEvent(new Event('focus'));
    await bob.flush();
    view.close();
    await bob.close();
    bob = await backend.live('bob');
    await bob.flush();
    const entries = (await backend.sent<Submitted>('submit')).flatMap((frame) => frame.entries);
    expect(entries.some(({ position }) => position === 5)).toBe(true);
    expect(entries.filter(({ read, named, namedIds }) => read ?? named ?? namedIds)).toEqual([]);
    const statuses = await until(alice.watchMessages('direct:bob'), (list) => list.length === 5);
    expect(statuses.map(({ status }) => status)).not.toContain('read');
    // A later view without the option is a statement of its own.
    const open = bob.viewConversation('direct:alice');
    await until(alice.watchMessages('direct:bob'), (list) => list.every(({ status }) => status === 'read'));
    open.close();
  });

  it('a group is viewed in private too: its messages with a receipt request get none', async () => {
    const ask = { requestReceipt: true };
    await alice.sendMessage('group:crew', 'one', ask);
    await until(bob.watchUnreadCount('group:crew'), (count) => count === 1);
    const view = bob.viewConversation('group:crew', { receipts: false });
    await until(bob.watchUnreadCount('group:crew'), (count) => count === 0);
    await alice.sendMessage('group:crew', 'two', ask);
    await until(bob.watchConversation('group:crew'), (chat) => chat?.readUpTo === 2);
    await bob.flush();
    const entries = (await backend.sent<Submitted>('submit')).flatMap((frame) => frame.entries);
    expect(entries.filter(({ named, namedIds }) => named ?? namedIds)).toEqual([]);
    view.close();
  });

  it('unread from here: the count, the place of the next view, and the end of both with the next read', async () => {
    const ids = await say(4);
    await unread(4);
    const view = bob.viewConversation('direct:alice');
    await unread(0);
    view.close();
    await bob.setMarkedUnread('direct:alice', true, { from: ids[1]! });
    expect(await firstValueFrom(bob.watchConversation('direct:alice'))).toMatchObject({ unreadCount: 3, markedUnread: true, readUpTo: 4 });
    await expect(bob.setMarkedUnread('direct:alice', false, { from: ids[1]! })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await expect(bob.setMarkedUnread('direct:alice', true, { from: 'elsewhere' })).rejects.toMatchObject({ code: 'usage/unknown-message' });
    const again = bob.viewConversation('direct:alice');
    expect(await firstValueFrom(again.firstUnread)).toEqual({ seq: 2, messageId: ids[1], count: 3 });
    await unread(0);
    again.close();
    await expect(bob.clearAllUnreadCounts({ type: 'channel' as never })).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await alice.sendMessage('group:crew', 'hello');
    await say(1);
    await until(bob.watchTotalUnreadCount(), (total) => total === 2);
    await bob.clearAllUnreadCounts({ type: 'group' });
    expect(await firstValueFrom(bob.watchUnreadCount('group:crew'))).toBe(0);
    await unread(1);
  });
});
