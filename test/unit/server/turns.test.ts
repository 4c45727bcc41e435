import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import type { ServerStore } from '../../../src/server/store/server-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { inTurnsOf, Turns } from '../../../src/server/store/turns.ts';
import { hello, messageTo } from '../../contract/server-harness.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

/** A store with transactions in turn, each with a duration from the test. */
const slowStore = (clock: TestClock, ms: number): ServerStore & { readonly began: string[] } => {
  const store = createMemoryStore({ now: clock.wall });
  const began: string[] = [];
  const slowly = async <T>(body: () => Promise<T>): Promise<T> => {
    const result = await body();
    await new Promise<void>((resolve) => clock.timer(ms, resolve));
    return result;
  };
  return {
    began,
    read: (name, body) => slowly(() => store.read(name, body)),
    tx: (name, body) =>
      slowly(() =>
        store.tx(name, (tx) => {
          began.push(name);
          return body(tx);
        }),
      ),
    close: () => store.close(),
  };
};

describe('turns of the users at the store', () => {
  it('users take turns at the store, for any number of waiting jobs of one user (F120)', async () => {
    const turns = new Turns(new TestClock(), 1);
    const order: string[] = [];
    const run = (user: string, times: number): Promise<void>[] =>
      Array.from({ length: times }, () => turns.run(user, async () => void order.push(user)));
    await Promise.all([...run('hog', 6), ...run('bob', 2), ...run('cat', 1)]);
    expect(order).toEqual(['hog', 'hog', 'bob', 'cat', 'hog', 'bob', 'hog', 'hog', 'hog'].slice(0, 9));
  });

  it('a later user waits for at most one transaction of each other user (F120)', async () => {
    const turns = new Turns(new TestClock(), 1);
    const order: string[] = [];
    const step = (user: string) => turns.run(user, async () => void order.push(user));
    const all = Array.from({ length: 8 }, () => step('hog'));
    await step('bob');
    expect(order.filter((user) => user === 'hog').length).toBeLessThanOrEqual(2);
    await Promise.all(all);
  });

  it('the store runs as many jobs at once as possible, and goes on after a failed job', async () => {
    const turns = new Turns(new TestClock(), 2);
    let running = 0;
    let maxRunning = 0;
    const job = async (): Promise<void> => {
      maxRunning = Math.max(maxRunning, ++running);
      await new Promise((resolve) => setTimeout(resolve));
      running--;
      throw new Error('no');
    };
    const results = await Promise.allSettled(['a', 'b', 'c', 'a', 'b'].map((user) => turns.run(user, job)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(maxRunning).toBe(2);
  });

  it('the backlog of a user is the number of begun frames times the time of the store for a single frame', async () => {
    const clock = new TestClock();
    const turns = new Turns(clock, 1);
    const store = inTurnsOf(slowStore(clock, 100), turns, 'ann');
    const frame = () => turns.during('ann', () => store.read('x', async () => undefined));
    const first = frame();
    await clock.pass(100);
    await first;
    expect(turns.backlogMs('ann')).toBe(0);
    const more = Promise.all([frame(), frame(), frame()]);
    expect(turns.backlogMs('ann')).toBe(300);
    expect(turns.backlogMs('bob')).toBe(0);
    await clock.pass(400);
    await more;
    expect(turns.backlogMs('ann')).toBe(0);
  });
});

it('an account with a large backlog must wait, and no other account must (F120)', async () => {
  const clock = new TestClock();
  const server = createReceiptServer({
    store: slowStore(clock, 400),
    authenticate: async (token) => ({ userId: token }),
    clock,
  });
  const open = (user: string) => {
    const socket = new FakeSocket();
    const connection = server.connect(socket)!;
    connection.receive(JSON.stringify(hello(user)));
    return {
      socket,
      submit: (id: string) => connection.receive(JSON.stringify({ type: 'submit', id: 1, entries: [messageTo(`${user}-peer`, id)] })),
    };
  };
  const hogs = Array.from({ length: 8 }, () => open('hog'));
  const bob = open('bob');
  await clock.pass(0);
  // The first frames show how long the store takes.
  hogs[0]!.submit('warm');
  await clock.pass(2000);
  hogs.forEach(({ submit }, i) => submit(`h${i}`));
  await clock.pass(0);
  bob.submit('b');
  await clock.pass(1200);
  expect(bob.socket.sent.map(({ type }) => type)).toEqual(['welcome', 'answer']);
  const refused = hogs.flatMap(({ socket }) => socket.sent.filter(({ type }) => type === 'error'));
  expect(refused.length).toBeGreaterThan(0);
  for (const one of refused) expect(one).toMatchObject({ code: 'server/busy', id: 1, retryAfterMs: expect.any(Number) as number });
  await clock.pass(60_000);
});
