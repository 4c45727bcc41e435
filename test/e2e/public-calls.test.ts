/** The public client in a real browser: its refusals, and its durable effects. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { delivered, eventually, sendMany, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

it('values too odd for a store or a frame are refused by name, and nothing is written (F18, F19)', async () => {
  const phone = await world.device('fiona');
  await phone.start();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  const outcomes = await phone.page.evaluate(async () => {
    const { client, UsageError } = window.app;
    const me = client.userId;
    const peer = 'direct:gina';
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no');
        },
      },
    );
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const any = client as unknown as Record<string, (...args: unknown[]) => unknown>;
    const bad: readonly (readonly [name: string, call: string, ...args: unknown[]])[] = [
      ['a function as body', 'sendMessage', peer, () => 1],
      ['a function within', 'sendMessage', peer, { onClick: () => 1 }],
      ['a class instance', 'sendMessage', peer, new (class Note {})()],
      ['a Map', 'sendMessage', peer, new Map()],
      ['a Date', 'sendMessage', peer, { at: new Date() }],
      ['a Proxy that will not be read', 'sendMessage', peer, hostile],
      ['a symbol', 'sendMessage', peer, Symbol('x')],
      ['a bigint', 'sendMessage', peer, { n: 2n ** 60n }],
      ['undefined', 'sendMessage', peer, undefined],
      ['NaN', 'sendMessage', peer, NaN],
      ['Infinity within', 'sendMessage', peer, { n: [Infinity] }],
      ['half a surrogate pair', 'sendMessage', peer, 'a\ud800b'],
      ['NUL', 'sendMessage', peer, { text: 'a\u0000b' }],
      ['a loop', 'sendMessage', peer, loop],
      ['17 KiB', 'sendMessage', peer, 'x'.repeat(17 * 1024)],
      ['a bad message id', 'sendMessage', peer, 'hi', { id: '' }],
      ['an option that is no flag', 'sendMessage', peer, 'hi', { countable: 1 }],
      ['options that are none', 'sendMessage', peer, 'hi', null],
      ['oneself', 'sendMessage', `direct:${me}`, 'hi'],
      ['no kind', 'sendMessage', 'gina', 'hi'],
      ['another kind', 'sendMessage', 'channel:gina', 'hi'],
      ['an empty peer', 'sendMessage', 'direct:', 'hi'],
      ['an empty group', 'sendMessage', 'group:', 'hi'],
      ['a peer of 1 MB', 'sendMessage', `direct:${'x'.repeat(1024 * 1024)}`, 'hi'],
      ['a peer with NUL', 'sendMessage', 'direct:a\u0000', 'hi'],
      ['a peer of half a surrogate pair', 'sendMessage', 'direct:\udc00', 'hi'],
      ['a number', 'sendMessage', 2 ** 53 + 1, 'hi'],
      ['a Proxy as conversation', 'sendMessage', hostile, 'hi'],
      ['no list', 'sendReadReceipts', peer, 'id'],
      ['an empty id', 'sendReadReceipts', peer, ['']],
      ['an id of 1 MB', 'sendReadReceipts', peer, ['x'.repeat(1024 * 1024)]],
      ['NaN as id', 'sendReadReceipts', peer, ['good', NaN]],
      ['oneself read', 'sendConversationReadReceipt', `direct:${me}`],
      ['a number as bound', 'sendConversationReadReceipt', peer, { upTo: 3 }],
      ['oneself cleared', 'clearConversationUnreadCount', `direct:${me}`],
      ['no conversation cleared', 'clearConversationUnreadCount', undefined],
      ['marked how', 'setMarkedUnread', peer, 'yes'],
      ['muted how', 'setMuted', peer, undefined],
      ['a limit of NaN', 'loadOlderMessages', peer, { limit: NaN }],
      ['a limit of 0', 'loadOlderMessages', peer, { limit: 0 }],
      ['a limit of 2^53', 'loadOlderMessages', peer, { limit: 2 ** 53 }],
      ['no point', 'loadMessages', peer, { limit: 1 }],
      ['two points', 'loadMessages', peer, { before: 5, after: 1, limit: 1 }],
      ['the message 0', 'loadMessages', peer, { around: 0, limit: 1 }],
      ['no limit', 'loadMessages', peer, { around: 1 }],
      ['a time of -1', 'flush', { timeoutMs: -1 }],
    ];
    const notRefused: string[] = [];
    for (const [name, call, ...args] of bad) {
      let given: unknown;
      try {
        given = any[call]!(...args);
        if (!(given instanceof Promise)) notRefused.push(`${name}: no promise`);
        notRefused.push(`${name}: ${JSON.stringify(await given)}`);
      } catch (error) {
        if (!(given instanceof Promise)) notRefused.push(`${name}: thrown, not rejected`);
        if (!(error instanceof UsageError) || error.code !== 'usage/invalid-argument') notRefused.push(`${name}: ${String(error)}`);
      }
    }
    // Calls that return a stream throw at once.
    const watches: readonly (readonly [call: string, ...args: unknown[]])[] = [
      ['watchUnreadCount', `direct:${me}`],
      ['watchConversation', ''],
      ['watchConversations', { limit: 1.5 }],
      ['watchMessages', 'direct:gina', { limit: Infinity }],
      ['watchReceipts', ''],
      ['viewConversation', 'gina'],
    ];
    for (const [call, ...args] of watches)
      try {
        any[call]!(...args);
        notRefused.push(call);
      } catch (error) {
        if (!(error instanceof UsageError)) notRefused.push(`${call}: ${String(error)}`);
      }
    // The message is not stored here: only the worker can refuse these, with typed errors too.
    const unknown = await client.sendConversationReadReceipt('direct:gina', { upTo: 'nobody-sent-this' }).then(
      () => 'taken',
      (error: unknown) => (error instanceof UsageError ? error.code : String(error)),
    );
    // A Proxy over plain data, as reactive frameworks make them, counts as its data.
    const reactive = await client.sendMessage('direct:gina', new Proxy({ text: 'from a form', tags: new Proxy(['a'], {}) }, {}));
    return { notRefused, unknown, body: reactive.body };
  });
  expect(outcomes).toEqual({ notRefused: [], unknown: 'usage/unknown-message', body: { text: 'from a form', tags: ['a'] } });

  await eventually('the one good message to go', async () => (await phone.pending()) === 0);
  const gina = await world.person('gina');
  expect(gina.rows.get('direct:fiona')).toMatchObject({ latestSeq: 1 });
  expect([...gina.rows.keys()]).toEqual(['direct:fiona']);
  expect(await phone.page.evaluate(() => window.app.conversations.at(-1)?.[1].map(({ id }) => id))).toEqual(['direct:gina']);
  expect(phone.troubles).toEqual([]);
});

it('a receipt is not lost if the client closes 50 ms after an unawaited call and the page goes', async () => {
  const phone = await world.device('hanna');
  const friend = await world.person('hanna-friend');
  await sendMany(friend, 'hanna', 5);
  await phone.start(['direct:hanna-friend']);
  await delivered(friend, phone, 5);
  phone.proxy.cut();
  await eventually('to be offline', async () => (await phone.state()) !== 'live');

  await phone.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const { client } = window.app;
        void client.sendConversationReadReceipt('direct:hanna-friend');
        setTimeout(() => {
          void client.close();
          resolve();
        }, 50);
      }),
  );
  await phone.page.close();

  await phone.open(['direct:hanna-friend']);
  await eventually('a badge', async () => (await phone.total()) !== undefined);
  await sleep(300);
  const seen = await phone.page.evaluate(() => ({
    total: window.app.total.map(([, value]) => value),
    badge: window.app.badges['direct:hanna-friend']!.map(([, value]) => value),
  }));
  expect(seen).toEqual({ total: [0], badge: [0] });
  phone.proxy.heal();
  await eventually('the receipt', () => friend.rows.get('direct:hanna')?.theirs.read.length === 1);
  expect(friend.rows.get('direct:hanna')?.theirs.read).toEqual([[1, 5]]);
});

it('a thousand ended subscriptions leave no stream open in the worker', async () => {
  const phone = await world.device('irma');
  await phone.start();
  await eventually('to be live', async () => (await phone.state()) === 'live');
  const counted = await phone.page.evaluate(async () => {
    const { client, openStreams } = window.app;
    const before = openStreams();
    const all = Array.from({ length: 1000 }, (_, n) => client.watchUnreadCount(`direct:friend-${n}`).subscribe());
    const during = openStreams();
    for (const subscription of all) subscription.unsubscribe();
    // One topic with many subscribers crosses to the worker once.
    const same = Array.from({ length: 1000 }, () => client.watchMessages('direct:friend-1').subscribe());
    const shared = openStreams();
    for (const subscription of same) subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { during: during - before, shared: shared - before, after: openStreams() - before };
  });
  expect(counted).toEqual({ during: 1000, shared: 1, after: 0 });
});
