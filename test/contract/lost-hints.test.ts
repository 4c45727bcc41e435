/** Two servers of one store with a bus that loses every hint: the promises that both servers keep without hints. */
import { afterEach, expect, it } from 'vitest';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { decodeServerFrame, encodeFrame } from '../../src/protocol/codec.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { createLocalBus, type HintBus } from '../../src/server/bus/bus.ts';
import type { PolicyChange } from '../../src/server/policy.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import type { ServerReadTx, ServerStore } from '../../src/server/store/server-store.ts';
import { TestClock } from '../support/test-clock.ts';
import { hello } from './server-harness.ts';

const WITHIN_MS = 5000;
const servers: ReceiptServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close().catch(() => undefined);
});

/** The bus brings hints to its own server alone. */
const deafBus = (): HintBus => {
  const { publish, subscribe } = createLocalBus();
  return { publish, subscribe };
};
const start = (
  store: ServerStore,
  clock: TestClock,
  bus = deafBus(),
  policy: PolicyChange = { limits: { members: 50 } },
): ReceiptServer => {
  const server = createReceiptServer({
    store: { ...store, close: async () => undefined },
    clock,
    bus,
    authenticate: async (userId) => ({ userId }),
    policy,
  });
  servers.push(server);
  return server;
};
const signIn = async (server: ReceiptServer, userId: string) => {
  const frames: ServerFrame[] = [];
  const codes: number[] = [];
  const connection = server.connect({
    send: (text) => void frames.push(decodeServerFrame(text)),
    close: (code) => void codes.push(code),
    buffered: 0,
  })!;
  connection.receive(encodeFrame(hello(userId)));
  await connection.settled();
  return { frames, codes };
};

it('a revocation whose hint the bus loses ends the connections at every server within 5 s, and only those from before it (F77)', async () => {
  const [store, clock] = [createMemoryStore(), new TestClock()];
  const [one, two] = [start(store, clock), start(store, clock)];
  await clock.pass(10);
  const [here, there, other] = [await signIn(one, 'ann'), await signIn(two, 'ann'), await signIn(two, 'ben')];
  await one.revoke('ann');
  expect(here.codes).toEqual([CLOSE.unauthorized]);
  const back = await signIn(one, 'ann');
  await clock.pass(WITHIN_MS);
  expect(there.codes).toEqual([CLOSE.unauthorized]);
  expect(other.codes).toEqual([]);
  expect(back.codes).toEqual([]);
  const again = await signIn(two, 'ann');
  await clock.pass(3 * WITHIN_MS);
  expect(again.codes).toEqual([]);
});

it('a server reads the notices at once after a gap of the bus (F70)', async () => {
  const [store, clock, bus] = [createMemoryStore(), new TestClock(), deafBus()];
  const [one, two] = [start(store, clock), start(store, clock, bus)];
  await clock.pass(10);
  const there = await signIn(two, 'ann');
  await one.revoke('ann');
  bus.publish({ kind: 'gap' });
  await clock.pass(1);
  expect(there.codes).toEqual([CLOSE.unauthorized]);
});

it('a change of the policy holds at every server within 5 s, over its own option, and at a server that starts later (F71)', async () => {
  const [store, clock] = [createMemoryStore(), new TestClock()];
  const [one, two] = [start(store, clock), start(store, clock)];
  await clock.pass(10);
  const there = await signIn(two, 'ann');
  const changes = [one.setPolicy({ limits: { entries: 7 } }), one.setPolicy({ receipts: { groups: true } })];
  expect(one.policy).toMatchObject({ limits: { entries: 7 }, receipts: { groups: true } });
  await Promise.all(changes);
  await two.setPolicy({ limits: { receiptIds: 9 } });
  await clock.pass(WITHIN_MS);
  const third = start(store, clock);
  await clock.pass(1);
  for (const server of [one, two, third])
    expect(server.policy).toMatchObject({ limits: { entries: 7, receiptIds: 9, members: 50 }, receipts: { groups: true } });
  expect(there.frames.at(-1)).toMatchObject({ type: 'welcome', limits: { entries: 7, receiptIds: 9 } });
});

it('a change of the policy that cannot be stored rejects, and is not in effect', async () => {
  const [store, clock] = [createMemoryStore(), new TestClock()];
  const broken: ServerStore = { ...store, tx: () => Promise.reject(new Error('read only')) };
  const one = start(broken, clock);
  const refused = expect(one.setPolicy({ limits: { entries: 7 } })).rejects.toThrow('read only');
  await clock.pass(1000);
  await refused;
  expect(one.policy.limits.entries).toBe(100);
});

it('a server that starts ends no message by its own option, which the stored policy has replaced (F135)', async () => {
  const [store, clock] = [createMemoryStore(), new TestClock()];
  const option = { retention: { messagesPerConversation: 1 } };
  const first = start(store, clock, deafBus(), option);
  await clock.pass(10);
  await first.setPolicy({ retention: { messagesPerConversation: 3 } });
  for (let i = 1; i <= 5; i++) await first.publish({ from: 'ann', to: { user: 'ben' }, body: i });
  const slow = async <T>(name: string, body: (tx: ServerReadTx) => Promise<T>): Promise<T> => {
    if (name === 'notices') await new Promise<void>((resolve) => clock.timer(500, resolve));
    return store.read(name, body);
  };
  const second = start({ ...store, read: slow }, clock, deafBus(), option);
  await clock.pass(1000);
  expect(second.policy.retention.messagesPerConversation).toBe(3);
  const [kept] = await store.read('kept', (tx) => tx.conversations('ann', ['direct:ben']));
  expect(kept).toMatchObject({ firstSeq: 3, latestSeq: 5 });
});

it('a server that does not know a value of the stored policy ends no message, until it knows the stored policy (F135)', async () => {
  const [store, clock] = [createMemoryStore(), new TestClock()];
  const server = start(store, clock, deafBus(), { retention: { messagesPerConversation: 3 } });
  await clock.pass(10);
  const storePolicy = (value: object): Promise<void> =>
    store.tx('policy', (tx) => tx.putNotice({ kind: 'policy', value: JSON.stringify(value), at: 0 }, 0));
  const first = async (): Promise<number | undefined> =>
    (await store.read('kept', (tx) => tx.conversations('ann', ['direct:ben'])))[0]?.firstSeq;
  await storePolicy({ retention: { messagesPerConversation: 'as many as a newer server allows' } });
  await clock.pass(WITHIN_MS);
  for (let i = 1; i <= 5; i++) await server.publish({ from: 'ann', to: { user: 'ben' }, body: i });
  await clock.pass(3 * 60 * 60 * 1000);
  expect(await first()).toBe(1);
  await storePolicy({});
  await clock.pass(WITHIN_MS);
  expect(await first()).toBe(3);
});
