import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Conversation, ReceiptClient } from '../../src/index.ts';
import { Backend, until } from './backend.ts';

const idsOf = (list: readonly Conversation[]): string[] => list.map(({ id }) => id);

describe('archived conversations in a real browser, with a server', () => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await Backend.start(['alice', 'bob', 'carol']);
  });
  afterEach(() => backend.stop());

  const total = (client: ReceiptClient, options = {}): Promise<number> => firstValueFrom(client.watchTotalUnreadCount(options));

  it('a conversation archived offline leaves list, totals and first paint, is listed on request, and comes back with a message', async () => {
    const [bob, carol, first, other] = await Promise.all(['bob', 'carol', 'alice', 'alice'].map((user) => backend.live(user)));
    await carol!.sendMessage('direct:alice', 'from carol');
    await until(first!.watchConversations(), (list) => list.length === 1);
    await bob!.sendMessage('direct:alice', 'from bob');
    for (const tab of [first!, other!]) await until(tab.watchConversations(), (list) => list.length === 2);
    expect(idsOf(await firstValueFrom(first!.watchConversations({ before: 'direct:bob' })))).toEqual(['direct:carol']);

    await backend.cut();
    await first!.setArchived('direct:bob', true);
    await until(other!.watchConversations(), (list) => list.length === 1);
    for (const tab of [first!, other!]) {
      expect(idsOf(await firstValueFrom(tab.watchConversations()))).toEqual(['direct:carol']);
      expect(await firstValueFrom(tab.watchConversations({ archived: true }))).toMatchObject([
        { id: 'direct:bob', archived: true, left: false, unreadCount: 1 },
      ]);
      expect([await total(tab), await total(tab, { of: 'conversations' }), await total(tab, { archived: true })]).toEqual([1, 1, 1]);
      expect(await total(tab, { of: 'conversations', type: 'group' })).toBe(0);
    }
    await other!.close();
    await first!.close();
    // A worker that does not start: only the first paint is shown.
    const painted = backend.client('alice', { worker: () => new Worker(URL.createObjectURL(new Blob(['']))) });
    expect(idsOf(await firstValueFrom(painted.watchConversations({ unreadOnly: true })))).toEqual(['direct:carol']);
    expect([await total(painted), await total(painted, { archived: true })]).toEqual([1, 1]);
    backend.forget(painted);
    void painted.close();

    await backend.heal();
    const again = await backend.live('alice');
    await until(again.watchOutbox(), ({ pending }) => pending === 0);
    expect(idsOf(await firstValueFrom(again.watchConversations({ archived: true })))).toEqual(['direct:bob']);
    await bob!.sendMessage('direct:alice', 'again');
    const list = await until(again.watchConversations({ unreadOnly: true }), (all) => all.length === 2);
    expect(list[0]).toMatchObject({ id: 'direct:bob', archived: false, unreadCount: 2 });
    expect([await total(again), await total(again, { archived: true })]).toEqual([3, 0]);
    await again.close();
  });

  it('options of lists and totals with wrong values are refused by name', () => {
    const alice = backend.client('alice');
    const refusal = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage/invalid-argument' });
        return (error as Error).message;
      }
      return 'not refused';
    };
    expect(refusal(() => alice.watchConversations({ limit: 0 }))).toContain('limit must be a whole number');
    expect(refusal(() => alice.watchConversations({ type: 'chat' as 'group' }))).toContain(
      "type must be 'direct' or 'group'; got \"chat\"",
    );
    expect(refusal(() => alice.watchConversations({ unreadOnly: 1 as never }))).toContain('unreadOnly must be true or false; got 1');
    expect(refusal(() => alice.watchConversations({ archived: null as never }))).toContain('archived must be true or false; got null');
    expect(refusal(() => alice.watchConversations({ before: 'bob' as never }))).toContain('direct:');
    expect(refusal(() => alice.watchConversations({ unreadonly: true } as object))).toContain('did you mean "unreadOnly"?');
    expect(refusal(() => alice.watchTotalUnreadCount({ of: 'chats' as never }))).toContain("'conversations'");
    expect(refusal(() => alice.watchTotalUnreadCount({ archived: 'yes' as never }))).toContain('archived must be true or false; got "yes"');
  });
});
