/** Calls of one client take effect in the order of the page: every call with every query and every end. */
import 'fake-indexeddb/auto';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { WorkerConnection } from '../../../src/bridge/connect.ts';
import type { LogOut } from '../../../src/model/api/log-out.ts';
import type { Intents, Queries } from '../../../src/model/api/intents.ts';
import type { Topic, TopicValue } from '../../../src/model/api/topic.ts';
import type { TestWorld } from '../../../src/testing/world.ts';
import { goOffline, goOnline, reach } from '../../support/on-tab.ts';
import { twoPeople } from '../../support/whole-client.ts';

type World = Awaited<ReturnType<typeof twoPeople>> & { readonly letter: string };

/** The world of the running test. */
let virtual: TestWorld;
/** Lets time pass until the promise settles. */
const settled = <T>(promise: Promise<T>): Promise<T> => virtual.until(promise);
const reaches = <T extends Topic>(connection: WorkerConnection, topic: T, accepts: (value: TopicValue[T['of']]) => boolean) =>
  settled(firstValueFrom(connection.streams.watch(topic).pipe(filter(accepts))));
const now = <T extends Topic>(connection: WorkerConnection, topic: T) => reaches(connection, topic, () => true);

/** Alice has 3 unread messages of bob, 1 in the group, a message of her own and a rejected one. Then the network is cut. */
const world = async (): Promise<World> => {
  const made = await twoPeople();
  virtual = made.world;
  const { phone, bob } = made;
  const { connection } = phone.open();
  for (const id of ['m1', 'm2', 'm3']) await bob.say('alice', id, { id, requestReceipt: id !== 'm3' });
  await bob.do('sendMessage', 'group:crew', { id: 'g1', body: '1', requestReceipt: true });
  await settled(connection.intent('sendMessage', 'direct:bob', { id: 'mine', body: '1' }));
  await settled(connection.intent('sendMessage', 'group:nowhere', { id: 'refused', body: '1' }));
  await reaches(connection, { of: 'total-unread' }, (count) => count === 4);
  const [letter] = await reaches(connection, { of: 'dead-letters' }, (all) => all.length === 1);
  await bob.until(
    { of: 'messages', conversationId: 'direct:alice', limit: 9 },
    (all) => all.length === 4 && all.every(({ id, status }) => id === 'mine' || status === 'delivered'),
  );
  const messages = { of: 'messages', conversationId: 'direct:bob', limit: 9 } as const;
  await reaches(connection, messages, (all) => all.find(({ id }) => id === 'mine')?.status === 'delivered');
  await reaches(connection, { of: 'messages', conversationId: 'group:crew', limit: 9 }, (all) => all.length === 1);
  await reaches(connection, { of: 'outbox' }, ({ pending }) => pending === 0);
  goOffline(phone.device);
  await settled(connection.close());
  return { ...made, letter: letter!.id };
};

const CALLS: { readonly [K in keyof Intents]: (world: World) => Parameters<Intents[K]> } = {
  sendMessage: () => ['direct:bob', { id: 'new', body: '1' }],
  recallMessage: () => ['mine'],
  sendReadReceipts: () => ['direct:bob', ['m1']],
  sendConversationReadReceipt: () => ['direct:bob', {}],
  clearConversationUnreadCount: () => ['direct:bob'],
  clearMessages: () => ['direct:bob', ['m1']],
  clearAllUnreadCounts: () => [],
  setMarkedUnread: () => ['direct:bob', true],
  setMuted: () => ['direct:bob', true],
  setArchived: () => ['direct:bob', true],
  setReceiptSettings: () => [{ readReceipts: false }],
  readArrivals: () => ['direct:bob', 0],
  readGroup: () => ['group:crew'],
  passArrivals: () => ['direct:bob', 0, 9],
  setPaused: () => [true],
  dismissDeadLetter: ({ letter }) => [letter],
  retryDeadLetter: ({ letter }) => [letter, {}],
};
/** Without `dropCachedMessages`, which changes the answers of the others: drop-messages.test.ts tests its order. */
type Question = Exclude<keyof Queries, 'dropCachedMessages'>;
const QUESTIONS: { readonly [K in Question]: Parameters<Queries[K]> } = {
  loadOlderMessages: ['direct:bob', 5],
  loadMessages: ['direct:bob', { around: 1, limit: 5 }],
  findMessage: ['m1'],
  seqOf: ['direct:bob', 'm1'],
  firstUnread: ['direct:bob'],
  explainUnread: ['direct:bob'],
  settledOf: [[]],
  fetchReceipts: [['mine']],
  fetchReadMembers: ['g1', { filter: 'read', cursor: null, limit: 10 }],
  storage: [],
  inspect: [],
  flush: [20],
};
const calls = Object.keys(CALLS) as (keyof Intents)[];
const questions = Object.keys(QUESTIONS) as Question[];

const call = (connection: WorkerConnection, name: keyof Intents, world: World): Promise<unknown> =>
  (connection.intent as (name: string, ...args: unknown[]) => Promise<unknown>)(name, ...CALLS[name](world));
const ask = (connection: WorkerConnection, name: Question): Promise<unknown> =>
  (connection.query as (name: string, ...args: unknown[]) => Promise<unknown>)(name, ...QUESTIONS[name]);
const leave = (connection: WorkerConnection, pending: LogOut['pending'], timeoutMs = 50): Promise<void> =>
  connection.logOut({ pending, timeoutMs, keepData: false });

/** The stored state, without ids and times. */
const stateOf = async (connection: WorkerConnection) => {
  const { readUpTo, unreadCount, pending } = await settled(connection.query('explainUnread', 'direct:bob'));
  const conversations = await now(connection, { of: 'conversations', limit: 9 });
  const messages = await now(connection, { of: 'messages', conversationId: 'direct:bob', limit: 9 });
  const group = await settled(connection.query('explainUnread', 'group:crew'));
  const state = {
    readUpTo,
    unreadCount,
    pending: pending.length,
    group: [group.unreadCount, group.pending.length],
    flags: conversations.map(({ id, markedUnread, muted }) => ({ id, markedUnread, muted })).sort((a, b) => a.id.localeCompare(b.id)),
    messages: messages.map(({ id, status }) => [id, status]),
    outbox: (await now(connection, { of: 'outbox' })).pending,
    paused: (await now(connection, { of: 'connection' })).paused,
    letters: (await now(connection, { of: 'dead-letters' })).length,
  };
  // This call shows whether receipts are on, and changes nothing, because the message requests no receipt.
  const { skipped } = await settled(connection.intent('sendReadReceipts', 'direct:bob', ['m3']));
  return { ...state, skipped };
};

/** The ends of requests, in order: a value, or the code of an error. */
class Endings {
  readonly #of = new Map<string, unknown>();

  add(name: string, run: Promise<unknown>): void {
    const end = (value: unknown): void => void this.#of.set(name, value);
    run.then(end, (error: unknown) => end((error as { code?: string }).code ?? error));
  }

  async all(count: number): Promise<ReadonlyMap<string, unknown>> {
    await reach(virtual, `${count} ends`, () => this.#of.size === count, 10_000);
    return this.#of;
  }
}

const open = async (made: World, mode: 'booting' | 'running') => {
  const page = made.phone.open();
  if (mode === 'running') await settled(page.connection.started);
  return page;
};
const MODES = ['booting', 'running'] as const;
const EACH = calls.flatMap((name) => MODES.map((mode) => [name, mode] as const));

const tryAwaited = async (name: keyof Intents) => {
  const made = await world();
  const { connection } = await open(made, 'running');
  const before = await stateOf(connection);
  await settled(call(connection, name, made));
  const after = await stateOf(connection);
  expect(after).not.toEqual(before);
  await settled(connection.close());
  return { before, after };
};

const known = new Map<keyof Intents, ReturnType<typeof tryAwaited>>();
/** The stored state before and after a call of a page with an await for each request. */
const awaited = (name: keyof Intents): ReturnType<typeof tryAwaited> => {
  const made = known.get(name) ?? tryAwaited(name);
  known.set(name, made);
  return made;
};

describe('calls and queries in one turn of the page', () => {
  it.each(EACH)(
    '%s is in force for the queries after it, and stored before close() resolves; the worker is %s (F111)',
    async (name, mode) => {
      const { after } = await awaited(name);
      const made = await world();
      const { connection, workers } = await open(made, mode);
      const endings = new Endings();
      endings.add('call', call(connection, name, made));
      for (const question of questions) endings.add(question, ask(connection, question));
      endings.add('close', connection.close());
      endings.add('late call', call(connection, name, made));
      endings.add('late question', ask(connection, 'flush'));
      const ended = await endings.all(questions.length + 4);
      expect([...ended.keys()][0]).toBe('call');
      const closed = [...ended].filter(([, end]) => end === 'usage/closed').map(([request]) => request);
      expect(closed.sort()).toEqual(['late call', 'late question']);
      expect(ended.get('explainUnread')).toMatchObject({ readUpTo: after.readUpTo, unreadCount: after.unreadCount });
      expect(ended.get('flush')).toEqual({ sent: 0, pending: after.outbox, rejected: 0 });
      expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true]);
      const again = await open(made, 'running');
      expect(await stateOf(again.connection)).toEqual(after);
      await settled(again.connection.close());
    },
  );

  it.each(EACH)('%s is not in force for the queries before it; the worker is %s (F111)', async (name, mode) => {
    const { before, after } = await awaited(name);
    const made = await world();
    const { connection } = await open(made, mode);
    const first = connection.query('explainUnread', 'direct:bob');
    // Without the query in between, this call and the next one would share a transaction.
    const muted = connection.intent('setMuted', 'group:crew', false);
    const second = connection.query('explainUnread', 'direct:bob');
    void call(connection, name, made);
    const third = connection.query('explainUnread', 'direct:bob');
    const seen = await settled(Promise.all([first, second, third]));
    await settled(muted);
    const { readUpTo, unreadCount } = before;
    expect(seen).toMatchObject([
      { readUpTo, unreadCount },
      { readUpTo, unreadCount },
      { readUpTo: after.readUpTo, unreadCount: after.unreadCount },
    ]);
    await settled(connection.close());
  });

  it.each(EACH)('a log-out with `send` counts %s, and later requests wait for the log-out; the worker is %s (F111)', async (name, mode) => {
    const { after } = await awaited(name);
    const made = await world();
    const { connection } = await open(made, mode);
    const endings = new Endings();
    endings.add('call', call(connection, name, made));
    endings.add(
      'log-out',
      leave(connection, 'send').then(
        () => 'left',
        (error: unknown) => (error as { pending: number }).pending,
      ),
    );
    endings.add('question', ask(connection, 'explainUnread'));
    endings.add('close', connection.close());
    const ended = await endings.all(4);
    expect([...ended.keys()]).toEqual(['call', 'log-out', 'question', 'close']);
    expect(ended.get('log-out')).toBe(after.outbox === 0 ? 'left' : after.outbox);
    if (after.outbox === 0) expect(ended.get('question')).toBe('usage/closed');
    else expect(ended.get('question')).toMatchObject({ readUpTo: after.readUpTo });
  });

  it.each(EACH)(
    '%s is answered before a log-out with `discard`, and refused after the log-out; the worker is %s (F111)',
    async (name, mode) => {
      const made = await world();
      const { connection } = await open(made, mode);
      const endings = new Endings();
      endings.add('call', call(connection, name, made));
      for (const question of questions) endings.add(question, ask(connection, question));
      endings.add('log-out', leave(connection, 'discard'));
      endings.add('late call', call(connection, name, made));
      endings.add('late question', ask(connection, 'explainUnread'));
      endings.add('late log-out', leave(connection, 'discard'));
      endings.add('close', connection.close());
      const ended = await endings.all(questions.length + 6);
      const closed = [...ended].filter(([, end]) => end === 'usage/closed').map(([request]) => request);
      expect(closed.sort()).toEqual(['late call', 'late log-out', 'late question']);
      expect(ended.get('log-out')).toBeUndefined();
      // The next log-in finds no trace of the call.
      const again = await open(made, 'running');
      expect(await now(again.connection, { of: 'messages', conversationId: 'direct:bob', limit: 9 })).toEqual([]);
      await settled(again.connection.close());
    },
  );

  it.each(MODES)('flush counts the earlier message, offline and online, and no later message; the worker is %s (F111)', async (mode) => {
    const made = await world();
    const { connection } = await open(made, mode);
    void connection.intent('sendMessage', 'direct:bob', { body: '1' });
    const offline = connection.query('flush', 20);
    expect(await settled(offline)).toEqual({ sent: 0, pending: 1, rejected: 0 });
    await settled(connection.close());
    goOnline(made.phone.device);
    const online = await open(made, mode);
    void online.connection.intent('clearConversationUnreadCount', 'direct:bob');
    const flushed = online.connection.query('flush', 5000);
    expect(await settled(flushed)).toMatchObject({ pending: 0, rejected: 0 });
    await settled(online.connection.close());
    await virtual.pass(1000);
    const texts = await made.bob.now({ of: 'messages', conversationId: 'direct:alice', limit: 9 });
    expect(texts).toHaveLength(5);
  });

  it.each(MODES)(
    'a waiting flush is answered when the client ends, with the number of entries sent so far; the worker is %s (F111)',
    async (mode) => {
      for (const end of ['close', 'discard'] as const) {
        const made = await world();
        const { connection } = await open(made, mode);
        void connection.intent('sendMessage', 'direct:bob', { body: '1' });
        const flushed = connection.query('flush', 3_600_000);
        await settled(end === 'close' ? connection.close() : leave(connection, 'discard'));
        expect(await settled(flushed), end).toEqual({ sent: 0, pending: 1, rejected: 0 });
      }
    },
  );

  it('a query without an answer from the server ends with an error when the client closes, and delays close() for at most 2 s (F111)', async () => {
    const made = await world();
    goOnline(made.phone.device);
    made.phone.device.changePorts = ({ net, ...ports }) => ({
      ...ports,
      net: { connect: net.connect, request: () => new Promise(() => undefined) },
    });
    const { connection } = await open(made, 'running');
    const asked = connection.query('fetchReceipts', ['mine']).catch((error: unknown) => error);
    const stored = connection.intent('setMuted', 'direct:bob', true);
    const since = virtual.time.now;
    await settled(connection.close());
    expect(virtual.time.now - since).toBeLessThan(5000);
    expect(await settled(asked)).toMatchObject({ code: 'transport/closed' });
    await settled(stored);
  });

  it.each(MODES)('a subscriber sees the effect of all calls before close() resolves; the worker is %s (F111)', async (mode) => {
    const made = await world();
    const { connection } = await open(made, mode);
    const seen: unknown[] = [];
    connection.streams.watch({ of: 'unread', conversationId: 'direct:bob' }).subscribe({
      next: (count) => seen.push(count),
      complete: () => seen.push('complete'),
    });
    void connection.intent('clearConversationUnreadCount', 'direct:bob');
    await settled(connection.close());
    expect(seen.slice(-2)).toEqual([0, 'complete']);
  });

  it('a thousand calls of a turn go to the worker as a single message, and a query among the calls adds a second message (F111)', async () => {
    const made = await world();
    const { connection, workers } = await open(made, 'running');
    let crossings = 0;
    const post = workers[0]!.postMessage.bind(workers[0]);
    workers[0]!.postMessage = (message, transfer) => {
      crossings++;
      post(message, transfer);
    };
    const sent = Array.from({ length: 1000 }, (_, n) => connection.intent('sendMessage', 'direct:bob', { body: String(n) }));
    expect(await settled(connection.query('flush', 1))).toMatchObject({ pending: 1000 });
    await settled(Promise.all(sent));
    expect(crossings).toBe(2);
    await settled(connection.close());
  });
});
