/** Storage that fails in a real browser: full, wiped, upgraded by another tab, partitioned for a frame; and data after a kill. */
import { randomBytes } from 'node:crypto';
import type { Frame as PageFrame, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ConversationId } from '../../src/model/ids.ts';
import type { OutsideNote } from '../../src/store/loss-marker.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import type { WireEntry, WireMessageEntry } from '../../src/protocol/submit.ts';
import { isOnSqlite } from '../support/chromium-storage.ts';
import { setFrozen } from '../support/real-browser.ts';
import { bundleWorker } from '../support/scripts-from-source.ts';
import { leads, nowMs, pendingOf, totalOf, untilLive } from './tab.ts';
import { delivered, type Device, eventually, sendMany, sleep, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

/** Wipes storage like a browser on a full disk, or like a user who clears the site's data. */
const clear = async (phone: Device, page: Page, storageTypes: 'indexeddb' | 'all'): Promise<void> => {
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: phone.origin, storageTypes });
  await session.detach();
};

/** The note about the store, kept outside of IndexedDB. */
const noteIn = (page: Page): Promise<OutsideNote | undefined> =>
  page.evaluate(async () => {
    const cache = await caches.open('tidemark-notes');
    const [request] = (await cache.keys()).filter(({ url }) => !url.includes('/ended/'));
    return request && ((await (await cache.match(request))!.json()) as OutsideNote);
  });

/** Number of messages of a conversation on the device, at most 1000. */
const storedIn = (page: Page | PageFrame, chat: ConversationId): Promise<number> =>
  page.evaluate(
    (of) =>
      new Promise<number>((resolve) => {
        const all = window.app.client.watchMessages(of, { limit: 1000 });
        const held = all.subscribe((messages) => {
          resolve(messages.length);
          queueMicrotask(() => held.unsubscribe());
        });
      }),
    chat,
  );

const receiptsOf = (friend: Awaited<ReturnType<World['person']>>, of: string) => friend.rows.get(`direct:${of}`)!.theirs;
const totals = (page: Page): Promise<number[]> => page.evaluate(() => window.app.total.map(([, value]) => value));
const lost = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => window.app.events.map(([, event]) => event).filter(({ type }) => type === 'storageLost'));

it('after a wipe of IndexedDB between two starts, the account gets a new device id, counts as before, sends no receipt twice, and reports the loss (F11, F12)', async () => {
  const phone = await world.device('wanda');
  const friend = await world.person('wanda-friend');
  await sendMany(friend, 'wanda', 4);
  const page = await phone.start();
  await delivered(friend, phone, 4);
  await page.evaluate(() => window.app.client.sendConversationReadReceipt('direct:wanda-friend'));
  await eventually('her receipt', () => receiptsOf(friend, 'wanda').read.length === 1);
  await sendMany(friend, 'wanda', 3);
  await delivered(friend, phone, 7);
  phone.proxy.cut();
  await page.evaluate(async () => {
    await window.app.client.sendMessage('direct:wanda-friend', 'never sent');
    await window.app.client.sendConversationReadReceipt('direct:wanda-friend');
  });
  await eventually('the note of the pending entries', async () => (await noteIn(page))?.pendingReceipts === 2);
  const [first] = phone.proxy.sent<Frame<'hello'>>('hello');
  const receiptsBefore = receiptsOf(friend, 'wanda');
  await page.goto('about:blank');
  await clear(phone, page, 'indexeddb');

  const before = phone.proxy.frames.length;
  phone.proxy.heal();
  await phone.open();
  await eventually('the count', async () => (await phone.total()) === 3);
  await untilLive(phone.page);
  await eventually('the report of the loss', async () => (await lost(phone.page)).length > 0);
  expect(await lost(phone.page)).toEqual([{ type: 'storageLost', count: 2 }]);
  await eventually('the messages again', async () => (await storedIn(phone.page, 'direct:wanda-friend')) === 7);
  expect(await phone.page.evaluate(() => window.app.client.explainUnread('direct:wanda-friend'))).toMatchObject({ readUpTo: 4 });
  expect(await totals(phone.page)).toEqual([3]);
  // The tab fetches messages again that were delivered before.
  expect(phone.proxy.sent('submit', before)).toEqual([]);
  expect(receiptsOf(friend, 'wanda')).toEqual(receiptsBefore);
  expect(phone.proxy.sent<Frame<'hello'>>('hello', before)[0]!.deviceId).not.toBe(first!.deviceId);
  expect(phone.troubles).toEqual([]);
});

it.each([
  ['IndexedDB', 'indexeddb'],
  ['all data of the site', 'all'],
] as const)(
  'after a wipe of %s under two running tabs, both go on, no count is wrong for a moment, and pending entries arrive once (F02, F11)',
  async (_what, types) => {
    const name = `will-${types}`;
    const chat: ConversationId = `direct:${name}-friend`;
    const phone = await world.device(name);
    const friend = await world.person(`${name}-friend`);
    await sendMany(friend, name, 5);
    const leader = await phone.start();
    await untilLive(leader);
    const follower = await phone.tab();
    await untilLive(follower);
    await delivered(friend, phone, 5);
    const [first] = phone.proxy.sent<Frame<'hello'>>('hello');
    phone.proxy.cut();
    await leader.evaluate((of) => window.app.client.sendMessage(of, 'kept'), chat);
    await follower.evaluate((of) => window.app.client.clearConversationUnreadCount(of), chat);
    await Promise.all([leader, follower].map((tab) => eventually('0', async () => (await totalOf(tab)) === 0)));
    const { generation } = (await noteIn(leader))!;
    await clear(phone, leader, types);
    // The step follows at once, before the tabs have noticed the wipe.
    await Promise.all(
      [leader, follower].map((tab, n) => tab.evaluate(([of, i]) => window.app.client.sendMessage(of, `later ${i}`), [chat, n] as const)),
    );
    await eventually('another store', async () => {
      const noted = await noteIn(leader);
      return noted !== undefined && noted.generation !== generation && noted.lost.includes(generation);
    });
    await Promise.all([leader, follower].map((tab) => eventually('all pending entries', async () => (await pendingOf(tab)) === 4)));

    const before = phone.proxy.frames.length;
    phone.proxy.heal();
    await eventually('her message', () => (friend.rows.get(`direct:${name}`)?.latestSeq ?? 0) >= 8);
    await Promise.all([leader, follower].map((tab) => eventually('an empty outbox', async () => (await pendingOf(tab)) === 0)));
    expect(friend.rows.get(`direct:${name}`)?.latestSeq).toBe(8);
    expect(receiptsOf(friend, name)).toMatchObject({ delivered: [[1, 5]], read: [] });
    for (const tab of [leader, follower]) {
      const seen = await totals(tab);
      expect(seen.slice(seen.indexOf(5))).toEqual([5, 0]);
      expect(await lost(tab)).toEqual([]);
    }
    expect(phone.proxy.sent<Frame<'hello'>>('hello', before)[0]!.deviceId).not.toBe(first!.deviceId);
    // The tab sends no receipts for repeated messages.
    const entries = phone.proxy.sent<Frame<'submit'>>('submit', before).flatMap(({ entries }) => entries as WireEntry[]);
    expect(entries.filter((entry) => entry.kind === 'receipts' && entry.delivered !== undefined)).toEqual([]);
    // The tabs still belong to one account: a log-out in one tab ends all of them.
    await leader.evaluate(() => window.app.client.logOut({ pending: 'discard' }));
    await eventually('the other tab to have left', () =>
      follower.evaluate(() =>
        window.app.client.flush().then(
          () => false,
          (error: unknown) => (error as { code: string }).code === 'usage/closed',
        ),
      ),
    );
    expect(await leads(follower)).toBe(false);
    expect(phone.troubles).toEqual([]);
  },
);

/** The worker of a later release, with a newer schema. */
const newerWorker = async (): Promise<string> => {
  const change = (code: string, from: string, to: string): string => {
    if (!code.includes(from)) throw new Error(`no longer there: ${from}`);
    return code.replace(from, to);
  };
  const code = await bundleWorker([
    {
      name: 'a-newer-schema',
      enforce: 'pre',
      transform(code, id) {
        if (id.endsWith('/src/log/tables.ts')) return change(code, 'SCHEMA = 1', 'SCHEMA = 2');
        if (id.endsWith('/src/store/migrations.ts'))
          return change(code, 'Migration[] = []', `Migration[] = [{ to: 2, run: async (tx) => tx.put('meta', 'renewed', true) }]`);
        return undefined;
      },
    },
  ]);
  await world.add('newer-worker.js', code);
  return '/newer-worker.js';
};

const codeOf = (page: Page, chat: ConversationId): Promise<string> =>
  page.evaluate(
    (of) =>
      window.app.client.sendMessage(of, 'refused').then(
        () => 'taken',
        (error: unknown) => (error as { code: string }).code,
      ),
    chat,
  );

it('when a tab of a newer release upgrades the database, the old tab reports the upgrade and stops, and the new tab sends the pending entries (F07, F09)', async () => {
  const phone = await world.device('ursa');
  const friend = await world.person('ursa-friend');
  const worker = await newerWorker();
  await sendMany(friend, 'ursa', 3);
  const old = await phone.start();
  await delivered(friend, phone, 3);
  phone.proxy.cut();
  await old.evaluate(async () => {
    await window.app.client.sendMessage('direct:ursa-friend', 'by the old one');
    await window.app.client.sendConversationReadReceipt('direct:ursa-friend');
  });
  const began = nowMs();
  const renewed = await phone.tab([], { worker });
  await eventually('the pending entries', async () => (await pendingOf(renewed)) === 2);
  console.log(`upgraded under an open tab: ${(nowMs() - began).toFixed(0)} ms until the new tab knew the pending entries`);
  // The streams of a new tab reach the page one after the other.
  await eventually('the durability of the new tab', async () => {
    const durability = await renewed.evaluate(() => window.app.connection.at(-1)?.[1].durability);
    return durability === 'durable';
  });
  expect(await codeOf(old, 'direct:ursa-friend')).toBe('store/version-ahead');
  phone.proxy.heal();
  const healedAt = nowMs();
  await eventually(
    'both at the sender',
    () => friend.rows.get('direct:ursa')?.latestSeq === 4 && receiptsOf(friend, 'ursa').read.length === 1,
  );
  console.log(`sent ${(nowMs() - healedAt).toFixed(0)} ms after the network was back`);
  await eventually('an empty outbox', async () => (await pendingOf(renewed)) === 0);
  expect(await totals(renewed)).toEqual([0]);

  // Old code started now writes nothing, and names the reason.
  const again = await phone.tab();
  expect(await codeOf(again, 'direct:ursa-friend')).toBe('store/version-ahead');
  expect(friend.rows.get('direct:ursa')?.latestSeq).toBe(4);
});

it('an upgrade blocked by a frozen tab: the account works in memory within 5 s, and on the disk once the frozen tab lets go, with nothing lost (F07)', async () => {
  const phone = await world.device('bloch', { isReal: true });
  const friend = await world.person('bloch-friend');
  const worker = await newerWorker();
  await sendMany(friend, 'bloch', 3);
  const old = await phone.start();
  await delivered(friend, phone, 3);
  phone.proxy.cut();
  await old.evaluate(() => window.app.client.sendMessage('direct:bloch-friend', 'by the old one'));
  const other = await phone.page.context().newPage();
  await other.bringToFront();
  await eventually('a hidden tab', () => old.evaluate(() => document.visibilityState === 'hidden'));
  await setFrozen(old, true);
  phone.proxy.heal();
  const renewed = await phone.tab([], { worker });
  const volatileAt = (): Promise<number | undefined> =>
    renewed.evaluate(() => window.app.connection.find(([, { durability }]) => durability === 'volatile')?.[0]);
  await eventually('a store in memory', async () => (await volatileAt()) !== undefined);
  console.log(`blocked: in memory ${(await volatileAt())!.toFixed(0)} ms after the page began`);
  await eventually('the count', async () => (await totalOf(renewed)) === 3);
  await eventually('the messages', async () => (await storedIn(renewed, 'direct:bloch-friend')) === 3);
  await eventually('to be live', () => renewed.evaluate(() => window.app.connection.at(-1)?.[1].state === 'live'));
  phone.proxy.cut();
  await renewed.evaluate(async () => {
    await window.app.client.sendConversationReadReceipt('direct:bloch-friend');
    await window.app.client.sendMessage('direct:bloch-friend', 'in memory');
  });
  const thawedAt = nowMs();
  await setFrozen(old, false);
  await eventually('a store on the disk', () => renewed.evaluate(() => window.app.connection.at(-1)?.[1].durability === 'durable'));
  console.log(`on the disk ${(nowMs() - thawedAt).toFixed(0)} ms after the thaw`);
  await eventually('all pending entries', async () => (await pendingOf(renewed)) === 3);
  phone.proxy.heal();
  await eventually(
    'all entries to arrive',
    () => friend.rows.get('direct:bloch')?.latestSeq === 5 && receiptsOf(friend, 'bloch').read.length === 1,
  );
  expect(await totals(renewed)).toEqual([3, 0]);
});

/** Random bytes, which no database can compress, as the text of a message. */
const bulk = (): string => randomBytes(12_000).toString('base64');

/** Fills the room that the site has left with other data. */
const fillUp = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const junk = await caches.open('junk');
    const fits = async (size: number): Promise<boolean> => {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
      return junk.put(`/${crypto.randomUUID()}`, new Response(bytes)).then(
        () => true,
        () => false,
      );
    };
    for (const size of [1 << 20, 1 << 17, 1 << 14, 1 << 11]) while (await fits(size));
  });

it('on a full device cached messages are evicted, each call succeeds or is refused with its reason, and no count or pending entry is lost (F04, F06)', async () => {
  const [ROOM, FRIENDS, EACH] = [30e6, 6, 50];
  const phone = await world.device('fulvia');
  const friends = await Promise.all(Array.from({ length: FRIENDS }, (_, n) => world.person(`fulvia-friend-${n}`)));
  const chats = friends.map(({ userId }): ConversationId => `direct:${userId}`);
  const ids = await Promise.all(
    friends.map(async (friend) => {
      const entries = Array.from({ length: EACH }, () => friend.messageEntry('direct:fulvia', bulk()) as WireMessageEntry);
      await friend.submit(entries);
      return entries.map(({ id }) => id);
    }),
  );
  const page = await phone.start([], {}, async (empty) => {
    // The override is set before the first write, and lasts as long as this session.
    const session = await empty.context().newCDPSession(empty);
    await session.send('Storage.overrideQuotaForOrigin', { origin: phone.origin, quotaSize: ROOM });
  });
  // The user's own messages go to the first chat.
  const held = async (): Promise<number> =>
    (await Promise.all(chats.slice(1).map((chat) => storedIn(page, chat)))).reduce((sum, n) => sum + n);
  await eventually('the count', async () => (await phone.total()) === FRIENDS * EACH);
  await eventually('all delivered', () => friends.every((friend) => receiptsOf(friend, 'fulvia').delivered[0]?.[1] === EACH));
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  const before = await held();
  expect(before).toBe((FRIENDS - 1) * EACH);

  // A large log is compacted when it rests: a full device cannot evict the messages of its log.
  const logText = (): Promise<number> =>
    page.evaluate(async () => {
      const [{ name }] = (await indexedDB.databases()).filter((one) => one.name?.startsWith('tidemark:')) as [{ name: string }];
      const done = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error!);
        });
      const db = await done(indexedDB.open(name));
      const records = await done<unknown[]>(db.transaction('log').objectStore('log').getAll());
      db.close();
      return records.reduce<number>((sum, record) => sum + String(record).length, 0);
    });
  await eventually('a compacted log', async () => (await logText()) < 1e6);
  // The app is closed meanwhile, because an open database keeps its promised room for half a minute.
  phone.proxy.cut();
  await world.add('nothing.html', '');
  await page.goto(`${phone.origin}/nothing.html`);
  await sleep(3000);
  await page.evaluate(() => new Promise((resolve) => (indexedDB.open('nothing').onsuccess = resolve)));
  await sleep(500);
  await fillUp(page);
  // SQLite keeps its promise after the database is closed.
  if (isOnSqlite()) await sleep(32_000);
  await phone.open();
  await eventually('the count', async () => (await phone.total()) === FRIENDS * EACH);

  const say = (text: string): Promise<string> =>
    page.evaluate(
      ([chat, body]) =>
        window.app.client.sendMessage(chat, body).then(
          () => 'taken',
          (error: unknown) => (error as { code: string }).code,
        ),
      [chats[0]!, text] as const,
    );
  // The room that a database finds differs from run to run.
  const [taken, refused] = await page.evaluate(async (chat) => {
    // Each text is a new one: SQLite compresses the record of 20 equal texts to a twentieth, and the device is never full.
    const bulk = (): string => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(12_000))));
    let done = 0;
    const codes = new Set<string>();
    while (codes.size === 0 && done < 4000)
      for (const said of await Promise.allSettled(Array.from({ length: 20 }, () => window.app.client.sendMessage(chat, bulk()))))
        if (said.status === 'fulfilled') done++;
        else codes.add((said.reason as { code: string }).code);
    return [done, [...codes]] as const;
  }, chats[0]!);
  expect(refused).toEqual(['store/quota-exceeded']);
  await eventually('cached messages to go', async () => (await held()) < before);
  console.log(`${before - (await held())} of ${before} cached messages went, ${taken} own ones were taken before there was no room`);

  const readAll = (): Promise<{ codes: string[]; read: boolean[]; tookMs: number }> =>
    page.evaluate(
      async ([all, named]) => {
        const { client } = window.app;
        const began = performance.now();
        const codes = new Set<string>();
        const attempt = (done: Promise<unknown>): Promise<boolean> =>
          done.then(
            () => true,
            (error: unknown) => (codes.add((error as { code: string }).code), false),
          );
        const read: boolean[] = [];
        for (const [n, chat] of all.entries()) {
          const isConfirmed = await attempt(client.sendReadReceipts(chat, named[n]!));
          const cleared = await attempt(client.sendConversationReadReceipt(chat));
          read.push(cleared);
          if (isConfirmed !== cleared) codes.add('taken in part');
        }
        return { codes: [...codes], read, tookMs: performance.now() - began };
      },
      [chats, ids] as const,
    );
  const attempted = await readAll();
  const cleared = attempted.read.filter((one) => one).length;
  console.log(`on a full device ${cleared} of ${FRIENDS} chats could be read, in ${attempted.tookMs.toFixed(0)} ms`);
  for (const code of attempted.codes) expect(['store/quota-exceeded', 'taken in part']).toContain(code);
  await eventually('the count after the call', async () => (await phone.total()) === (FRIENDS - cleared) * EACH);

  await page.evaluate(async () => {
    const junk = await caches.open('junk');
    await Promise.all((await junk.keys()).map((key) => junk.delete(key)));
  });
  const freedAt = nowMs();
  await eventually('free room', async () => (await say('with room')) === 'taken');
  console.log(`taken again ${(nowMs() - freedAt).toFixed(0)} ms after there was room`);
  expect(await readAll()).toMatchObject({ codes: [] });
  await eventually('nothing unread', async () => (await phone.total()) === 0);
  expect(await phone.pending()).toBe(FRIENDS + taken + 1);

  phone.proxy.heal();
  await eventually('all receipts to arrive', () =>
    friends.every((friend) => JSON.stringify(receiptsOf(friend, 'fulvia').named) === JSON.stringify([[1, EACH]])),
  );
  for (const friend of friends) expect(receiptsOf(friend, 'fulvia').read).toEqual([[1, EACH]]);
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  await eventually('the sent message', () => friends[0]!.rows.get('direct:fulvia')?.latestSeq === EACH + taken + 1);
  expect(await phone.total()).toBe(0);
  expect(phone.troubles).toEqual([]);
});

it('a read confirmed 50 ms before a kill is pending at the next start, and reaches the sender (F35)', async () => {
  const phone = await world.device('kim');
  const friend = await world.person('kim-friend');
  const ids = await sendMany(friend, 'kim', 6);
  const page = await phone.start();
  await delivered(friend, phone, 6);
  phone.proxy.cut();
  await eventually('to be offline', async () => (await phone.state()) !== 'live');
  const confirmedAt = await page.evaluate(async (read) => {
    await window.app.client.sendReadReceipts('direct:kim-friend', read.slice(0, 2));
    await window.app.client.sendConversationReadReceipt('direct:kim-friend', { upTo: read[3]! });
    return performance.timeOrigin + performance.now();
  }, ids);
  await sleep(Math.max(0, confirmedAt + 50 - nowMs()));
  await phone.kill();
  console.log(`killed ${(nowMs() - confirmedAt).toFixed(0)} ms after it was confirmed`);
  phone.proxy.heal();
  await phone.start();
  await eventually('the receipts', () => receiptsOf(friend, 'kim').read.length === 1);
  expect(receiptsOf(friend, 'kim')).toMatchObject({ read: [[1, 4]], named: [[1, 2]] });
  await eventually('the count', async () => (await phone.total()) === 2);
  expect(await totals(phone.page)).toEqual([2]);
});

it('a frame on another site has storage of its own: the frame and a tab both lead, and each receipt takes effect once (F33)', async () => {
  const phone = await world.device('paul');
  const friend = await world.person('paul-friend');
  const ids = await sendMany(friend, 'paul', 6);
  const tab = await phone.start();
  await delivered(friend, phone, 6);
  await world.add(
    'frame.html',
    '<iframe></iframe><script>document.querySelector("iframe").src = decodeURIComponent(location.hash.slice(1))</script>',
  );
  const outer = await phone.page.context().newPage();
  const elsewhere = phone.origin.replace('127.0.0.1', 'localhost');
  await outer.goto(`${elsewhere}/frame.html#${encodeURIComponent(tab.url())}`);
  let frame!: PageFrame;
  await eventually('the frame to load', () => {
    const inner = outer.frames().find((one) => one.url().startsWith(phone.origin));
    if (inner) frame = inner;
    return inner !== undefined;
  });
  await frame.waitForFunction(() => 'app' in window);
  await eventually('the same count', async () => (await frame.evaluate(() => window.app.total.at(-1)?.[1])) === 6);
  await eventually('the messages', async () => (await storedIn(frame, 'direct:paul-friend')) === 6);
  await eventually(
    'both to lead',
    async () => (await leads(tab)) && frame.evaluate(() => window.app.connection.at(-1)?.[1].leader === true),
  );
  const hellos = phone.proxy.sent<Frame<'hello'>>('hello').map(({ deviceId }) => deviceId);
  expect(new Set(hellos).size).toBe(2);

  // The same messages are read in both at once, and each sets a position of its own.
  await Promise.all(
    [tab, frame].map((one, n) =>
      one.evaluate(
        async ([read, i]) => {
          const { client } = window.app;
          await Promise.all([
            client.sendReadReceipts('direct:paul-friend', read.slice(i, i + 4)),
            client.sendConversationReadReceipt('direct:paul-friend', { upTo: read[i + 2]! }),
            client.sendMessage('direct:paul-friend', `from ${i}`),
          ]);
          await client.flush();
        },
        [ids, n] as const,
      ),
    ),
  );
  await eventually('all entries to arrive', () => friend.rows.get('direct:paul')?.latestSeq === 8);
  expect(receiptsOf(friend, 'paul')).toMatchObject({ delivered: [[1, 6]], read: [[1, 4]], named: [[1, 5]] });
  await eventually('the count', async () => (await totalOf(tab)) === 2 && (await frame.evaluate(() => window.app.total.at(-1)?.[1])) === 2);
  expect(phone.troubles).toEqual([]);
});
