/** The client of a test world is the client of an app: the same calls, answers and streams. */
import { describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/index.ts';
import { createTestWorld, type VirtualDevice } from '../../../src/testing/index.ts';

describe('a client in a test world', () => {
  const setUp = () => {
    const world = createTestWorld();
    const phone = world.device('ann');
    return { world, phone, ann: world.client(phone), ben: world.person('ben') };
  };

  it('counts what a person on the other side sends, and its view tells the sender', async () => {
    const { world, phone, ann, ben } = setUp();
    const { id } = await ben.send('direct:ann', { text: 'see you at six' });
    expect(await world.until(ann.watchTotalUnreadCount(), (count) => count > 0)).toBe(1);
    expect(await world.until(ann.watchMessages('direct:ben'))).toMatchObject([{ id, body: { text: 'see you at six' } }]);

    const tab = phone.tabs.at(-1)!;
    tab.show(false);
    const view = ann.viewConversation('direct:ben');
    await world.pass(5000);
    expect(await world.until(ann.watchUnreadCount('direct:ben'))).toBe(1);
    tab.show(true);
    expect(await world.until(ben.client.watchReceipts(id), (receipts) => receipts?.state === 'done')).toMatchObject({ messageId: id });
    view.close();
    expect(await world.until(ann.watchUnreadCount('direct:ben'))).toBe(0);
  });

  it('keeps a receipt through a tunnel and the death of its tab', async () => {
    const { world, phone, ann, ben } = setUp();
    const { id } = await ben.send('direct:ann', 'high water');
    await world.until(ann.watchUnreadCount('direct:ben'), (count) => count === 1);
    phone.network.offline();
    await world.until(ann.watchConnection(), ({ state }) => state === 'offline');
    await world.until(ann.sendConversationReadReceipt('direct:ben'));
    phone.tabs.at(-1)!.kill();
    phone.network.online();
    const again = world.client(phone);
    expect(await world.until(again.watchUnreadCount('direct:ben'))).toBe(0);
    expect(await world.until(ben.client.watchReceipts(id), (receipts) => receipts?.state === 'done')).toMatchObject({ messageId: id });
  });

  it('answers bad calls, a close and a log-out as in a browser', async () => {
    const { world, phone, ann, ben } = setUp();
    await ben.send('direct:ann', 'high water');
    await world.until(ann.watchUnreadCount('direct:ben'), (count) => count === 1);
    expect(() => ann.watchUnreadCount('ben' as 'direct:ben')).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
    expect(() => world.client(phone, { reciepts: false } as object)).toThrow(expect.objectContaining({ code: 'usage/invalid-option' }));
    await expect(world.until(ann.sendMessage('direct:ben', -0))).rejects.toMatchObject({ code: 'usage/invalid-argument' });

    const other = world.client(phone);
    const completed: string[] = [];
    other.watchTotalUnreadCount().subscribe({ complete: () => completed.push('other') });
    await world.pass(1000);
    phone.network.offline();
    const sent = ann.sendMessage('direct:ben', 'last words');
    await world.until(sent);
    const refused = world.until(ann.logOut({ pending: 'send', timeoutMs: 2000 }));
    await expect(refused).rejects.toMatchObject({ code: 'transport/unreachable', pending: 1 });
    await world.until(ann.logOut({ pending: 'discard' }));
    await world.pass(1000);
    expect(completed).toEqual(['other']);
    await expect(world.until(ann.pause())).rejects.toMatchObject({ code: 'usage/closed' });
    await expect(world.until(other.flush())).rejects.toMatchObject({ code: 'usage/closed' });

    phone.network.online();
    const next = world.client(phone);
    expect(await world.until(next.watchTotalUnreadCount())).toBe(1);
    await world.until(next.close());
    await expect(world.until(next.flush())).rejects.toMatchObject({ code: 'usage/closed' });
  });

  it('gives the app copies: a change of an object changes nothing in the world', async () => {
    const { world, ann, ben } = setUp();
    await ben.send('direct:ann', { text: 'high water' });
    const [message] = await world.until(ann.watchMessages('direct:ben'), ({ length }) => length === 1);
    (message!.body as { text: string }).text = 'low water';
    expect(await world.until(ann.findMessage(message!.id))).toMatchObject({ body: { text: 'high water' } });
  });

  it('works without a bus and without WebSockets, and beside another account of the profile', async () => {
    const { world, phone, ann, ben } = setUp();
    phone.busLoss = 1;
    const second = world.client(phone);
    const eve = world.client(world.device('eve', 'eve-beside', undefined, phone));
    phone.network.set({ sockets: false });
    phone.network.cut();
    await ben.send('direct:ann', 'for ann');
    await ben.send('direct:eve', 'for eve');
    expect(await world.until(second.watchTotalUnreadCount(), (count) => count === 1)).toBe(1);
    expect(await world.until(eve.watchTotalUnreadCount(), (count) => count === 1)).toBe(1);
    await world.until(ann.clearAllUnreadCounts());
    expect(await world.until(second.watchTotalUnreadCount(), (count) => count === 0)).toBe(0);
  });

  it('reads for a person, in a direct chat and in a group', async () => {
    const { world, ann, ben } = setUp();
    const members = ['ann', 'ben'].map((userId) => ({ userId }));
    await world.until(world.server.host.createGroup({ groupId: 'crew', members }));
    await world.until(ann.watchConversation('group:crew'), (one) => one !== null);
    const heard: ReceiptEvent[] = [];
    ann.watchEvents().subscribe((event) => heard.push(event));
    const direct = await world.until(ann.sendMessage('direct:ben', 'one'));
    const group = await world.until(ann.sendMessage('group:crew', 'two', { requestReceipt: true }));
    await world.until(ann.flush());
    await ben.read('direct:ann');
    await ben.read('group:crew');
    expect(await world.until(ann.watchReceipts(direct.id), (one) => one?.state === 'done')).toBeTruthy();
    expect(await world.until(ann.watchReceipts(group.id), (one) => one?.state === 'done')).toBeTruthy();
    expect(heard.map(({ type }) => type)).toEqual(expect.arrayContaining(['read', 'groupRead']));
  });
});

describe('a push on a device of a test world', () => {
  it('is taken without any tab: the message is stored, and the notification of the app is shown', async () => {
    const pushes: Parameters<VirtualDevice['push']>[0][] = [];
    const world = createTestWorld({ onMessage: (push) => pushes.push(push) });
    const phone = world.device('ann');
    const ben = world.person('ben');
    await world.until(world.client(phone).watchTotalUnreadCount());
    phone.killAll();
    await ben.send('direct:ann', { text: 'high water' });
    expect(pushes).toMatchObject([{ userId: 'ann', conversationId: 'direct:ben' }]);
    const taken = phone.push(pushes[0]!, (message, { unread }) => ({ title: `${(message.body as { text: string }).text}, ${unread} new` }));
    await world.until(taken);
    expect(phone.notifications).toEqual([{ title: 'high water, 1 new', options: { tag: expect.any(String) } }]);
    // A push that comes twice is one notification.
    await world.until(phone.push(pushes[0]!, () => ({ title: 'again' })));
    expect(phone.notifications).toHaveLength(1);
    phone.network.offline();
    expect(await world.until(world.client(phone).watchMessages('direct:ben'))).toMatchObject([{ body: { text: 'high water' } }]);
  });
});

describe('a hook on single frames', () => {
  it('holds a frame, so that a later one overtakes it, and answers in the place of the server', async () => {
    const world = createTestWorld();
    const phone = world.device('ann');
    const ann = world.client(phone);
    const ben = world.person('ben');
    await world.until(ann.watchConnection(), ({ state }) => state === 'live');
    const arrived: string[] = [];
    phone.network.arrives = (_, { type }) => arrived.push(type);
    let held = false;
    phone.network.trouble = (way, { type }) => {
      if (way !== 'down' || type !== 'changes' || held) return null;
      held = true;
      return { holdMs: 3000 };
    };
    await ben.send('direct:ann', 'one');
    await world.pass(1000);
    expect(held).toBe(true);
    expect(arrived).not.toContain('changes');
    expect(await world.until(ann.watchTotalUnreadCount(), (count) => count === 1)).toBe(1);
    expect(arrived).toContain('changes');

    phone.network.trouble = (way, { type }) =>
      way === 'up' && type === 'submit'
        ? { answer: [{ type: 'error', code: 'server/busy', message: 'busy', retryAfterMs: 60_000 }] }
        : null;
    await world.until(ann.sendMessage('direct:ben', 'two'));
    expect(await world.until(ann.flush({ timeoutMs: 5000 }))).toMatchObject({ sent: 0 });
    phone.network.trouble = () => null;
    await world.pass(120_000);
    expect(await world.until(ann.watchOutbox(), ({ pending }) => pending === 0)).toMatchObject({ pending: 0 });
  });
});

it('time of a world may run like real time, for an app with timers of its own', async () => {
  const world = createTestWorld();
  const ann = world.client(world.device('ann'));
  const stop = world.run();
  const status = await new Promise((resolve) => ann.watchConnection().subscribe(({ state }) => state === 'live' && resolve(state)));
  stop();
  expect(status).toBe('live');
});
