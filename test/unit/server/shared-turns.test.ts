/** Jobs of several users in one transaction: which share it, and what happens when one of them fails. */
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import type { ServerStore, ServerTx, Work } from '../../../src/server/store/server-store.ts';
import { inTurnsOf, Turns } from '../../../src/server/store/turns.ts';
import { runMerged } from '../../../src/server/store/sql/merged-statements.ts';
import { readEntries } from '../../../src/server/submit/read-entries.ts';
import { workOf } from '../../../src/server/submit/touches.ts';
import { messageTo, receiptsTo } from '../../contract/server-harness.ts';
import { TestClock } from '../../support/test-clock.ts';

/** A store that records the names in each transaction; a body tells its name by its result. */
const recording = () => {
  const store = createMemoryStore();
  const transactions: string[][] = [];
  const noting: ServerStore = {
    ...store,
    read: async (name, body) => {
      transactions.push([name]);
      return store.read(name, body);
    },
    tx: async (name, body) => {
      transactions.push([name]);
      return store.tx(name, body);
    },
    merged: {
      read: async (bodies) => {
        const outcomes = await store.merged!.read(bodies);
        transactions.push(outcomes.map((one) => String(one.status === 'fulfilled' ? one.value : one.reason)));
        return outcomes;
      },
      tx: async (bodies) => {
        const outcomes = await store.merged!.tx(bodies);
        transactions.push(outcomes.map((one) => String(one.status === 'fulfilled' ? one.value : one.reason)));
        return outcomes;
      },
    },
  };
  const turns = new Turns(new TestClock(), 1);
  const of = (user: string): ServerStore => inTurnsOf(noting, turns, user);
  return {
    transactions,
    read: (user: string, name: string, work?: Work) => of(user).read(name, async () => name, work),
    write: (user: string, name: string, work?: Work, body: (tx: ServerTx) => Promise<string> = async () => name) =>
      of(user).tx(name, body, work),
  };
};
const touching = (...writes: string[]): Work => ({ touches: { writes, shares: [] } });

describe('transactions that users share', () => {
  it('waiting jobs of many users are one transaction, with at most one job of each user (F120, F132)', async () => {
    const { transactions, read } = recording();
    await Promise.all([read('ann', 'a1'), read('ann', 'a2'), read('ann', 'a3'), read('bob', 'b1'), read('cat', 'c1')]);
    expect(transactions).toEqual([['a1'], ['a2', 'b1', 'c1'], ['a3']]);
  });

  it('writes share a transaction only if no job writes what another one reads or writes (F132)', async () => {
    const { transactions, write } = recording();
    const shares = (name: string): Work => ({ touches: { writes: [], shares: [name] } });
    await Promise.all([
      write('zoe', 'z'),
      write('ann', 'a', touching('x')),
      write('bob', 'b', touching('x')),
      write('cat', 'c', touching('y')),
      write('dan', 'd', shares('y')),
      write('eve', 'e', shares('z')),
      write('fay', 'f', shares('z')),
      write('gil', 'g'),
    ]);
    expect(transactions).toEqual([['z'], ['a', 'c', 'e', 'f'], ['b', 'd'], ['g']]);
  });

  it('a transaction that fails as a whole runs again, each job alone: one job fails, the others succeed (F132)', async () => {
    const { transactions, write } = recording();
    const failing = async (): Promise<string> => Promise.reject(new Error('no'));
    const jobs = [write('zoe', 'z'), write('ann', 'a', touching('x')), write('bob', 'b', touching('y'), failing)];
    expect((await Promise.allSettled(jobs)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(transactions).toEqual([['z'], ['a', 'Error: no']]);

    const store = createMemoryStore();
    const broken: ServerStore = { ...store, merged: { read: store.merged!.read, tx: () => Promise.reject(new Error('deadlock')) } };
    const turns = new Turns(new TestClock(), 1);
    const again = ['zoe', 'ann', 'bob'].map((user) => inTurnsOf(broken, turns, user).tx('t', async () => user, touching(user)));
    expect(await Promise.all(again)).toEqual(['zoe', 'ann', 'bob']);
  });

  it('urgent jobs go first, and every fourth turn begins with another job (F120)', async () => {
    const { transactions, write } = recording();
    const later = Array.from({ length: 3 }, (_, i) => write(`later-${i}`, 'later', { isUrgent: false }));
    const urgent = Array.from({ length: 8 }, (_, i) => write(`user-${i}`, 'urgent'));
    await Promise.all([...later, ...urgent]);
    expect(transactions.flat()).toEqual([
      'later',
      ...Array.from({ length: 3 }, () => 'urgent'),
      'later',
      'urgent',
      'urgent',
      'urgent',
      'later',
      'urgent',
      'urgent',
    ]);
  });

  it('long jobs share a transaction with few others (F119)', async () => {
    const { transactions, read } = recording();
    await Promise.all(Array.from({ length: 33 }, (_, i) => read(`user-${i}`, String(i), { weight: 16 })));
    expect(transactions.map(({ length }) => length)).toEqual([1, 16, 16]);
  });

  it('receipts of all members of a group share a transaction, a message to the group and both sides of a direct chat do not (F121, F132)', () => {
    const work = (me: string, entry: { key: string }) => workOf(me, readEntries(me, [entry])).touches!;
    const inGroup = (entry: { key: string }) => ({ ...entry, conversationId: 'group:team' });
    expect(work('ann', inGroup(receiptsTo('x', { position: 1 })))).toEqual({ writes: ['user ann'], shares: ['group:team'] });
    expect(work('bob', inGroup(messageTo('x', 'm1')))).toEqual({ writes: ['user bob', 'group:team', 'message m1'], shares: [] });
    expect(work('ann', receiptsTo('bob', { position: 1 })).writes[1]).toBe(work('bob', receiptsTo('ann', { position: 1 })).writes[1]);
  });
});

describe('a store that runs several transactions at once', () => {
  const slow = () => {
    const clock = new TestClock();
    const began: number[] = [];
    const ends: (() => void)[] = [];
    const run = async (bodies: number): Promise<PromiseSettledResult<never>[]> => {
      began.push(bodies);
      await new Promise<void>((resolve) => ends.push(resolve));
      return Array.from({ length: bodies }, () => ({ status: 'fulfilled', value: undefined as never }));
    };
    const one = async (): Promise<never> => (await run(1)) as never;
    const store: ServerStore = {
      read: one,
      tx: one,
      merged: { read: (bodies) => run(bodies.length), tx: (bodies) => run(bodies.length) },
      close: async () => undefined,
    };
    const turns = new Turns(clock, 8);
    const of = (user: number): ServerStore => inTurnsOf(store, turns, `user-${user}`);
    return {
      clock,
      began,
      ends,
      write: (user: number) => void of(user).tx('x', async () => undefined, touching(`user-${user}`)),
      read: (user: number, work?: Work) => void of(user).read('x', async () => undefined, work),
    };
  };
  const passed = () => new Promise((resolve) => setTimeout(resolve));

  it('runs two of urgent writes and two of urgent reads, and the users behind them gather', async () => {
    const { began, ends, write, read } = slow();
    for (let user = 1; user <= 10; user++) write(user);
    expect(began).toEqual([1, 1]);
    for (let user = 1; user <= 10; user++) read(user);
    expect(began).toEqual([1, 1, 1, 1]);
    ends[0]!();
    await passed();
    expect(began.slice(4)).toEqual([8]);
  });

  it('runs the catch-ups beside them, as many as the store can', () => {
    const { began, read } = slow();
    for (let user = 1; user <= 10; user++) read(user, { weight: 200, isUrgent: false });
    expect(began.length).toBe(8);
  });

  it('runs the next one after a while if both wait for a lock', async () => {
    const { clock, began, write } = slow();
    for (let user = 1; user <= 5; user++) write(user);
    await clock.pass(99);
    expect(began).toEqual([1, 1]);
    await clock.pass(1);
    expect(began).toEqual([1, 1, 3]);
  });
});

describe('merged statements', () => {
  it('equal statements of all bodies are one statement, and bodies that ask for the same share the answer (F121)', async () => {
    const asked: string[] = [];
    const query = async (text: string, params: readonly (string | number)[] = []) => {
      asked.push(text);
      if (!text.includes('merged_body')) return [{ n: 7 }];
      return (JSON.parse(String(params[0])) as { merged_body: number; p1: number }[]).map((one) => ({
        merged_body: one.merged_body,
        n: one.p1 * 2,
      }));
    };
    const outcomes = await runMerged(
      query,
      Array.from(
        { length: 200 },
        (_, i) =>
          async ({ select }) =>
            [await select('s $1', [i]), await select('same'), await select('t $1', [1])].map(([row]) => row?.['n']),
      ),
    );
    expect(asked).toHaveLength(3);
    expect(outcomes.map((one) => one.status === 'fulfilled' && one.value)).toEqual(Array.from({ length: 200 }, (_, i) => [i * 2, 7, 7]));
  });

  it('locks come before the other statements of a round, each key once', async () => {
    const asked: unknown[] = [];
    const query = async (text: string, params: readonly (string | number)[] = []) => {
      asked.push([text, ...params]);
      return text === 'lock' ? [{ id: 1 }, { id: 2 }] : [];
    };
    const outcomes = await runMerged(query, [
      ({ put }) => put('put', [{ a: 1 }], [9]).then(() => []),
      ({ lock }) => lock('lock', [2, 1], () => true),
      ({ put }) => put('put', [{ a: 2 }], [9]).then(() => []),
      ({ lock }) => lock('lock', [2], ({ id }) => id === 2),
    ]);
    expect(asked).toEqual([
      ['lock', '[2,1]'],
      ['put', '[{"a":1},{"a":2}]', 9],
    ]);
    expect(outcomes[3]).toEqual({ status: 'fulfilled', value: [{ id: 2 }] });
  });

  it('a select beside a write is one statement with the write, for several bodies too', async () => {
    const asked: [string, readonly (string | number)[]][] = [];
    const query = async (text: string, params: readonly (string | number)[] = []) => {
      asked.push([text.replace(/\s+/g, ' '), params]);
      return [0, 1].map((merged_body) => ({ merged_body, n: merged_body }));
    };
    const outcomes = await runMerged(
      query,
      ['ann', 'bob'].map((name) => async ({ select, put }) => {
        const [rows] = await Promise.all([select('select $1', [name]), put('update x $1 $2', [{ name }], [7])]);
        return rows;
      }),
    );
    expect(outcomes.map((one) => one.status === 'fulfilled' && one.value)).toEqual([0, 1].map((n) => [{ merged_body: n, n }]));
    expect(asked).toHaveLength(1);
    expect(asked[0]![0]).toMatch(/^with put_0 as \(update x \$1 \$2\) select merged\.merged_body, .* json_to_recordset\(\$3::text::json\)/);
    expect(asked[0]![1]).toEqual(['[{"name":"ann"},{"name":"bob"}]', 7, '[{"merged_body":0,"p1":"ann"},{"merged_body":1,"p1":"bob"}]']);
  });

  it('what bodies ask side by side is one select with one time, and their writes are one write', async () => {
    const asked: [string, readonly (string | number)[]][] = [];
    const query = async (text: string, params: readonly (string | number)[] = []) => {
      asked.push([text.replace(/\s+/g, ' '), params]);
      const row = { part_0: [{ n: 1 }], part_1: null, read_at: '5' };
      return text.includes('read_at') ? [0, 1].map((merged_body) => ({ merged_body, ...row })) : [];
    };
    const outcomes = await runMerged(
      query,
      ['ann', 'bob'].map((name) => async ({ select, now, put }) => {
        const read = await Promise.all([select('a $1 $1', [name]), select('b $1 $2', [2, name]), now()]);
        await Promise.all([put('update y $1 $2', [{ name }], [7]), put('insert x $1', [{ name }]), put('with z $1', [{ name }])]);
        return read;
      }),
    );
    expect(outcomes.map((one) => one.status === 'fulfilled' && one.value)).toEqual([0, 1].map(() => [[{ n: 1 }], [], 5]));
    const records = '[{"name":"ann"},{"name":"bob"}]';
    expect(asked.slice(1)).toEqual([
      ['with z $1', [records]],
      ['with put_0 as (insert x $1), put_1 as (update y $2 $3) select', [records, records, 7]],
    ]);
    expect(asked[0]?.[0]).toContain('(a merged.p1 merged.p1) as part) as part_0');
    expect(asked[0]?.[0]).toContain('(b merged.p2 merged.p3) as part) as part_1');
    expect(asked[0]?.[1]).toEqual(['[{"merged_body":0,"p1":"ann","p2":2,"p3":"ann"},{"merged_body":1,"p1":"bob","p2":2,"p3":"bob"}]']);
  });

  it('a body that asks while its other question is on its way gets both answers', async () => {
    const query = async (text: string) => [{ text }];
    const [outcome] = await runMerged(query, [
      async ({ select }) => {
        const first = select('first');
        await new Promise((resolve) => setTimeout(resolve));
        return Promise.all([first, select('second')]);
      },
    ]);
    expect(outcome).toEqual({ status: 'fulfilled', value: [[{ text: 'first' }], [{ text: 'second' }]] });
  });
});
