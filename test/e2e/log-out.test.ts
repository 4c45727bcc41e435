/** Logging out for real: of a running server, and through the death of the browser. */
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

const nameOf = (phone: Device): string => databaseName(`ws://127.0.0.1:${phone.proxy.port}/receipts`, phone.userId);
const databases = (phone: Device): Promise<(string | undefined)[]> =>
  phone.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));

it('send: refused with what is left while offline; online, all of it arrives first, and nothing is left nor sent after', async () => {
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
  await eventually('her words', () => friend.rows.get('direct:lea')?.latestSeq === 3);
  expect(friend.rows.get('direct:lea')?.theirs.read).toEqual([[1, 2]]);
  expect(await databases(phone)).not.toContain(nameOf(phone));
  await sendMany(friend, 'lea', 1);
  await sleep(500);
  expect(phone.proxy.frames.slice(sent).filter(({ up }) => up)).toEqual([]);

  // The same user again: a new device, told by the server what it knows.
  await phone.open();
  await eventually('what came meanwhile', async () => (await phone.total()) === 1);
  expect(phone.troubles).toEqual([]);
});

it('SIGKILL between the record and the wipe: the next start shows nothing of it, and finishes', async () => {
  const phone = await world.device('mia');
  const friend = await world.person('mia-friend');
  await sendMany(friend, 'mia', 3);
  await phone.start();
  await delivered(friend, phone, 3);
  await eventually('a first paint', async () => (await phone.total()) === 3);
  phone.proxy.cut();
  await phone.page.evaluate(async (name) => {
    await window.app.client.sendMessage('direct:mia-friend', 'never sent');
    // As long as the page holds the lead, the log-out waits with what comes after the record.
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
  }, nameOf(phone));
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
  // A store that is new shows no count before the server has spoken (F113).
  expect(shown).toEqual({ total: [], conversations: [], badges: [[]], pending: [0] });
  phone.proxy.heal();
  await eventually('what the server knows', async () => (await phone.total()) === 3);
  expect(JSON.stringify(phone.proxy.frames.slice(before))).not.toContain('never sent');
  expect(friend.rows.get('direct:mia')?.latestSeq).toBe(3);
  expect(phone.troubles).toEqual([]);
});
