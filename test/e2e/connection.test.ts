/** The account of the client, and frames without sense. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { delivered, eventually, sendMany, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

it('a token of another user stops the client: nothing of the old account is sent or shown under the new user', async () => {
  const phone = await world.device('clara');
  const [friend, bob] = await Promise.all([world.person('clara-friend'), world.person('bob')]);
  await sendMany(friend, 'clara', 3);
  await phone.start();
  await delivered(friend, phone, 3);
  phone.proxy.cut();
  await phone.page.evaluate(async () => {
    await window.app.client.sendConversationReadReceipt('direct:clara-friend');
    await window.app.client.sendMessage('direct:clara-friend', { text: 'from Clara' });
    await window.app.client.sendMessage('direct:somebody', { text: 'from Clara' });
  });

  // The next start of the app finds another user logged in.
  await phone.open(['direct:clara-friend'], { tokenOf: 'bob' });
  const before = phone.proxy.frames.length;
  phone.proxy.heal();
  await eventually('the client to stop', async () => (await phone.state()) === 'stopped');
  await sleep(1500);
  expect(await phone.page.evaluate(() => window.app.connection.at(-1)?.[1])).toMatchObject({
    state: 'stopped',
    retryAt: null,
    error: { code: 'auth/wrong-user' },
  });
  expect(await phone.pending()).toBe(3);
  expect(await phone.total()).toBe(0); // still clara's count, with her clear
  expect(phone.proxy.sent('submit', before)).toEqual([]);
  const heard = phone.proxy.frames.slice(before).filter(({ up }) => !up);
  expect(heard.map(({ text }) => (JSON.parse(text) as { type: string }).type)).toEqual(['error']);
  expect(phone.proxy.sent('hello', before)).toHaveLength(1);
  expect([...bob.rows.keys()]).toEqual([]);
  expect(friend.rows.get('direct:bob')).toBeUndefined();
  expect(friend.rows.get('direct:clara')).toMatchObject({ latestSeq: 3, theirs: { read: [], named: [] } });

  // With clara's own token again, all pending entries are sent as hers.
  await phone.open();
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  await eventually('her message', () => friend.rows.get('direct:clara')?.latestSeq === 4);
  expect(friend.rows.get('direct:clara')?.lastMessage?.senderId).toBe('clara');
  expect(friend.rows.get('direct:clara')?.theirs.read).toEqual([[1, 3]]);
  expect(phone.troubles).toEqual([]);
});

it('nonsense from other clients to the server has no effect on this client (F98, F101, F103, F105)', async () => {
  const phone = await world.device('emma');
  const friend = await world.person('emma-friend');
  await phone.start();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  const before = phone.proxy.sent('hello').length;

  const deep = '['.repeat(200_000);
  const nonsense = [
    'x'.repeat(1024 * 1024),
    deep,
    '{"type":"hello","__proto__":{"isAdmin":true}}',
    '{"type":"dance"}',
    '{"type":"hello","version":99,"token":"x","userId":"emma","deviceId":"d"}',
    '\u0000',
    Buffer.from([0xff, 0xfe, 0x00]),
  ];
  const codes = await Promise.all(
    nonsense.map(
      (frame) =>
        new Promise<number>((resolve) => {
          const socket = new WebSocket(world.server.url);
          socket.on('error', () => undefined);
          socket.on('open', () => socket.send(frame));
          socket.on('close', (code) => resolve(code));
        }),
    ),
  );
  expect(codes).toEqual([
    CLOSE.frameTooLarge,
    CLOSE.frameTooLarge,
    CLOSE.unauthorized,
    CLOSE.unauthorized,
    CLOSE.versionUnsupported,
    CLOSE.unauthorized,
    CLOSE.unauthorized,
  ]);

  await friend.sendMessage('direct:emma', 'still there?');
  await eventually('the message', async () => (await phone.total()) === 1);
  expect(await phone.state()).toBe('live');
  expect(phone.proxy.sent('hello')).toHaveLength(before);
});
