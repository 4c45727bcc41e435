import { beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { VIRTUAL_EPOCH } from '../../../src/testing/virtual-process.ts';
import type { VirtualDevice } from '../../../src/testing/virtual-device.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { framesOf, goOffline, goOnline, openDevice, sentBy, type WorldTab } from '../../support/on-tab.ts';

const CREW = 'group:crew';

describe('readers of a group message', () => {
  it('a live device names every reader also after a frame of the feed was lost (F69)', async () => {
    const world = createTestWorld();
    const { host } = world.server;
    const users = ['alice', 'ben', 'cat'];
    await world.until(host.createGroup({ groupId: 'crew', members: users.map((userId) => ({ userId })) }));
    const [phone, alice] = await openDevice(world, 'alice');
    const [, ben] = await openDevice(world, 'ben');
    const [, cat] = await openDevice(world, 'cat');
    const crew = 'group:crew' as const;
    for (const id of ['m1', 'm2']) await alice.do('sendMessage', crew, { id, body: '1', requestReceipt: true });
    for (const tab of [ben, cat]) await tab.until({ of: 'messages', conversationId: crew, limit: 5 }, ({ length }) => length === 2);
    await alice.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    await world.pass(1000);
    const read: string[] = [];
    alice.watch({ of: 'events' }).subscribe(({ event }) => {
      if (event.type === 'groupRead') read.push(...event.readers.map(({ by }) => `${event.messageId} ${by}`));
    });
    let lost = 0;
    phone.network.trouble = (way, frame) => (way === 'down' && frame.type === 'changes' && frame.receipts && lost++ === 0 ? 'lost' : null);
    await ben.do('sendReadReceipts', crew, ['m1'], {});
    await world.pass(2000);
    await cat.do('sendReadReceipts', crew, ['m2'], {});
    await world.pass(5000);
    expect([lost > 0, read.sort()]).toEqual([true, ['m1 ben', 'm2 cat']]);
  });
});

describe('members of a group', () => {
  let world: TestWorld;

  beforeEach(async () => {
    world = createTestWorld();
    const members = ['ann', 'ben', 'cat', 'dan'].map((userId) => ({ userId }));
    await world.until(world.server.host.createGroup({ groupId: 'crew', members }));
  });

  interface Started {
    readonly device: VirtualDevice;
    readonly tab: WorldTab;
    /** The frames submitted by the device so far, over both transports. */
    readonly submits: () => ReturnType<typeof framesOf<'submit'>>;
  }
  const start = async (userId: string, name = `${userId}-phone`): Promise<Started> => {
    const [device, tab] = await openDevice(world, userId, name);
    const sent = sentBy(device);
    await tab.live();
    return { device, tab, submits: () => framesOf('submit', [...sent.sockets, ...sent.requests]) };
  };
  const say = (tab: WorldTab, text: string, requestReceipt?: boolean, id?: string) =>
    tab.do('sendMessage', CREW, {
      body: JSON.stringify(text),
      ...(requestReceipt === undefined ? {} : { requestReceipt }),
      ...(id === undefined ? {} : { id }),
    });
  const stores = (tab: WorldTab, count: number) =>
    tab.until({ of: 'messages', conversationId: CREW, limit: 500 }, (list) => list.filter(({ seq }) => seq !== null).length === count);
  const receiptsOf = (tab: WorldTab, messageId: string, accepts: (known: { state: string; readCount: number }) => boolean) =>
    tab.until({ of: 'receipts', messageId }, (known) => known !== null && accepts(known));
  const outboxEmpty = (tab: WorldTab) => tab.until({ of: 'outbox' }, ({ pending }) => pending === 0);
  const hear = (tab: WorldTab): ReceiptEvent[] => {
    const heard: ReceiptEvent[] = [];
    tab.watch({ of: 'events' }).subscribe(({ event }) => heard.push(event));
    return heard;
  };
  const unread = (tab: WorldTab) => tab.now({ of: 'unread', conversationId: CREW });

  it('a group message requests receipts only if its sender says so; its count grows until all have read, and its sender can ask for the readers', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben } = await start('ben');
    const { tab: cat } = await start('cat');
    const { tab: dan } = await start('dan');
    const heard = hear(ann);
    const plain = await say(ann, 'plain');
    expect(plain.receiptRequested).toBe(false);
    const asked = await say(ann, 'asked', true);
    expect(await ann.now({ of: 'receipts', messageId: asked.id })).toMatchObject({ state: 'pending' });
    for (const tab of [ben, cat, dan]) await stores(tab, 2);
    await receiptsOf(ann, asked.id, ({ state }) => state === 'processing');
    expect(await ann.now({ of: 'receipts', messageId: plain.id })).toMatchObject({ state: 'none', readCount: 0 });
    expect(await ben.now({ of: 'receipts', messageId: asked.id })).toMatchObject({ state: 'processing', readCount: 0, unreadCount: 0 });

    expect(await ben.do('sendReadReceipts', CREW, [plain.id, asked.id], { content: 'on my way' })).toEqual({
      queued: [asked.id],
      skipped: [{ id: plain.id, reason: 'not-requested' }],
    });
    expect(await receiptsOf(ann, asked.id, ({ readCount }) => readCount === 1)).toMatchObject({ state: 'processing', unreadCount: 2 });
    // A group receipt moves no position.
    expect(await unread(ben)).toBe(2);
    await receiptsOf(ben, asked.id, ({ state }) => state === 'done');
    expect(await ben.do('sendReadReceipts', CREW, [asked.id])).toMatchObject({ skipped: [{ reason: 'already-acked' }] });
    await cat.do('sendReadReceipts', CREW, [asked.id]);
    await outboxEmpty(cat);
    await dan.do('sendReadReceipts', CREW, [asked.id]);
    expect(await receiptsOf(ann, asked.id, ({ state }) => state === 'done')).toMatchObject({ readCount: 3, unreadCount: 0 });
    const reads = heard.filter((event) => event.type === 'groupRead');
    expect(reads[0]).toEqual({
      type: 'groupRead',
      conversationId: CREW,
      messageId: asked.id,
      readers: [{ by: 'ben', content: 'on my way' }],
      readCount: 1,
      unreadCount: 2,
    });
    expect(reads.at(-1)).toMatchObject({ readCount: 3, unreadCount: 0 });

    const page = await ann.ask('fetchReadMembers', asked.id, { filter: 'read', cursor: null, limit: 1 });
    expect(page).toMatchObject({ members: [{ userId: 'ben', content: 'on my way' }], complete: false });
    const all = await ann.ask('fetchReadMembers', asked.id, { filter: 'read', cursor: null, limit: 100 });
    expect(all).toMatchObject({ members: [{ userId: 'ben' }, { userId: 'cat' }, { userId: 'dan' }], cursor: null, complete: true });
    expect(await ann.ask('fetchReadMembers', asked.id, { filter: 'unread', cursor: null, limit: 100 })).toMatchObject({
      members: [],
      complete: true,
    });
    // The other members see no counts, as for a message without receipts.
    expect(await ben.ask('fetchReadMembers', asked.id, { filter: 'read', cursor: null, limit: 100 })).toMatchObject({
      members: [],
      complete: true,
    });
  });

  it('no call makes a delivery receipt or a conversation read receipt in a group', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben, device, submits } = await start('ben');
    for (let n = 0; n < 3; n++) await say(ann, `${n}`, true);
    await stores(ben, 3);
    goOffline(device);
    for (let n = 0; n < 3; n++) await say(ann, `away ${n}`, true);
    await outboxEmpty(ann);
    goOnline(device);
    await stores(ben, 6);
    await ben.do('setReceiptSettings', { deliveryReceipts: false });
    await ben.do('setReceiptSettings', { deliveryReceipts: true });
    await ben.ask('loadOlderMessages', CREW, 50);
    await ben.do('sendConversationReadReceipt', CREW, {});
    expect(await unread(ben)).toBe(0);
    await outboxEmpty(ben);
    const entries = submits().flatMap(({ entries: list }) => list as unknown as Record<string, unknown>[]);
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) {
      expect(entry).not.toHaveProperty('delivered');
      expect(entry).not.toHaveProperty('read');
      expect(entry).not.toHaveProperty('named');
    }
  });

  it('viewing a group sends its position and its receipts in one frame, and the user’s other device sends none again (F97)', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben, submits } = await start('ben');
    const { tab: laptop, submits: laptopSubmits } = await start('ben', 'laptop');
    const asked = [];
    for (let n = 0; n < 4; n++) asked.push(await say(ann, `${n}`, n !== 1));
    await stores(ben, 4);
    await stores(laptop, 4);
    const heard = hear(laptop);
    const before = submits().length;
    await ben.do('readGroup', CREW);
    expect(await unread(ben)).toBe(0);
    await outboxEmpty(ben);
    expect(
      submits()
        .slice(before)
        .map(({ entries }) => entries),
    ).toEqual([
      [
        expect.objectContaining({
          position: 4,
          named: [
            [1, 1],
            [3, 4],
          ],
        }),
      ],
    ]);
    await receiptsOf(ann, asked[3]!.id, ({ readCount }) => readCount === 1);
    await laptop.until({ of: 'unread', conversationId: CREW }, (count) => count === 0);
    // Events come in the order of the messages, for any number of messages at once.
    expect(heard.flatMap((event) => (event.type === 'message' ? [event.message.seq] : []))).toEqual([1, 2, 3, 4]);
    expect(heard.filter(({ type }) => type !== 'message')).toEqual([
      {
        type: 'read',
        how: 'message',
        conversationId: CREW,
        ranges: [
          [1, 1],
          [3, 4],
        ],
        messageIds: asked.filter(({ receiptRequested }) => receiptRequested).map(({ id }) => id),
        by: 'ben',
        self: true,
      },
      { type: 'unreadCleared', conversationId: CREW, upTo: 4, self: true },
    ]);
    await laptop.do('readGroup', CREW);
    expect(await laptop.now({ of: 'outbox' })).toMatchObject({ pending: 0 });
    expect(laptopSubmits()).toEqual([]);
    // More messages come while the group is in view.
    const late = await say(ann, 'late', true);
    await stores(ben, 5);
    expect(await ben.do('readArrivals', CREW, 4)).toBe(5);
    await receiptsOf(ann, late.id, ({ readCount }) => readCount === 1);
  });

  it('receipts from the absence of the sender make one statistics event', async () => {
    const { tab: ann, device } = await start('ann');
    const { tab: ben } = await start('ben');
    const first = await say(ann, 'one', true);
    const second = await say(ann, 'two', true);
    await stores(ben, 2);
    await outboxEmpty(ann);
    goOffline(device);
    await ann.until({ of: 'connection' }, ({ state }) => state === 'offline');
    const heard = hear(ann);
    await ben.do('sendReadReceipts', CREW, [first.id]);
    await ben.do('sendReadReceipts', CREW, [second.id]);
    await outboxEmpty(ben);
    goOnline(device);
    await receiptsOf(ann, second.id, ({ readCount }) => readCount === 1);
    const news = heard.filter(({ type }) => type === 'groupRead' || type === 'receiptStatistics');
    expect(news).toEqual([
      {
        type: 'receiptStatistics',
        receipts: expect.arrayContaining([
          { conversationId: CREW, messageId: first.id, readCount: 1, unreadCount: 2 },
          { conversationId: CREW, messageId: second.id, readCount: 1, unreadCount: 2 },
        ]) as unknown,
      },
    ]);
  });

  it('a late group receipt ends expired, without a dead letter (F81)', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben, device } = await start('ben');
    const asked = await say(ann, 'soon', true);
    await stores(ben, 1);
    goOffline(device);
    await ben.do('sendReadReceipts', CREW, [asked.id]);
    world.time.now += 4 * 24 * 60 * 60 * 1000;
    const [heardAnn, heardBen] = [hear(ann), hear(ben)];
    goOnline(device);
    await outboxEmpty(ben);
    await receiptsOf(ben, asked.id, ({ state }) => state === 'expired');
    await receiptsOf(ann, asked.id, ({ state }) => state === 'expired');
    expect(await ben.now({ of: 'dead-letters' })).toEqual([]);
    const expired = { type: 'expired', conversationId: CREW, messageIds: [asked.id] };
    for (const heard of [heardAnn, heardBen]) expect(heard.filter(({ type }) => type === 'expired')).toEqual([expired]);
    expect(await ben.do('sendReadReceipts', CREW, [asked.id])).toEqual({ queued: [], skipped: [{ id: asked.id, reason: 'not-counted' }] });
    await ben.do('readGroup', CREW);
    await outboxEmpty(ben);
    expect(await ben.now({ of: 'dead-letters' })).toEqual([]);
  });

  it('where the policy forbids group receipts, only a message with a request is rejected, and the sender can send the message without the request; a group above the size limit shows no counts (F82)', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben } = await start('ben');
    void world.server.host.setPolicy({ receipts: { groups: false } });
    const refused = await say(ann, 'asks', true);
    await say(ann, 'later');
    await stores(ben, 1);
    const [letter] = await ann.until({ of: 'dead-letters' }, (letters) => letters.length > 0);
    expect(letter).toMatchObject({ code: 'rejected/group-receipts-disabled', messageIds: [refused.id] });
    await ann.do('retryDeadLetter', letter!.id, { requestReceipt: false });
    expect((await stores(ben, 2)).map(({ id }) => id)).toContain(refused.id);
    void world.server.host.setPolicy({ receipts: { groups: true, maxMembers: 3 } });
    const large = await say(ann, 'large', true);
    await stores(ben, 3);
    await receiptsOf(ann, large.id, ({ state }) => state === 'none');
    expect(await ben.do('sendReadReceipts', CREW, [large.id])).toMatchObject({ skipped: [{ reason: 'not-requested' }] });
    // The server sends the policy in the handshake, and again after each change; the connection stays open.
    expect((await ann.now({ of: 'connection' })).state).toBe('live');
    void world.server.host.setPolicy({ receipts: { maxMembers: 200, visibleTo: 'members' } });
    const open = await say(ann, 'open', true);
    await stores(ben, 4);
    const { tab: cat } = await start('cat');
    await stores(cat, 4);
    await cat.do('sendReadReceipts', CREW, [open.id]);
    expect(await receiptsOf(ben, open.id, ({ readCount }) => readCount === 1)).toMatchObject({ state: 'processing', unreadCount: 2 });
  });

  it('a new member of an old group has 0 unread, then 1 after one message, 0 and refused calls after the removal, and counts again from the newest join (F78, F84)', async () => {
    const { tab: ann } = await start('ann');
    for (let n = 0; n < 50; n++) await say(ann, `old ${n}`, true);
    await outboxEmpty(ann);
    const { tab: eve, device } = await start('eve');
    await world.until(world.server.host.addMember('crew', 'eve'));
    await eve.until({ of: 'conversation', conversationId: CREW }, (known) => known?.latestSeq === 50);
    expect(await unread(eve)).toBe(0);
    const first = await say(ann, 'welcome', true);
    await eve.until({ of: 'unread', conversationId: CREW }, (count) => count === 1);
    expect(await eve.do('sendReadReceipts', CREW, [first.id])).toMatchObject({ queued: [first.id] });
    expect(await receiptsOf(ann, first.id, ({ readCount }) => readCount === 1)).toMatchObject({ unreadCount: 3 });
    goOffline(device);
    await eve.do('sendMessage', CREW, { body: '"too late"' });
    await eve.do('clearConversationUnreadCount', CREW);
    await world.until(world.server.host.removeMember('crew', 'eve'));
    await say(ann, 'without eve', true);
    goOnline(device);
    const letters = await eve.until({ of: 'dead-letters' }, (list) => list.length > 0);
    expect(letters[0]).toMatchObject({ code: 'rejected/no-such-conversation', kind: 'message' });
    await outboxEmpty(eve);
    expect(await unread(eve)).toBe(0);
    // A departed member keeps the counts of the departure.
    expect(await ann.now({ of: 'receipts', messageId: first.id })).toMatchObject({ readCount: 1, unreadCount: 3 });
    await world.until(world.server.host.addMember('crew', 'eve'));
    await eve.until({ of: 'conversation', conversationId: CREW }, (known) => known?.latestSeq === 52);
    expect(await unread(eve)).toBe(0);
    const again = await say(ann, 'back', true);
    await eve.until({ of: 'unread', conversationId: CREW }, (count) => count === 1);
    await eve.until({ of: 'messages', conversationId: CREW, limit: 10 }, (list) => list.some(({ id }) => id === again.id));
    await eve.do('readGroup', CREW);
    expect(await receiptsOf(ann, again.id, ({ readCount }) => readCount === 1)).toMatchObject({ unreadCount: 3 });
  });

  it('a member sees the receipts of an absence after the return (F84)', async () => {
    const { tab: ann } = await start('ann');
    const { tab: ben } = await start('ben');
    const asked = await say(ann, 'asked', true);
    await stores(ben, 1);
    await outboxEmpty(ann);
    await world.until(world.server.host.removeMember('crew', 'ann'));
    await ann.until({ of: 'conversation', conversationId: CREW }, (known) => known?.unreadCount === 0);
    await ben.do('sendReadReceipts', CREW, [asked.id]);
    await outboxEmpty(ben);
    // Another change moves ann's cursor past the receipt.
    await ben.say('ann', 'where are you?');
    await ann.until({ of: 'messages', conversationId: 'direct:ben', limit: 1 }, (list) => list.length === 1);
    expect(await ann.now({ of: 'receipts', messageId: asked.id })).toMatchObject({ readCount: 0 });
    await world.until(world.server.host.addMember('crew', 'ann'));
    await receiptsOf(ann, asked.id, ({ readCount }) => readCount === 1);
  });

  it('a member sees the receipts and the recalls of an absence after the return', async () => {
    const { tab: ann, device } = await start('ann');
    const { tab: ben } = await start('ben');
    const asked = await say(ann, 'asked', true);
    await stores(ben, 1);
    const slip = await say(ben, 'slip', true);
    await stores(ann, 2);
    await stores(ben, 2);
    await outboxEmpty(ann);
    goOffline(device);
    await ann.until({ of: 'connection' }, ({ state }) => state === 'offline');
    await ben.do('sendReadReceipts', CREW, [asked.id]);
    await outboxEmpty(ben);
    await world.until(world.server.host.removeMember('crew', 'ann'));
    await ben.do('recallMessage', slip.id);
    await outboxEmpty(ben);
    goOnline(device);
    // Ann's cursor moves past all these changes while she is no member.
    await ben.say('ann', 'where are you?');
    await ann.until({ of: 'messages', conversationId: 'direct:ben', limit: 1 }, (list) => list.length === 1);
    expect(await ann.now({ of: 'messages', conversationId: CREW, limit: 5 })).toMatchObject([{ id: asked.id }, { recalled: false }]);
    await world.until(world.server.host.addMember('crew', 'ann'));
    await receiptsOf(ann, asked.id, ({ readCount }) => readCount === 1);
    await ann.until({ of: 'messages', conversationId: CREW, limit: 5 }, (list) =>
      list.some(({ id, recalled }) => id === slip.id && recalled),
    );
  });

  it('any device can ask for receipts, in batches of a size accepted by the server, and stores the answers', async () => {
    void world.server.host.setPolicy({ limits: { receiptIds: 2 } });
    const { tab: ann, device } = await start('ann');
    const { tab: ben } = await start('ben');
    const asked = [];
    for (let n = 0; n < 3; n++) asked.push(await say(ann, `${n}`, true));
    const plain = await say(ann, 'plain');
    const direct = await ann.say('ben', 'direct');
    await stores(ben, 4);
    await ben.until({ of: 'messages', conversationId: 'direct:ann', limit: 5 }, (list) => list.length === 1);
    await ben.do('sendReadReceipts', CREW, [asked[1]!.id]);
    const now = () => VIRTUAL_EPOCH + Math.floor(world.time.now);
    const since = now();
    await ben.do('sendReadReceipts', 'direct:ann', [direct.id]);
    await outboxEmpty(ben);
    const upTo = now();
    const ids = [...asked, plain, direct].map(({ id }) => id);
    const fetch = (tab: WorldTab, messageIds: readonly string[]) => tab.ask('fetchReceipts', messageIds);
    const answers = await fetch(ann, [...ids, 'nowhere']);
    const ackedAt = answers[4]!.ackedAt!;
    expect(ackedAt).toBeGreaterThanOrEqual(since);
    expect(ackedAt).toBeLessThanOrEqual(upTo);
    expect(answers).toMatchObject([
      { messageId: ids[0], state: 'processing', readCount: 0, unreadCount: 3 },
      { messageId: ids[1], state: 'processing', readCount: 1, unreadCount: 2 },
      { messageId: ids[2], state: 'processing', readCount: 0, unreadCount: 3 },
      { messageId: ids[3], state: 'none', readCount: 0, unreadCount: 0 },
      { messageId: ids[4], state: 'done', ackedAt },
    ]);
    // A device without the messages learns the messages from the server. A user without permission learns nothing new.
    const { tab: laptop } = await start('ann', 'laptop');
    expect(await fetch(laptop, ids)).toMatchObject([
      { messageId: ids[0], readCount: 0, unreadCount: 3 },
      { messageId: ids[1], conversationId: CREW, state: 'processing', readCount: 1, unreadCount: 2 },
      { messageId: ids[2] },
      { messageId: ids[4], state: 'done', ackedAt },
    ]);
    expect(await fetch(ben, ids)).toMatchObject([
      { messageId: ids[0], state: 'processing', readCount: 0, unreadCount: 0 },
      { messageId: ids[1], state: 'done', readCount: 0, unreadCount: 0 },
      { messageId: ids[2] },
      { messageId: ids[3], state: 'none' },
      { messageId: ids[4], state: 'done', ackedAt: null },
    ]);
    goOffline(device);
    await expect(fetch(ann, ids)).rejects.toMatchObject({ code: 'transport/unreachable' });
    const queued = await say(ann, 'queued', true);
    expect(await fetch(ann, [queued.id])).toMatchObject([{ messageId: queued.id, state: 'pending' }]);
    await expect(ann.ask('fetchReadMembers', ids[0]!, { filter: 'read', cursor: null, limit: 100 })).rejects.toMatchObject({
      code: 'transport/unreachable',
    });
    await ben.do('setPaused', true);
    await expect(fetch(ben, ids)).rejects.toMatchObject({ code: 'transport/unreachable' });
  });

  it('a server restored from an older copy gets its lost entries again, and no unseen message becomes read (F67)', async () => {
    const { tab: ann, device: annsPhone } = await start('ann');
    const { tab: ben, device: bensPhone } = await start('ben');
    const first = await say(ann, 'first', true);
    await stores(ben, 1);
    await outboxEmpty(ann);
    const copy = world.server.dump();
    const second = await say(ann, 'second', true);
    await stores(ben, 2);
    // The part lost later: ben reads both messages, and ann sends one more.
    await ben.do('readGroup', CREW);
    await outboxEmpty(ben);
    await receiptsOf(ann, second.id, ({ readCount }) => readCount === 1);
    for (const device of [annsPhone, bensPhone]) goOffline(device);
    world.server.restore(copy);
    // Meanwhile another message takes the seq of the lost one.
    const { tab: cat } = await start('cat');
    const other = await say(cat, 'other', true);
    await outboxEmpty(cat);
    for (const device of [bensPhone, annsPhone]) goOnline(device);
    await outboxEmpty(ben);
    await outboxEmpty(ann);
    expect((await stores(ann, 3)).map(({ id, seq }) => [id, seq])).toEqual([
      [first.id, 1],
      [other.id, 2],
      [second.id, 3],
    ]);
    await stores(ben, 3);
    // The messages of the shared part stay read. The message with the seq of the lost one is unread.
    await ben.until({ of: 'unread', conversationId: CREW }, (count) => count === 2);
    await outboxEmpty(ben);
    expect(await unread(ben)).toBe(2);
    expect(await ben.now({ of: 'receipts', messageId: other.id })).toMatchObject({ state: 'processing' });
    await receiptsOf(ann, first.id, ({ readCount }) => readCount === 1);
    expect((await ann.now({ of: 'dead-letters' })).length + (await ben.now({ of: 'dead-letters' })).length).toBe(0);
  });
});
