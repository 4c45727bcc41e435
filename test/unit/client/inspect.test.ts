/** `client.inspect()`: the inside of a client at one moment, in a test world. */
import { beforeAll, expect, it } from 'vitest';
import type { Inspection, ReceiptClient } from '../../../src/index.ts';
import { createReceiptClient } from '../../../src/index.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';

// The module is loaded on the first call: virtual time would pass meanwhile.
beforeAll(() => import('../../../src/client/inspect.ts'));

const inside = (world: TestWorld, client: ReceiptClient): Promise<Inspection> => world.until(client.inspect());

it('the leader tab shows each pending entry with its tries and its next try, the cursor and the dead letters, and no text', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const client = world.client(device);
  await world.until(client.watchConnection(), ({ state }) => state === 'live');
  await world.until(client.sendMessage('group:nowhere', { text: 'a secret' }));
  await world.until(client.watchDeadLetters(), ({ length }) => length === 1);
  const before = await inside(world, client);
  expect(before).toMatchObject({ connection: { state: 'live', leader: true }, account: { pending: 0, outbox: [] } });
  expect(before.account!.deadLetters).toMatchObject([{ kind: 'message', code: 'rejected/no-such-conversation' }]);
  expect(before.account!.cursor).toEqual(expect.any(String));
  device.network.offline();
  const { id } = await world.until(client.sendMessage('direct:ben', { text: 'a secret' }));
  await world.until(client.setMuted('direct:ben', true));
  await world.until(client.watchConnection(), ({ retryAt }) => retryAt !== null);
  const now = await inside(world, client);
  const { retryAt } = now.connection!;
  expect(now.account).toMatchObject({
    pending: 2,
    outbox: [
      { kind: 'message', conversationId: 'direct:ben', messageId: id, sent: true, tries: 1, nextTryAt: retryAt },
      { kind: 'receipts', conversationId: 'direct:ben', messageId: null, sent: false, tries: 0, nextTryAt: retryAt },
    ],
  });
  expect(JSON.stringify(now)).not.toContain('secret');
});

it('each try of an entry without an answer counts, and the wait that a busy server asks for is the next try', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const client = world.client(device);
  await world.until(client.watchConnection(), ({ state }) => state === 'live');
  let isBusy = false;
  device.network.trouble = (way, frame) => {
    if (way !== 'up' || frame.type !== 'submit') return null;
    return isBusy ? { answer: [{ type: 'error', id: frame.id, code: 'server/busy', retryAfterMs: 60_000, message: '' }] } : 'lost-and-cut';
  };
  await world.until(client.sendMessage('direct:ben', 'one'));
  await world.pass(10_000);
  const [lost] = (await inside(world, client)).account!.outbox;
  expect(lost).toMatchObject({ sent: true });
  expect(lost!.tries).toBeGreaterThan(1);
  isBusy = true;
  await world.pass(30_000);
  const { connection, account } = await inside(world, client);
  expect(connection).toMatchObject({ state: 'live', retryAt: null });
  expect(account!.outbox[0]!.tries).toBeGreaterThan(lost!.tries!);
  expect(account!.outbox[0]!.nextTryAt).toEqual(expect.any(Number));
  device.network.trouble = () => null;
  await world.pass(600_000);
  await world.until(client.watchOutbox(), ({ pending }) => pending === 0);
});

it('a follower tab shows the same entries, and says that another tab counts the tries', async () => {
  const world = createTestWorld();
  const device = world.device('alice');
  const leader = world.client(device);
  await world.until(leader.watchConnection(), ({ state }) => state === 'live');
  const follower = world.client(device);
  await world.until(follower.watchConnection(), ({ state }) => state === 'live');
  device.network.offline();
  await world.until(leader.sendMessage('direct:ben', 'ahoy'));
  await world.until(follower.watchOutbox(), ({ pending }) => pending === 1);
  const { connection, account } = await inside(world, follower);
  expect(connection!.leader).toBe(false);
  expect(account!.outbox).toMatchObject([{ kind: 'message', tries: null }]);
});

it('after a log-out, and without a browser, the call rejects with the reason', async () => {
  const world = createTestWorld();
  const client = world.client(world.device('alice'));
  await world.until(client.logOut({ pending: 'discard' }));
  await expect(client.inspect()).rejects.toMatchObject({ code: 'usage/closed' });
  const inert = createReceiptClient({ url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token' });
  await expect(inert.inspect()).rejects.toMatchObject({ code: 'usage/no-browser' });
});
