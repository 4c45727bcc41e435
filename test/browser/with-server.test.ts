import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message, ReceiptClient } from '../../src/index.ts';
import { Backend, until } from './backend.ts';

/** Records the values of a stream from now on, until `stop`. */
const record = <T>(stream$: { subscribe(next: (value: T) => void): { unsubscribe(): void } }): { seen: T[]; stop(): void } => {
  const seen: T[] = [];
  const subscription = stream$.subscribe((value) => seen.push(value));
  return { seen, stop: () => subscription.unsubscribe() };
};

const texts = (list: readonly Message[]): unknown[] => list.map(({ body }) => body);

describe('a client in a real browser, with a server', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.start(['alice', 'bob', 'carol']);
  });
  afterEach(() => backend.stop());

  const sendAll = async (from: ReceiptClient, to: string, count: number): Promise<void> => {
    for (let n = 1; n <= count; n++) await from.sendMessage(`direct:${to}`, `${n}`);
    await from.flush();
  };

  it('a client sends, receives and counts messages, and the sender learns of delivery and reading', async () => {
    const [alice, bob] = await Promise.all([backend.live('alice'), backend.live('bob')]);
    const { id } = await alice.sendMessage('direct:bob', { text: 'high water at six' });
    expect(await until(bob.watchMessages('direct:alice'), (list) => list.length > 0)).toMatchObject([
      { id, senderId: 'alice', body: { text: 'high water at six' }, seq: 1 },
    ]);
    expect(await until(bob.watchTotalUnreadCount(), (count) => count > 0)).toBe(1);
    const mine$ = alice.watchMessages('direct:bob');
    await until(mine$, ([message]) => message?.status === 'delivered');
    await bob.sendConversationReadReceipt('direct:alice');
    expect(await firstValueFrom(bob.watchTotalUnreadCount())).toBe(0);
    await until(mine$, ([message]) => message?.status === 'read');
  });

  it('clearing a count sends no receipt, and a message read receipt covers only its message', async () => {
    const [alice, bob] = await Promise.all([backend.live('alice'), backend.live('bob')]);
    await sendAll(alice, 'bob', 3);
    const list = await until(bob.watchMessages('direct:alice'), (messages) => messages.length === 3);
    await bob.clearConversationUnreadCount('direct:alice');
    expect(await firstValueFrom(bob.watchTotalUnreadCount())).toBe(0);
    await bob.sendReadReceipts('direct:alice', [list[1]!.id]);
    await bob.flush();
    const seen = await until(alice.watchMessages('direct:bob'), (messages) => messages.some(({ status }) => status === 'read'));
    expect(seen.map(({ status }) => status)).toEqual(['delivered', 'read', 'delivered']);
  });

  it('a switch of the account, made offline in one tab, holds in every tab, and messages read under the switch get no receipt', async () => {
    const [alice, one, other] = await Promise.all([backend.live('alice'), backend.live('bob'), backend.live('bob')]);
    await sendAll(alice, 'bob', 1);
    await until(other.watchMessages('direct:alice'), (messages) => messages.length === 1);
    await until(alice.watchMessages('direct:bob'), ([message]) => message?.status === 'delivered');
    await backend.cut();
    await one.setReceiptSettings({ readReceipts: false, scope: 'account' });
    await until(other.watchReceiptSettings(), ({ readReceipts }) => !readReceipts);
    await other.sendConversationReadReceipt('direct:alice');
    await backend.heal();
    await other.flush();
    await one.setReceiptSettings({ readReceipts: true, scope: 'account' });
    expect(await until(other.watchReceiptSettings(), ({ readReceipts }) => readReceipts)).toMatchObject({
      device: { readReceipts: true },
      account: { readReceipts: true },
    });
    await sendAll(alice, 'bob', 1);
    await until(other.watchMessages('direct:alice'), (messages) => messages.length === 2);
    await other.sendConversationReadReceipt('direct:alice');
    const seen = await until(alice.watchMessages('direct:bob'), (messages) => messages[1]?.status === 'read');
    expect(seen.map(({ status }) => status)).toEqual(['delivered', 'read']);
  });

  it('single messages are cleared offline in any order, no longer count in any tab, and the sender learns nothing', async () => {
    const [alice, one, other] = await Promise.all([backend.live('alice'), backend.live('bob'), backend.live('bob')]);
    await sendAll(alice, 'bob', 4);
    const list = await until(one.watchMessages('direct:alice'), (messages) => messages.length === 4);
    await until(other.watchTotalUnreadCount(), (count) => count === 4);
    await until(alice.watchMessages('direct:bob'), (messages) => messages.every(({ status }) => status === 'delivered'));
    await backend.cut();
    await one.clearConversationUnreadCount('direct:alice', { messageIds: [list[3]!.id, list[1]!.id] });
    expect(await firstValueFrom(one.watchConversation('direct:alice'))).toMatchObject({ unreadCount: 2, readUpTo: 0 });
    expect(await one.explainUnread('direct:alice')).toMatchObject({
      pending: [
        {
          cleared: [
            [2, 2],
            [4, 4],
          ],
        },
      ],
      counted: [
        [1, 1],
        [3, 3],
      ],
    });
    await backend.heal();
    await until(other.watchTotalUnreadCount(), (count) => count === 2);
    await other.clearConversationUnreadCount('direct:alice', { messageIds: [list[0]!.id] });
    await until(one.watchTotalUnreadCount(), (count) => count === 1);
    const mine = await firstValueFrom(alice.watchMessages('direct:bob'));
    expect(mine.map(({ status }) => status)).toEqual(Array(4).fill('delivered'));
  });

  it('a count cleared offline is shown first after a restart, and the receipt reaches the sender once (F91)', async () => {
    const alice = await backend.live('alice');
    let bob = await backend.live('bob');
    await sendAll(alice, 'bob', 20);
    await until(bob.watchTotalUnreadCount(), (count) => count === 20);
    await until(alice.watchMessages('direct:bob'), (list) => list.every(({ status }) => status === 'delivered'));
    await backend.cut();
    await until(bob.watchConnection(), ({ state }) => state === 'offline');
    await bob.sendConversationReadReceipt('direct:alice');
    await bob.close();

    bob = backend.client('bob');
    const total = record(bob.watchTotalUnreadCount());
    const [shown] = await firstValueFrom(bob.watchConversations().pipe(take(1), toArray()));
    expect(shown).toMatchObject([{ id: 'direct:alice', unreadCount: 0 }]);
    expect(await until(bob.watchOutbox(), ({ pending }) => pending > 0)).toMatchObject({ pending: 1 });
    const before = (await backend.sent('submit')).length;
    await backend.heal();
    await until(alice.watchMessages('direct:bob'), (list) => list.length === 20 && list.every(({ status }) => status === 'read'));
    await until(bob.watchOutbox(), ({ pending }) => pending === 0);
    const submits = (await backend.sent<{ entries: { position?: number }[] }>('submit')).slice(before);
    expect(submits.flatMap(({ entries }) => entries).filter(({ position }) => position !== undefined)).toHaveLength(1);
    expect(total.seen).toEqual([0]);
    total.stop();
  });

  it('messages written offline arrive once and in order, and messages from in between are counted', async () => {
    const [alice, bob] = await Promise.all([backend.live('alice'), backend.live('bob')]);
    await backend.cut();
    await Promise.all([alice, bob].map((client) => until(client.watchConnection(), ({ state }) => state === 'offline')));
    for (const text of ['one', 'two', 'three']) await alice.sendMessage('direct:bob', text);
    await bob.sendMessage('direct:alice', 'from bob');
    expect(await firstValueFrom(alice.watchOutbox())).toMatchObject({ pending: 3 });
    await backend.heal();
    const seen = await until(bob.watchMessages('direct:alice'), (list) => list.length === 4 && list.every(({ seq }) => seq !== null));
    expect(texts(seen).filter((text) => text !== 'from bob')).toEqual(['one', 'two', 'three']);
    expect(await until(bob.watchTotalUnreadCount(), (count) => count === 3)).toBe(3);
    expect(await until(alice.watchTotalUnreadCount(), (count) => count === 1)).toBe(1);
  });

  it('a paused account receives nothing until the app resumes the account, also after a restart', async () => {
    const alice = await backend.live('alice');
    let bob = await backend.live('bob');
    await bob.pause();
    await bob.close();
    await sendAll(alice, 'bob', 2);
    bob = backend.client('bob');
    await until(bob.watchConnection(), ({ paused }) => paused);
    expect(await firstValueFrom(bob.watchTotalUnreadCount())).toBe(0);
    await bob.resume();
    await until(bob.watchTotalUnreadCount(), (count) => count === 2);
  });

  it('the sender of a group message sees how many members have read it, and which', async () => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((userId) => backend.live(userId)));
    const { id } = await alice!.sendMessage('group:crew', 'all hands', { requestReceipt: true });
    await until(bob!.watchMessages('group:crew'), (list) => list.length === 1 && list[0]!.seq !== null);
    await bob!.sendReadReceipts('group:crew', [id], { content: 'aye' });
    expect(
      await until(alice!.watchReceipts(id), (receipts) => receipts !== null && 'readCount' in receipts && receipts.readCount === 1),
    ).toMatchObject({
      readCount: 1,
      unreadCount: 1,
    });
    expect(await alice!.fetchReadMembers(id, { filter: 'read' })).toMatchObject({ members: [{ userId: 'bob', content: 'aye' }] });
    expect(await alice!.fetchReadMembers(id, { filter: 'unread' })).toMatchObject({ members: [{ userId: 'carol' }] });
    expect(await until(carol!.watchTotalUnreadCount(), (count) => count === 1)).toBe(1);
  });

  it('log-out with `send` sends pending receipts, and the next client starts with the server’s state', async () => {
    const [alice, bob] = await Promise.all([backend.live('alice'), backend.live('bob')]);
    await sendAll(alice, 'bob', 2);
    await until(bob.watchTotalUnreadCount(), (count) => count === 2);
    await bob.sendConversationReadReceipt('direct:alice');
    await bob.logOut({ pending: 'send' });
    await until(alice.watchMessages('direct:bob'), (list) => list.every(({ status }) => status === 'read'));
    const again = await backend.live('bob');
    expect(await until(again.watchConversations(), (list) => list.length > 0)).toMatchObject([{ id: 'direct:alice', unreadCount: 0 }]);
  });

  it('the connection shows a failed getToken, and the client asks for a token again', async () => {
    let given = '';
    const bob = backend.client('bob', { getToken: () => given || Promise.reject(new Error('not yet')) });
    const { error } = await until(bob.watchConnection(), (status) => status.error !== null);
    expect(error).toMatchObject({ code: 'auth/unavailable' });
    given = 'token-of-bob';
    await until(bob.watchConnection(), ({ state }) => state === 'live');
  });
});
