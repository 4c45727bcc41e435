/** The cost of an entry in a large group: rows read from the store, and steps of loops. */
import { describe, expect, it } from 'vitest';
import { applyEntries, type Rules } from '../../../src/server/submit/apply-entries.ts';
import { changeMembers } from '../../../src/server/groups/membership.ts';
import { createMemoryStore, type MemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import { DEFAULT_POLICY } from '../../../src/server/policy.ts';
import { readEntries } from '../../../src/server/submit/read-entries.ts';
import type { ServerTx } from '../../../src/server/store/server-store.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { hello } from '../../contract/server-harness.ts';
import { countSteps } from '../../support/counted-steps.ts';
import { FakeSocket } from '../../support/fake-socket.ts';
import { TestClock } from '../../support/test-clock.ts';

const receipts = { ...DEFAULT_POLICY.receipts, groups: true, maxMembers: 100_000 };
const RULES: Rules = { mayWrite: () => true, receipts: () => receipts };

/** Wraps a transaction and counts the returned rows. */
const counting = (tx: ServerTx): { readonly tx: ServerTx; readonly rows: () => number } => {
  let rows = 0;
  const counted = Object.fromEntries(
    Object.entries(tx).map(([name, value]: [string, unknown]) => [
      name,
      typeof value !== 'function'
        ? value
        : async (...args: unknown[]): Promise<unknown> => {
            const result: unknown = await (value as (...all: unknown[]) => Promise<unknown>)(...args);
            if (Array.isArray(result)) rows += result.length;
            return result;
          },
    ]),
  );
  return { tx: counted as unknown as ServerTx, rows: () => rows };
};

const groupOf = async (size: number): Promise<MemoryStore> => {
  const store = createMemoryStore();
  const members = new Map(Array.from({ length: size }, (_, i) => [`m${i}`, 'member' as const]));
  await store.tx('members', (tx) => changeMembers(tx, 'g', members, 'stay'));
  return store;
};

let keys = 0;
const sent = (more: object = {}) => ({
  kind: 'message',
  key: `k${++keys}`,
  conversationId: 'group:g',
  cursor: null,
  id: `id-${keys}`,
  body: '1',
  receiptRequested: true,
  countable: true,
  ...more,
});
const position = (more: object = {}) => ({
  kind: 'receipts',
  key: `k${++keys}`,
  conversationId: 'group:g',
  cursor: null,
  position: 1,
  ...more,
});

const cost = async (store: MemoryStore, me: string, entries: readonly { key: string }[]): Promise<{ rows: number; steps: number }> => {
  let rows = 0;
  const steps = await countSteps(() =>
    store.tx('submit', async (real) => {
      const { tx, rows: read } = counting(real);
      const { results } = await applyEntries(tx, { userId: me, deviceId: 'd' }, readEntries(me, entries), RULES);
      if (results.some(({ outcome }) => outcome !== 'confirmed')) throw new Error(JSON.stringify(results));
      rows = read();
    }),
  );
  return { rows, steps };
};

describe('the cost of entries in a large group', () => {
  it('an entry for the user’s own devices alone reads no other member, for any size of the group (F121)', async () => {
    const costs = [];
    for (const size of [100, 1000]) {
      const store = await groupOf(size);
      await cost(store, 'm0', [sent()]);
      const read = await cost(store, 'm1', [position(), position({ muted: { count: 1, value: true } })]);
      const named = await cost(store, 'm2', [position({ named: [[1, 1]] })]);
      costs.push({ read, named });
    }
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[0]!.read.rows).toBeLessThan(10);
  });

  it('a message reads each member once, and ten messages in one frame read no more (F121)', async () => {
    const costOf = async (size: number, messages: number) =>
      cost(
        await groupOf(size),
        'm0',
        Array.from({ length: messages }, () => sent()),
      );
    const small = await costOf(200, 1);
    const large = await costOf(2000, 1);
    const many = await costOf(2000, 10);
    expect(large.rows - small.rows).toBe(1800);
    // Ten times the members cost at most about ten times the steps.
    expect(large.steps).toBeLessThan(small.steps * 11);
    expect(many.steps - large.steps).toBeLessThan(2000);
  });

  it('adding a member reads no other member (F121)', async () => {
    const rowsOf = async (size: number): Promise<number> => {
      const store = await groupOf(size);
      return store.tx('members', async (real) => {
        const { tx, rows } = counting(real);
        expect(await changeMembers(tx, 'g', new Map([['late', 'member']]), 'stay')).toEqual(['late']);
        return rows();
      });
    };
    expect(await rowsOf(1000)).toBe(await rowsOf(10));
  });
});

it('a hint costs steps for the connections of its users, not for all connections (F121)', async () => {
  const stepsAmong = async (others: number): Promise<number> => {
    const clock = new TestClock();
    const server = createReceiptServer({
      store: createMemoryStore({ now: clock.wall }),
      authenticate: async (token) => ({ userId: token }),
      clock,
    });
    for (let i = 0; i < others; i++) {
      const connection = server.connect(new FakeSocket())!;
      connection.receive(JSON.stringify(hello(`other-${i}`)));
      await connection.settled();
    }
    return countSteps(() => server.publish({ from: 'ann', to: { user: 'bob' }, body: 1, id: 'one' }));
  };
  expect(await stepsAmong(500)).toBe(await stepsAmong(5));
});
