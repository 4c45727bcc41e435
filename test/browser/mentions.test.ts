import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Backend, until } from './backend.ts';

const CREW = 'group:crew';

describe('mentions in a real browser, with a server', () => {
  let backend: Backend;
  let shown: number[];
  const own = (['setAppBadge', 'clearAppBadge'] as const).map((name) => [name, Object.getOwnPropertyDescriptor(navigator, name)] as const);

  beforeEach(async () => {
    backend = await Backend.start(['alice', 'bob', 'carol']);
    shown = [];
    Object.defineProperty(navigator, 'setAppBadge', { configurable: true, value: async (count: number) => void shown.push(count) });
    Object.defineProperty(navigator, 'clearAppBadge', { configurable: true, value: async () => void shown.push(0) });
  });
  afterEach(async () => {
    await backend.stop();
    for (const [name, descriptor] of own) {
      Reflect.deleteProperty(navigator, name);
      if (descriptor) Object.defineProperty(navigator, name, descriptor);
    }
  });

  it('a muted group counts its mentions, on the badge too, and the next page paints them first, without a network', async () => {
    const withBadge = { appBadge: { counts: 'mentions' } } as const;
    const [bob, first] = await Promise.all([backend.live('bob'), backend.live('alice', withBadge)]);
    await first.setMuted(CREW, true);
    await bob.sendMessage(CREW, 'to all', { mentions: 'all' });
    await bob.sendMessage(CREW, 'to carol', { mentions: ['carol'] });
    const { id } = await bob.sendMessage(CREW, 'to two', { mentions: ['carol', 'alice', 'carol'] });
    await until(first.watchUnreadCount(CREW), (count) => count === 3);
    expect(await firstValueFrom(first.watchMentionCount(CREW))).toBe(2);
    expect(await firstValueFrom(first.watchTotalUnreadCount())).toBe(0);
    expect(await firstValueFrom(first.watchTotalUnreadCount({ of: 'mentions' }))).toBe(2);
    expect(await firstValueFrom(first.watchTotalUnreadCount({ of: 'mentions', type: 'direct' }))).toBe(0);
    await until(first.watchMessages(CREW), (list) => list.length === 3);
    const list = await firstValueFrom(first.watchMessages(CREW));
    expect(list.map(({ mentionsMe }) => mentionsMe)).toEqual([true, false, true]);
    await expect.poll(() => shown.at(-1)).toBe(2);

    await backend.cut();
    await first.close();
    // A worker that does not start: the page shows the first paint only.
    const silent = { worker: () => new Worker(URL.createObjectURL(new Blob(['']))) };
    const painted = backend.client('alice', { ...withBadge, ...silent });
    expect(await firstValueFrom(painted.watchTotalUnreadCount({ of: 'mentions' }))).toBe(2);
    expect(await firstValueFrom(painted.watchMentionCount(CREW))).toBe(2);
    backend.forget(painted);
    void painted.close();

    const again = backend.client('alice', withBadge);
    await again.clearConversationUnreadCount(CREW);
    expect(await firstValueFrom(again.watchMentionCount(CREW))).toBe(0);
    await expect.poll(() => shown.at(-1)).toBe(0);
    await backend.heal();
    await until(again.watchOutbox(), ({ pending }) => pending === 0);
    await bob.recallMessage(id);
    await bob.sendMessage(CREW, 'to all again', { mentions: 'all' });
    await expect.poll(() => shown.at(-1), { timeout: 15_000 }).toBe(1);
    await again.close();
  });

  it('mentions are refused by name if too many or no list of ids', async () => {
    const bob = backend.client('bob');
    const refusal = async (mentions: unknown): Promise<string> => {
      const error: unknown = await bob.sendMessage(CREW, 1, { mentions: mentions as 'all' }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'usage/invalid-argument' });
      return (error as Error).message;
    };
    expect(await refusal('alice')).toBe('mentions must be \'all\' or a list of at most 100 user ids; got "alice"');
    expect(await refusal(Array.from({ length: 101 }, (_, i) => `u${i}`))).toContain('at most 100 user ids; got 101 of them');
    expect(await refusal(['alice', '\ufeffbob'])).toContain('mentions[1] must be 1 to 128 bytes');
    expect(await bob.sendMessage(CREW, 1, { mentions: [] })).toMatchObject({ status: 'pending', mentionsMe: false });
  });
});
