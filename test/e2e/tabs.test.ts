/** Several tabs of an account at once: all write, a single tab sends, all show the same. */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ConversationId } from '../../src/model/ids.ts';
import { stretched } from '../support/machine.ts';
import { leads, leadsSince, nowMs, pendingOf, shownSince, totalOf, untilLive } from './tab.ts';
import { delivered, eventually, sendMany, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

const untilRight = (tab: Page, total: number): Promise<void> =>
  eventually(`a total of ${total}`, async () => (await totalOf(tab)) === total);

it('six tabs with simultaneous writes end with the union of their receipts and the maximum of their positions, each in effect once (F22)', async () => {
  const PER_FRIEND = 60;
  const phone = await world.device('six');
  const friends = await Promise.all(['six-a', 'six-b', 'six-c'].map((name) => world.person(name)));
  const chats = friends.map(({ userId }): ConversationId => `direct:${userId}`);
  const ids = await Promise.all(friends.map((friend) => sendMany(friend, 'six', PER_FRIEND)));
  const tabs = [await phone.start(), ...(await Promise.all(Array.from({ length: 5 }, () => phone.tab())))];
  await Promise.all(tabs.map((tab) => untilRight(tab, 3 * PER_FRIEND)));

  // Each tab confirms every sixth message and a message of its neighbour's, and sets positions of its own, all at the
  // same moment.
  const startAt = nowMs() + 500;
  await Promise.all(
    tabs.map((tab, n) =>
      tab.evaluate(
        async ([own, of, messages, at]) => {
          await new Promise((resolve) => setTimeout(resolve, at - performance.timeOrigin - performance.now()));
          const { client } = window.app;
          for (let i = 0; i < 10; i++)
            await Promise.all(
              of.flatMap((chat, c) => {
                const place = i * 6 + own;
                const named = [messages[c]![place]!, messages[c]![(place + 1) % messages[c]!.length]!];
                return [
                  client.sendReadReceipts(chat, named),
                  client.clearConversationUnreadCount(chat, { upTo: messages[c]![Math.max(0, place - 6)]! }),
                  client.sendMessage(chat, `${own}/${i}`),
                ];
              }),
            );
          await client.flush();
        },
        [n, chats, ids, startAt] as const,
      ),
    ),
  );
  await eventually('an empty outbox', async () => (await pendingOf(tabs[0]!)) === 0);

  // The highest cleared seq: messages above it still count, the same in every tab.
  const upTo = 9 * 6 + 5 - 6 + 1;
  for (const tab of tabs) await untilRight(tab, 3 * (PER_FRIEND - upTo));
  for (const friend of friends) {
    await eventually('all entries to arrive', () => (friend.rows.get('direct:six')?.latestSeq ?? 0) === PER_FRIEND + 60);
    const { theirs } = friend.rows.get('direct:six')!;
    expect(theirs.named).toEqual([[1, PER_FRIEND]]);
    // A clear sends nothing to the senders.
    expect(theirs.read).toEqual([]);
    const said = [...friend.messages.get('direct:six')!.values()].filter(({ senderId }) => senderId === 'six').map(({ body }) => body);
    expect(new Set(said).size).toBe(60);
    expect(said).toHaveLength(60);
  }
  const positions = await tabs[0]!.evaluate((of) => Promise.all(of.map((chat) => window.app.client.explainUnread(chat))), chats);
  expect(positions.map(({ readUpTo }) => readUpTo)).toEqual([upTo, upTo, upTo]);
  // The leader tab alone sent, for all tabs.
  expect((await Promise.all(tabs.map(leads))).filter(Boolean)).toHaveLength(1);
  expect(phone.proxy.sent('hello')).toHaveLength(1);
  expect(phone.troubles).toEqual([]);
});

it('a follower tab queries and flushes, and shows the clear of another tab within 1 s (F23)', async () => {
  const phone = await world.device('fay');
  const friend = await world.person('fay-friend');
  const [first] = await sendMany(friend, 'fay', 7);
  const leader = await phone.start();
  await untilLive(leader);
  const follower = await phone.tab();
  await untilLive(follower);
  await delivered(friend, phone, 7);
  await untilRight(follower, 7);
  expect([await leads(leader), await leads(follower)]).toEqual([true, false]);

  const receipts = await follower.evaluate(async () => {
    const { id } = await window.app.client.sendMessage('direct:fay-friend', 'from the follower');
    const flushed = await window.app.client.flush();
    return { flushed, receipts: await window.app.client.fetchReceipts([id]) };
  });
  expect(receipts).toMatchObject({ flushed: { pending: 0, rejected: 0 }, receipts: [{ state: 'processing' }] });
  expect(await follower.evaluate((id) => window.app.client.sendReadReceipts('direct:fay-friend', [id]), first!)).toMatchObject({
    queued: [first],
  });

  for (const [one, other] of [
    [leader, follower],
    [follower, leader],
  ] as const) {
    const [askedAt, clearedAt] = await one.evaluate(async () => {
      const now = (): number => performance.timeOrigin + performance.now();
      const asked = now();
      await window.app.client.clearConversationUnreadCount('direct:fay-friend');
      return [asked, now()] as const;
    });
    const ms = (await shownSince(other, askedAt, 0)) - clearedAt;
    console.log(`the other tab showed the clear after ${ms.toFixed(0)} ms`);
    expect(ms).toBeLessThan(await stretched(1000));
    await sendMany(friend, 'fay', 1);
    await Promise.all([untilRight(one, 1), untilRight(other, 1)]);
  }
});

it('in an insecure context without Web Locks a single tab sends, the other tab replaces the sender, and every entry takes effect once (F33)', async () => {
  const phone = await world.device('ines', { isReal: true, isSecure: false });
  const friend = await world.person('ines-friend');
  await sendMany(friend, 'ines', 3);
  const tabs = [await phone.start(), await phone.tab()];
  expect(await tabs[0]!.evaluate(() => [isSecureContext, 'locks' in navigator])).toEqual([false, false]);
  await Promise.all(tabs.map((tab) => untilRight(tab, 3)));
  const leading = (): Promise<boolean[]> => Promise.all(tabs.map(leads));
  await eventually('one leader', async () => (await leading()).filter(Boolean).length === 1);
  await Promise.all(tabs.map(untilLive));
  const [one, other] = (await leads(tabs[0]!)) ? ([tabs[0]!, tabs[1]!] as const) : ([tabs[1]!, tabs[0]!] as const);
  const say = (tab: Page, name: string): Promise<unknown> =>
    tab.evaluate(async (of) => {
      await Promise.all(Array.from({ length: 20 }, (_, n) => window.app.client.sendMessage('direct:ines-friend', `${of} ${n}`)));
      await window.app.client.sendConversationReadReceipt('direct:ines-friend');
      return window.app.client.flush();
    }, name);
  await Promise.all([say(one, 'one'), say(other, 'other')]);
  await eventually('all entries to arrive', () => friend.rows.get('direct:ines')?.latestSeq === 43);

  const closedAt = nowMs();
  await one.close();
  const passedMs = (await leadsSince(other, closedAt)) - closedAt;
  console.log(`without locks, a closed leader was replaced after ${passedMs.toFixed(0)} ms`);
  expect(passedMs).toBeLessThan(await stretched(5000));
  await say(other, 'alone');
  await eventually('the other messages', () => friend.rows.get('direct:ines')?.latestSeq === 63);
  const said = [...friend.messages.get('direct:ines')!.values()].filter(({ senderId }) => senderId === 'ines').map(({ body }) => body);
  expect(new Set(said).size).toBe(60);
  expect(said).toHaveLength(60);
  expect(friend.rows.get('direct:ines')?.theirs.read).toEqual([[1, 3]]);
  // Each tab accepted the lead of the leader tab.
  expect(phone.proxy.sent('hello').length).toBeLessThanOrEqual(3);
  expect(phone.troubles).toEqual([]);
});

it('a log-out while another tab flushes stops the sending: no frame leaves after the log-out has resolved (F44)', async () => {
  const phone = await world.device('lola');
  const friend = await world.person('lola-friend');
  const leader = await phone.start();
  await untilLive(leader);
  const other = await phone.tab();
  await untilLive(other);
  await leader.evaluate(() => {
    for (let n = 0; n < 1500; n++) window.app.client.sendMessage('direct:lola-friend', `${n} `.repeat(500)).catch(() => undefined);
    window.app.client.flush().catch(() => undefined);
  });
  await eventually('frames to be sent', () => phone.proxy.sent('submit').length > 0);
  await other.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
  // Frames on the wire at that moment may still pass the proxy.
  await sleep(await stretched(50));
  const sent = phone.proxy.frames.filter(({ up }) => up).length;
  await sleep(700);
  expect(phone.proxy.frames.filter(({ up }) => up)).toHaveLength(sent);
  expect(friend.rows.get('direct:lola')?.latestSeq ?? 0).toBeLessThan(1500);
  expect(await leader.evaluate(() => window.app.client.flush().catch((error: unknown) => (error as { code: string }).code))).toBe(
    'usage/closed',
  );
});
