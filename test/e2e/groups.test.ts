/** Group receipts as users see them: requested in one browser, sent from another, offline and by a viewed conversation. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ConversationId } from '../../src/model/ids.ts';
import { focus, view } from './looking.ts';
import { type Device, eventually, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

const createGroup = async (groupId: string, userIds: readonly string[]): Promise<ConversationId> => {
  const response = await fetch(`http://127.0.0.1:${world.server.port}/dev/group`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ groupId, members: userIds.map((userId) => ({ userId })) }),
  });
  expect(response.status).toBe(200);
  return `group:${groupId}`;
};

const say = (device: Device, chat: ConversationId, text: string, requestReceipt: boolean): Promise<string> =>
  device.page.evaluate(async ([id, body, asks]) => (await window.app.client.sendMessage(id, body, { requestReceipt: asks })).id, [
    chat,
    text,
    requestReceipt,
  ] as const);

/** The state and the counts on the sender's page now. */
const shown = (device: Device, messageId: string): Promise<readonly unknown[] | null> =>
  device.page.evaluate(
    (id) =>
      new Promise<readonly unknown[] | null>((resolve) => {
        const watching = window.app.client.watchReceipts(id).subscribe((known) => {
          resolve(known && [known.state, known.readCount, known.unreadCount]);
          queueMicrotask(() => watching.unsubscribe());
        });
      }),
    messageId,
  );

const becomes = (device: Device, messageId: string, wanted: readonly unknown[]): Promise<void> =>
  eventually(`receipts to be ${wanted.join()}`, async () => JSON.stringify(await shown(device, messageId)) === JSON.stringify(wanted));

it('a group message viewed offline before a kill shows its reader and the reader’s text to the sender after the reconnect', async () => {
  const chat = await createGroup('crew', ['gina', 'gus', 'guy']);
  const [gina, gus] = [await world.device('gina'), await world.device('gus')];
  await Promise.all([gina.start([chat]), gus.start([chat])]);
  await focus(gus, false);
  const plain = await say(gina, chat, 'plain', false);
  const asked = await say(gina, chat, 'asked', true);
  await eventually('the badge', async () => (await gus.total()) === 2);
  await becomes(gina, plain, ['none', 0, 0]);
  await becomes(gina, asked, ['processing', 0, 2]);
  await view(gus, chat);
  await sleep(300);
  expect(await gus.pending()).toBe(0);

  gus.proxy.cut();
  await eventually('gus to be offline', async () => (await gus.state()) !== 'live');
  await focus(gus, true);
  await eventually('the badge to be 0', async () => (await gus.total()) === 0);
  await eventually('one pending entry', async () => (await gus.pending()) === 1);
  await gus.kill();
  await gus.start([chat]);
  await focus(gus, false);
  await eventually('one pending entry', async () => (await gus.pending()) === 1);
  expect(await gus.total()).toBe(0);
  gus.proxy.heal();
  await becomes(gina, asked, ['processing', 1, 1]);

  // Without the focus nothing is read. With the focus again, each new message gets its receipt, and no earlier
  // one gets a second.
  await view(gus, chat);
  const late = await say(gina, chat, 'late', true);
  await eventually('the badge', async () => (await gus.total()) === 1);
  await sleep(500);
  expect(await shown(gina, late)).toEqual(['processing', 0, 2]);
  await focus(gus, true);
  await becomes(gina, late, ['processing', 1, 1]);
  await eventually('the badge to be 0', async () => (await gus.total()) === 0);
  const arrival = await say(gina, chat, 'while looking', true);
  await becomes(gina, arrival, ['processing', 1, 1]);

  // Guy adds a text to his receipt.
  const guy = await world.device('guy');
  await guy.start([chat]);
  const skipped = await guy.page.evaluate(
    async ([id, ids]) => (await window.app.client.sendReadReceipts(id, ids, { content: 'on my way' })).skipped,
    [chat, [plain, asked]] as const,
  );
  expect(skipped.filter(({ reason }) => reason !== 'not-requested')).toEqual([]);
  await becomes(gina, asked, ['done', 2, 0]);
  const lists = await gina.page.evaluate(
    async ([first, second]) => {
      const { client } = window.app;
      return {
        read: await client.fetchReadMembers(first, { filter: 'read' }),
        unread: await client.fetchReadMembers(second, { filter: 'unread', limit: 1 }),
        receipts: await client.fetchReceipts([first, second, 'nowhere']),
        bad: await Promise.all(
          [
            client.fetchReadMembers(first, { filter: 'all' as 'read' }),
            client.fetchReadMembers(first, { filter: 'read', limit: 101 }),
            client.fetchReceipts('x' as unknown as string[]),
            client.sendReadReceipts('group:crew', [first], { content: '😀'.repeat(257) }),
            client.sendReadReceipts('group:crew', [first], { content: 'a\ud800b' }),
            client.sendReadReceipts('direct:gus', [first], { content: 'no' }),
          ].map((call) => call.then(() => 'taken').catch((error: unknown) => (error as { code: string }).code)),
        ),
      };
    },
    [asked, arrival] as const,
  );
  expect(lists.read.members.map(({ userId, content }) => [userId, content])).toEqual([
    ['gus', undefined],
    ['guy', 'on my way'],
  ]);
  expect(lists.read).toMatchObject({ cursor: null, complete: true });
  expect(lists.unread.members).toEqual([{ userId: 'guy', readAt: null }]);
  expect(lists.receipts.map(({ messageId, state, readCount }) => [messageId, state, readCount])).toEqual([
    [asked, 'done', 2],
    [arrival, 'processing', 1],
  ]);
  expect(lists.bad).toEqual(Array<string>(6).fill('usage/invalid-argument'));

  // Offline, these calls reject at once.
  gina.proxy.cut();
  const codes = await gina.page.evaluate(
    async (id) =>
      Promise.all(
        [window.app.client.fetchReceipts([id]), window.app.client.fetchReadMembers(id, { filter: 'read' })].map((call) =>
          call.then(() => 'answered').catch((error: unknown) => (error as { code: string }).code),
        ),
      ),
    asked,
  );
  expect(codes).toEqual(['transport/unreachable', 'transport/unreachable']);
  expect([...gina.troubles, ...gus.troubles, ...guy.troubles]).toEqual([]);
});
