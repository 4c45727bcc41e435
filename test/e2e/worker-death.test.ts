/** The worker dies and the page does not: calls end, streams go on, nothing is lost and nothing happens twice. */
import type { CDPSession } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { contains } from '../../src/model/registers/ranges.ts';
import { VERSION } from '../../src/model/version.ts';
import { stretched } from '../support/machine.ts';
import { delivered, type Device, eventually, sendMany, World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.clear());
afterAll(() => world.remove());

const live = (device: Device): Promise<void> => eventually('to be live', async () => (await device.state()) === 'live');

it('when a worker is terminated, pending calls reject with a typed error, the next worker answers, and streams and views go on (F28)', async () => {
  const phone = await world.device('walter');
  const [friend, seen] = await Promise.all([world.person('walter-friend'), world.person('walter-seen')]);
  await sendMany(friend, 'walter', 3);
  await sendMany(seen, 'walter', 1);
  await phone.start(['direct:walter-friend']);
  await Promise.all([delivered(friend, phone, 3), delivered(seen, phone, 1)]);
  await phone.page.evaluate(() => {
    document.hasFocus = () => true;
    window.app.client.viewConversation('direct:walter-seen');
  });
  await eventually('the viewed messages to be read', () => contains(seen.rows.get('direct:walter')?.theirs.read ?? [], 1));
  await eventually('the badge', async () => (await phone.total()) === 3);

  const killed = await phone.page.evaluate(async () => {
    const { client, workers } = window.app;
    const ends: string[] = [];
    client.watchOutbox().subscribe({ error: () => ends.push('error'), complete: () => ends.push('complete') });
    const started = performance.now();
    const since = (): number => Math.round(performance.now() - started);
    const pending = [
      client.flush({ timeoutMs: 2 ** 31 - 1 }),
      client.fetchReceipts(['nobody-sent-this']),
      client.setMuted('direct:walter-friend', false),
    ].map((call) =>
      call.then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    // The calls have reached the worker, and none has been answered.
    await Promise.resolve();
    await Promise.resolve();
    workers.at(-1)!.terminate();
    const fates = await Promise.all(pending);
    const toldMs = since();
    await client.setMuted('direct:walter-friend', false);
    return { fates, toldMs, answeredMs: since(), workers: workers.length, ends };
  });
  console.log(`terminated: callers told after ${killed.toldMs} ms, the next call answered after ${killed.answeredMs} ms`);
  expect(killed).toMatchObject({ fates: ['worker/restarted', 'worker/restarted', 'worker/restarted'], workers: 2, ends: [] });
  expect(killed.toldMs).toBeLessThan(await stretched(5000));

  // The next worker dies too, during the write of the last reads.
  await phone.page.evaluate(() => {
    const { client, workers } = window.app;
    const shown = client.watchMessages('direct:walter-seen', { limit: 1 }).subscribe(([newest]) => {
      if (newest?.seq !== 2) return;
      void Promise.resolve()
        .then(() => undefined)
        .then(() => workers.at(-1)!.terminate());
      setTimeout(() => shown.unsubscribe());
    });
  });
  await sendMany(friend, 'walter', 2);
  await sendMany(seen, 'walter', 1);
  await eventually('the view to go on', () => contains(seen.rows.get('direct:walter')?.theirs.named ?? [], 2));
  await eventually('the badge to go on', async () => (await phone.total()) === 5);
  expect(await phone.page.evaluate(() => window.app.workers.length)).toBe(3);
  const shown = await phone.page.evaluate(() => ({
    badge: window.app.badges['direct:walter-friend']!.map(([, value]) => value),
    events: window.app.events.map(([, event]) => JSON.stringify(event)),
    unread: window.app.conversations.map(([, list]) => list.find(({ id }) => id === 'direct:walter-seen')?.unreadCount ?? 0),
  }));
  // The badge never goes back and never repeats a value, and no event comes twice.
  expect(shown.badge).toEqual([...new Set(shown.badge)].sort((a, b) => a - b));
  expect(shown.badge.at(-1)).toBe(5);
  expect(shown.events.length).toBeGreaterThan(0);
  expect(shown.events).toEqual([...new Set(shown.events)]);
  expect(phone.troubles).toEqual([]);
});

it('with workers killed during their writes, each call takes effect as a whole or not at all, and once after a repetition (F27)', async () => {
  const phone = await world.device('wanda');
  const friend = await world.person('wanda-friend');
  await phone.start();
  await live(phone);
  const rounds = await phone.page.evaluate(async () => {
    const { client, workers } = window.app;
    const ids: string[] = [];
    let restarted = 0;
    const send = async (id: string): Promise<void> => {
      // The test repeats the call as an app does: every call is safe to repeat.
      for (;;)
        try {
          await client.sendMessage('direct:wanda-friend', { text: id }, { id });
          return;
        } catch (error) {
          if ((error as { code: string }).code !== 'worker/restarted') throw error;
          restarted++;
        }
    };
    for (let round = 0; round < 4; round++) {
      const batch = Array.from({ length: 10 }, (_, n) => `wanda-${round}-${n}`);
      ids.push(...batch);
      const sent = Promise.all(batch.map(send));
      // Most of the kills come within the transaction.
      await new Promise((resolve) => setTimeout(resolve, 2 * round));
      workers.at(-1)!.terminate();
      await sent;
      const held = await new Promise<readonly { id: string }[]>((resolve) => {
        const subscription = client.watchMessages('direct:wanda-friend', { limit: 100 }).subscribe((list) => {
          if (list.length < ids.length) return;
          resolve(list);
          setTimeout(() => subscription.unsubscribe());
        });
      });
      if (held.length !== ids.length || new Set(held.map(({ id }) => id)).size !== ids.length)
        throw new Error(`${held.length} of ${ids.length}`);
    }
    return { ids, restarted, workers: workers.length };
  });
  expect(rounds.restarted).toBeGreaterThan(0);
  expect(rounds.workers).toBe(5);
  await eventually('all messages at the server', () => friend.rows.get('direct:wanda')?.latestSeq === rounds.ids.length);
  await eventually('an empty outbox', async () => (await phone.pending()) === 0);
  expect(friend.rows.get('direct:wanda')?.latestSeq).toBe(rounds.ids.length);
  expect(phone.troubles).toEqual([]);
});

/** The lead of a worker in messages, and the messages after the page goes on. */
const MAX_NEWS = 10;

it('a page busy for seconds gets the newest values and not the backlog, and keeps its worker (F42)', async () => {
  const phone = await world.device('wilma');
  await phone.start();
  await live(phone);
  const other = await phone.page.context().newPage();
  await other.goto(phone.page.url());
  await other.waitForFunction(() => window.app.outbox.length > 0);
  phone.proxy.cut();
  await eventually('the phone to notice', async () => (await phone.state()) === 'offline');
  const busy = phone.page.evaluate(async () => {
    const { outbox, workers } = window.app;
    let news = 0;
    const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data')!;
    Object.defineProperty(MessageEvent.prototype, 'data', {
      get(this: MessageEvent) {
        const data: unknown = Reflect.apply(get!, this, []);
        if (typeof data === 'object' && data !== null && 'values' in data) news++;
        return data;
      },
    });
    const until = performance.now() + 3000;
    while (performance.now() < until);
    // Messages from the queue of the meantime are handled before this message.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { news, shown: outbox.at(-1)![1].pending, workers: workers.length };
  });
  const written = await other.evaluate(async () => {
    const until = performance.now() + 2500;
    let count = 0;
    // The changes run one after the other, so each is a change of its own in every tab.
    for (; performance.now() < until; count++) {
      await window.app.client.sendMessage('direct:wilma-friend', count);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return count;
  });
  const { news, shown, workers } = await busy;
  await eventually('the newest value', async () => (await phone.pending()) === written);
  console.log(`${written} writes of another tab while the page was busy: ${news} messages of news waited for it, then it showed ${shown}`);
  expect(written).toBeGreaterThan(2 * MAX_NEWS);
  expect(news).toBeLessThanOrEqual(MAX_NEWS);
  expect(workers).toBe(1);
  expect(phone.troubles).toEqual([]);
});

interface Subscribable {
  subscribe(): { unsubscribe(): void };
}

/** Bytes in use after a garbage collection. */
const heap = async (send: (method: string) => Promise<unknown>): Promise<number> => {
  for (let n = 0; n < 3; n++) await send('HeapProfiler.collectGarbage');
  return ((await send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize;
};

/** The protocol of the page's only dedicated worker, which has no session of its own. */
const workerProtocol = async (session: CDPSession): Promise<(method: string) => Promise<unknown>> => {
  let lastId = 0;
  const waiting = new Map<number, (result: unknown) => void>();
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId);
    });
  });
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id: number; result: unknown };
    waiting.get(id)?.(result);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const sessionId = await attached;
  return (method) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) }).catch(reject);
    });
};

it('thousands of ended subscriptions leave nothing in the page and nothing in the worker', async () => {
  const phone = await world.device('willy');
  const friend = await world.person('willy-friend');
  await sendMany(friend, 'willy', 2);
  await phone.start();
  await delivered(friend, phone, 2);
  const session = await phone.page.context().newCDPSession(phone.page);
  const inPage = (method: string): Promise<unknown> => session.send(method as 'Runtime.getHeapUsage');
  const inWorker = await workerProtocol(session);
  const rounds = (count: number): Promise<void> =>
    phone.page.evaluate(async (many) => {
      const { client } = window.app;
      for (let round = 0; round < many / 100; round++) {
        const streams = Array.from({ length: 10 }, (_, n): Subscribable[] => {
          const chat = `direct:willy-${n}` as const;
          return [
            client.watchTotalUnreadCount(),
            client.watchUnreadCount(chat),
            client.watchConversations({ limit: 1 + n }),
            client.watchConversation(chat),
            client.watchMessages('direct:willy-friend', { limit: 1 + n }),
            client.watchReceipts(`message-${n}`),
            client.watchConnection(),
            client.watchOutbox(),
            client.watchDeadLetters(),
            client.watchEvents(),
          ];
        });
        const all = streams.flat().map((stream) => stream.subscribe());
        const viewings = Array.from({ length: 10 }, (_, n) => client.viewConversation(`direct:willy-${n}`));
        // Some subscriptions end before the worker has sent a value, and some after.
        if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        for (const subscription of all) subscription.unsubscribe();
        for (const viewing of viewings) viewing.close();
      }
      // Time for the work under way: timers and the last answers.
      await client.flush();
      await new Promise((resolve) => setTimeout(resolve, 400));
    }, count);
  await rounds(2000);
  const before = [await heap(inPage), await heap(inWorker)];
  const streams = await phone.page.evaluate(() => window.app.openStreams());
  await rounds(4000);
  const after = [await heap(inPage), await heap(inWorker)];
  const [page, worker] = after.map((bytes, n) => Math.round((bytes - before[n]!) / 1000));
  console.log(`4,000 subscriptions later: ${page} kB more in the page, ${worker} kB more in the worker`);
  expect(await phone.page.evaluate(() => window.app.openStreams())).toBe(streams);
  // Each leaked subscription would leave at least 100 bytes.
  expect(page).toBeLessThan(300);
  expect(worker).toBeLessThan(300);
  expect(phone.troubles).toEqual([]);
});

it('a page refuses a worker file of another release or a missing one, and names the way out (F43)', async () => {
  const phone = await world.device('wendy');
  await phone.start();
  await live(phone);
  let serving: 'another' | 'none' | 'this' = 'another';
  await phone.page.context().route(/\/worker-(?!lives|lock|source)[^/]*\.js$/, async (route) => {
    if (serving === 'none') return route.fulfill({ status: 503, body: '' });
    if (serving === 'this') return route.continue();
    const response = await route.fetch();
    const text = await response.text();
    expect(text).toContain(VERSION);
    await route.fulfill({ response, body: text.replaceAll(VERSION, '0.0.1') });
  });
  // The inline copy of the worker (F127) is missing too.
  await phone.page.context().route('**/inline-worker*.js', async (route) => {
    if (serving === 'none') await route.fulfill({ status: 503, body: '' });
    else await route.continue();
  });
  const outcome = (): Promise<unknown> =>
    phone.page.evaluate(() =>
      window.app.client.setMuted('direct:wendy-friend', true).then(
        () => 'done',
        (error: unknown) => [(error as { code: string }).code, String(error).includes('reload the page')],
      ),
    );
  await phone.open();
  expect(await outcome()).toEqual(['protocol/version-unsupported', true]);
  await eventually('the page to report that', () =>
    phone.page.evaluate(() => window.app.connection.at(-1)?.[1].error?.code === 'protocol/version-unsupported'),
  );
  serving = 'none';
  await phone.open();
  expect(await outcome()).toEqual(['worker/unavailable', false]);
  // Once the file is served again, the page recovers without a reload.
  serving = 'this';
  await eventually('the page to heal', async () => (await phone.state()) === 'live');
  expect(await outcome()).toBe('done');
  expect(phone.troubles).toEqual([]);
});
