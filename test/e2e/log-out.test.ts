/** Log-out with a running server, and with a kill of the browser. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { TransportError } from '../../src/errors.ts';
import { databaseName } from '../../src/model/storage-name.ts';
import { delivered, type Device, eventually, sendMany, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

const databaseOf = (phone: Device): string => databaseName(`ws://127.0.0.1:${phone.proxy.port}/receipts`, phone.userId);
const databases = (phone: Device): Promise<(string | undefined)[]> =>
  phone.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

it('log-out with `send` is refused while offline; online, all entries arrive first, and then nothing is left and nothing is sent', async () => {
  const phone = await world.device('lea');
  const friend = await world.person('lea-friend');
  await sendMany(friend, 'lea', 2);
  await phone.start();
  await delivered(friend, phone, 2);
  phone.proxy.cut();
  await phone.page.evaluate(async () => {
    await window.app.client.sendMessage('direct:lea-friend', 'last words');
    await window.app.client.sendConversationReadReceipt('direct:lea-friend');
  });
  const logOut = () =>
    phone.page.evaluate(() =>
      window.app.client.logOut({ pending: 'send', timeoutMs: 3000 }).then(
        () => 'logged out',
        (error: unknown) => {
          const { code, pending } = error as TransportError;
          return { code, pending };
        },
      ),
    );
  expect(await logOut()).toEqual({ code: 'transport/unreachable', pending: 2 });
  expect(await phone.pending()).toBe(2);
  phone.proxy.heal();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  expect(await logOut()).toBe('logged out');
  const sent = phone.proxy.frames.length;
  await eventually('her message', () => friend.rows.get('direct:lea')?.latestSeq === 3);
  expect(friend.rows.get('direct:lea')?.theirs.read).toEqual([[1, 2]]);
  expect(await databases(phone)).not.toContain(databaseOf(phone));
  await sendMany(friend, 'lea', 1);
  await sleep(500);
  expect(phone.proxy.frames.slice(sent).filter(({ up }) => up)).toEqual([]);

  // The same user again, on a new device with the state from the server.
  await phone.open();
  await eventually('the messages that came in between', async () => (await phone.total()) === 1);
  expect(phone.troubles).toEqual([]);
});

it('after a kill between the record and the wipe of a log-out, the next start shows no old data and completes the wipe', async () => {
  const phone = await world.device('mia');
  const friend = await world.person('mia-friend');
  await sendMany(friend, 'mia', 3);
  await phone.start();
  await delivered(friend, phone, 3);
  await eventually('a first paint', async () => (await phone.total()) === 3);
  phone.proxy.cut();
  await phone.page.evaluate(async (name) => {
    await window.app.client.sendMessage('direct:mia-friend', 'never sent');
    // The log-out waits after its record as long as the page holds the lock of the leader.
    await new Promise<void>((held) => {
      void navigator.locks.request(name, { steal: true }, () => {
        held();
        return new Promise(() => undefined);
      });
    });
    const recorded = new Promise<void>((resolve) => {
      new BroadcastChannel(name).onmessage = ({ data }: MessageEvent<{ type: string }>) => {
        if (data.type === 'logged-out') resolve();
      };
    });
    window.app.client.logOut({ pending: 'discard' }).catch(() => undefined);
    await recorded;
  }, databaseOf(phone));
  await phone.kill();
  const before = phone.proxy.frames.length;
  await phone.start(['direct:mia-friend']);
  await eventually('the outbox to be shown', () => phone.page.evaluate(() => window.app.outbox.length > 0));
  const shown = await phone.page.evaluate(() => ({
    total: window.app.total.map(([, value]) => value),
    conversations: window.app.conversations.map(([, value]) => value.length),
    badges: Object.values(window.app.badges).map((seen) => seen.map(([, value]) => value)),
    pending: window.app.outbox.map(([, { pending }]) => pending),
  }));
  // A new store shows no count before its first snapshot (F113).
  expect(shown).toEqual({ total: [], conversations: [], badges: [[]], pending: [0] });
  phone.proxy.heal();
  await eventually('the state of the server', async () => (await phone.total()) === 3);
  expect(JSON.stringify(phone.proxy.frames.slice(before))).not.toContain('never sent');
  expect(friend.rows.get('direct:mia')?.latestSeq).toBe(3);
  expect(phone.troubles).toEqual([]);
});
