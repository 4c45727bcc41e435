/** Tabs that are frozen, cached, crashed and closed: another tab takes over, and a returning tab shows the right counts at once. */
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { setFrozen } from '../support/real-browser.ts';
import { stretched } from '../support/machine.ts';
import { freezeBehind, leads, leadsSince, nowMs, pendingOf, shownSince, totalOf, untilLive } from './tab.ts';
import { type Device, delivered, eventually, sendMany, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

/** Two tabs: the leader tab is hidden behind the follower tab. */
const twoTabs = async (phone: Device): Promise<{ leader: Page; follower: Page }> => {
  const leader = await phone.start();
  await untilLive(leader);
  const follower = await phone.tab();
  await untilLive(follower);
  await follower.bringToFront();
  expect([await leads(leader), await leads(follower)]).toEqual([true, false]);
  return { leader, follower };
};

it('a frozen leader tab is replaced within 5 s, also for a waiting flush, and changes nothing after its thaw (F29, F30)', async () => {
  const phone = await world.device('fran', { isReal: true });
  const friend = await world.person('fran-friend');
  await sendMany(friend, 'fran', 3);
  const { leader, follower } = await twoTabs(phone);
  await delivered(friend, phone, 3);

  await eventually('a hidden leader', () => leader.evaluate(() => document.visibilityState === 'hidden'));
  // The leader freezes in the middle of its work.
  const flood = sendMany(friend, 'fran', 300);
  const frozenAt = await freezeBehind(leader, follower);
  const flushed = follower.evaluate(async () => {
    const began = performance.now();
    await window.app.client.sendConversationReadReceipt('direct:fran-friend');
    const result = await window.app.client.flush();
    return { result, ms: performance.now() - began };
  });
  const replacedMs = (await leadsSince(follower, frozenAt)) - frozenAt;
  const { result, ms } = await flushed;
  console.log(`a frozen leader was replaced after ${replacedMs.toFixed(0)} ms, a flush ended after ${ms.toFixed(0)} ms`);
  expect(replacedMs).toBeLessThan(await stretched(5000));
  expect(result).toMatchObject({ pending: 0, rejected: 0 });
  expect(ms).toBeLessThan(await stretched(6000));
  await flood;
  await follower.evaluate(() => window.app.client.clearAllUnreadCounts());
  await sendMany(friend, 'fran', 2);
  await eventually('the messages that came in between', async () => (await totalOf(follower)) === 2);

  const thawedAt = nowMs();
  await setFrozen(leader, false);
  const rightMs = (await shownSince(leader, thawedAt, 2)) - thawedAt;
  console.log(`thawed, it was right after ${rightMs.toFixed(0)} ms`);
  expect(rightMs).toBeLessThan(await stretched(1000));
  await eventually('the thawed tab to follow', async () => !(await leads(leader)));
  expect(await leads(follower)).toBe(true);
  const { row, held } = {
    row: friend.rows.get('direct:fran')!,
    held: await follower.evaluate(() => window.app.client.explainUnread('direct:fran-friend')),
  };
  expect(row.latestSeq).toBe(305);
  expect(held).toMatchObject({ unreadCount: 2 });
  expect(phone.troubles).toEqual([]);
});

it('a single frozen tab shows the right count within 2 s after the thaw, on a single new connection (F29, F54)', async () => {
  const phone = await world.device('fred', { isReal: true });
  const friend = await world.person('fred-friend');
  const tab = await phone.start();
  await untilLive(tab);
  await phone.page.context().newPage();
  await eventually('a hidden tab', () => tab.evaluate(() => document.visibilityState === 'hidden'));
  await setFrozen(tab, true);
  await sendMany(friend, 'fred', 4);
  const before = phone.proxy.frames.length;
  const thawedAt = nowMs();
  await setFrozen(tab, false);
  const rightMs = (await shownSince(tab, thawedAt, 4)) - thawedAt;
  console.log(`frozen alone: right ${rightMs.toFixed(0)} ms after the thaw`);
  expect(rightMs).toBeLessThan(await stretched(2000));
  await delivered(friend, phone, 4);
  expect(phone.proxy.sent('hello', before)).toHaveLength(1);
  expect(phone.proxy.sent('pull', before)).toHaveLength(1);
});

it('a page passes the lead on when the back/forward cache takes the page, and shows the right count on return (F23, F34)', async () => {
  const phone = await world.device('bea', { isReal: true });
  const friend = await world.person('bea-friend');
  const { leader, follower } = await twoTabs(phone);
  await leader.evaluate(() => {
    window.addEventListener('pageshow', ({ persisted }) =>
      Object.assign(window, { shown: { persisted, at: performance.timeOrigin + performance.now() } }),
    );
  });
  const leftAt = nowMs();
  await leader.goto('about:blank');
  // The lead passes at once if the worker gets the event before the freeze. Otherwise the tab is replaced like
  // any frozen one.
  const passedMs = (await leadsSince(follower, leftAt)) - leftAt;
  expect(passedMs).toBeLessThan(await stretched(5000));
  await sendMany(friend, 'bea', 3);
  await eventually('the messages that came in between', async () => (await totalOf(follower)) === 3);
  await follower.evaluate(() => window.app.client.clearConversationUnreadCount('direct:bea-friend'));
  await sendMany(friend, 'bea', 1);
  await eventually('one more message', async () => (await totalOf(follower)) === 1);

  const backAt = nowMs();
  await leader.goBack({ waitUntil: 'commit' });
  const rightAt = await shownSince(leader, backAt, 1);
  const shown = await leader.evaluate(() => (window as unknown as { shown?: { persisted: boolean; at: number } }).shown);
  expect(shown?.persisted).toBe(true);
  const rightMs = rightAt - shown!.at;
  console.log(`cached: the lead passed on after ${passedMs.toFixed(0)} ms, right ${rightMs.toFixed(0)} ms after coming back`);
  expect(rightMs).toBeLessThan(await stretched(1000));
  expect(await leads(leader)).toBe(false);
  await untilLive(leader);
});

it('a crashed leader tab is replaced within 1 s, its pending entries are sent, and the reopened tab shows the right count (F35)', async () => {
  const phone = await world.device('cora', { isReal: true });
  const friend = await world.person('cora-friend');
  await sendMany(friend, 'cora', 5);
  const { leader, follower } = await twoTabs(phone);
  await delivered(friend, phone, 5);
  phone.proxy.cut();
  await leader.evaluate(async () => {
    await window.app.client.sendMessage('direct:cora-friend', 'before the crash');
    await window.app.client.sendConversationReadReceipt('direct:cora-friend');
  });
  const session = await leader.context().newCDPSession(leader);
  const crashedAt = nowMs();
  // The crashed page answers no more calls.
  session.send('Page.crash').catch(() => undefined);
  const replacedMs = (await leadsSince(follower, crashedAt)) - crashedAt;
  console.log(`a crashed leader was replaced after ${replacedMs.toFixed(0)} ms`);
  expect(replacedMs).toBeLessThan(await stretched(1000));
  expect(await pendingOf(follower)).toBe(2);
  phone.proxy.heal();
  await eventually('an empty outbox', async () => (await pendingOf(follower)) === 0);
  await eventually('the message to arrive', () => friend.rows.get('direct:cora')?.latestSeq === 6);
  expect(friend.rows.get('direct:cora')?.theirs.read).toEqual([[1, 5]]);

  const again = await phone.tab();
  await eventually('a total', async () => (await totalOf(again)) === 0);
  const closedAt = nowMs();
  await follower.close();
  const passedMs = (await leadsSince(again, closedAt)) - closedAt;
  console.log(`a closed leader was replaced after ${passedMs.toFixed(0)} ms`);
  expect(passedMs).toBeLessThan(await stretched(1000));
});

it('a leader tab discarded by the browser is replaced within 1 s, and its pending entries are sent (F35)', async () => {
  const phone = await world.device('dora');
  const discard = await phone.withDiscarding();
  const friend = await world.person('dora-friend');
  await sendMany(friend, 'dora', 3);
  const leader = await phone.start([], { tab: 'first' });
  await untilLive(leader);
  const follower = await phone.tab();
  await untilLive(follower);
  await follower.bringToFront();
  await delivered(friend, phone, 3);
  expect([await leads(leader), await leads(follower)]).toEqual([true, false]);
  phone.proxy.cut();
  await leader.evaluate(async () => {
    await window.app.client.sendMessage('direct:dora-friend', 'before it was discarded');
    await window.app.client.sendConversationReadReceipt('direct:dora-friend');
  });
  const discardedAt = nowMs();
  await discard(leader);
  const replacedMs = (await leadsSince(follower, discardedAt)) - discardedAt;
  console.log(`a discarded leader was replaced after ${replacedMs.toFixed(0)} ms`);
  expect(replacedMs).toBeLessThan(await stretched(1000));
  await eventually('its page to close', () => leader.isClosed());
  phone.proxy.heal();
  await eventually('the message to arrive', () => friend.rows.get('direct:dora')?.latestSeq === 4);
  expect(friend.rows.get('direct:dora')?.theirs.read).toEqual([[1, 3]]);
  expect(await totalOf(follower)).toBe(0);
});
