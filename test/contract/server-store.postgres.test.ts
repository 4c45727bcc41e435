/** The SQL store on a real PostgreSQL: the contract of every store, and what only sessions beside each other show. */
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullPage } from '../../src/server/feed/changes.ts';
import { expireDue } from '../../src/server/expiry.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { persist } from '../../src/server/store/persist.ts';
import { changedForAll } from '../../src/server/store/records.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { openPostgresStore } from '../../src/server/store/sql/postgres.ts';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import { findPostgres, MISSING_POSTGRES, startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { cursorOf, describeServerStore, pullAll, RULES, rowOf } from './server-store.ts';

const isMissing = findPostgres() === undefined;
if (isMissing && process.env['ENGINES'] === 'all') throw new Error(`ENGINES is all, and ${MISSING_POSTGRES}`);
if (isMissing) console.warn(MISSING_POSTGRES);

describe.skipIf(isMissing)('on PostgreSQL', () => {
  let postgres: TestPostgres;
  const pools: Pool[] = [];
  let databases = 0;
  const names = new Map<ServerStore, string>();
  const openIn = async (database: string): Promise<ServerStore> => {
    const pool = postgres.pool(database);
    pools.push(pool);
    const store = await openPostgresStore({ pool });
    names.set(store, database);
    return store;
  };
  const open = async (): Promise<ServerStore> => {
    const database = `tidemark_${++databases}`;
    postgres.createDatabase(database);
    return openIn(database);
  };
  beforeAll(() => {
    postgres = startPostgres();
  }, 120_000);
  afterAll(async () => {
    for (const pool of pools) await pool.end().catch(() => undefined);
    postgres.stop();
  });

  describeServerStore('PostgreSQL', {
    open,
    copyMayLack: true,
    startFromCopy: async (store) => {
      const copy = `copy_${++databases}`;
      postgres.copyDatabase(names.get(store)!, copy);
      return openIn(copy);
    },
  });

  describe('sessions beside each other', () => {
    let one: ServerStore;
    let two: ServerStore;
    beforeAll(async () => {
      one = await open();
      two = await openIn(names.get(one)!);
    }, 120_000);

    /** As the server submits: a transaction that the database refuses runs again. */
    const submitIn = async (store: ServerStore, me: string, ...entries: readonly { key: string }[]) =>
      (
        await persist({ store, clock: systemClock }, 'submit', (tx) =>
          applyEntries(tx, { userId: me, deviceId: 'd' }, readEntries(me, entries), RULES),
        )
      ).results;
    const toGroup = (group: string, id: string) => ({ ...messageTo('x', id), conversationId: `group:${group}`, receiptRequested: false });
    const group = async (id: string, ...members: string[]): Promise<void> => {
      await one.tx('members', (tx) => changeMembers(tx, id, new Map(members.map((user) => [user, 'member' as const])), 'stay'));
    };

    it('a lock that waits for rows that change meanwhile returns all of them (F65)', { timeout: 60_000 }, async () => {
      const peers = Array.from({ length: 5 }, (_, i) => `l-peer-${i}`);
      for (const peer of peers) await submitIn(one, 'l-ann', messageTo(peer, `l-${peer}`));
      const wanted = peers.map((peer): `direct:${string}` => `direct:${peer}`);
      await group('l-team', 'l-ann');
      const short: number[] = [];
      const contend = async (store: ServerStore): Promise<void> => {
        for (let i = 0; i < 25; i++)
          await persist({ store, clock: systemClock }, 'contend', async (tx) => {
            const locked = await tx.lockConversations('l-ann', [...wanted, 'group:l-team']);
            if (locked.length < 6) short.push(locked.length);
            await tx.putConversations(locked.map((conversation) => changedForAll(conversation, tx.version)));
          });
      };
      await Promise.all([one, two, one, two, one, two].map(contend));
      expect(short).toEqual([]);
    });

    it('every transaction locks direct chats before groups, so two transactions never wait for each other (F72)', async () => {
      // The group has the lower id, so the order of the ids alone is another order.
      await group('o-team', 'o-ann');
      await submitIn(one, 'o-ann', messageTo('o-bob', 'o-1'));
      const [team, chat] = await one.read('ids', async (tx) => {
        const found = await tx.conversations('o-ann', ['group:o-team', 'direct:o-bob']);
        return [found.find(({ groupId }) => groupId !== null)!.id, found.find(({ groupId }) => groupId === null)!.id] as const;
      });
      expect(team).toBeLessThan(chat);
      const pool = postgres.pool(names.get(one)!, { max: 1 });
      pools.push(pool);
      const waiting = async (count: number): Promise<void> => {
        for (let n = 0; n < count;) {
          const client = await pool.connect();
          n = Number(((await client.query('select count(*) as n from pg_locks where not granted')).rows[0] as { n: string }).n);
          client.release();
        }
      };
      const locks = [
        (store: ServerStore) => store.tx('by name', (tx) => tx.lockConversations('o-ann', ['group:o-team', 'direct:o-bob'])),
        (store: ServerStore) => store.tx('by id', (tx) => tx.lockConversationsById([team, chat])),
      ];
      for (const held of [team, chat])
        for (const [first, second] of [locks, [...locks].reverse()]) {
          let release: () => void = () => undefined;
          const isReleased = new Promise<void>((resolve) => (release = resolve));
          let holder: Promise<void> | undefined;
          await new Promise<void>((holds) => {
            holder = one.tx('holder', async (tx) => {
              await tx.lockConversationsById([held]);
              holds();
              await isReleased;
            });
          });
          const begun = first!(two);
          await waiting(1);
          const after = second!(one);
          await waiting(2);
          release();
          await holder;
          expect((await Promise.all([begun, after])).map((locked) => locked.length)).toEqual([2, 2]);
        }
    });

    it('a first message whose retry comes beside its first try is confirmed by both (F61)', { timeout: 60_000 }, async () => {
      for (let i = 0; i < 60; i++) {
        const entry = messageTo(`r-peer-${i}`, `r-${i}`);
        const answers = await Promise.all([one, two, one, two].map((store) => submitIn(store, 'r-ann', entry)));
        expect(answers.flat().map(({ outcome }) => outcome)).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed']);
      }
    });

    it('a retry that locks before its first try commits finds the message afterwards (F61)', async () => {
      const entry = messageTo('w-peer', 'w-1');
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const submitted = two.tx('submit', (tx) =>
        applyEntries(
          {
            ...tx,
            lockConversations: async (...args) => {
              const locked = await tx.lockConversations(...args);
              release();
              await first;
              return locked;
            },
          },
          { userId: 'w-ann', deviceId: 'd' },
          readEntries('w-ann', [entry]),
          RULES,
        ),
      );
      const first = held.then(() => submitIn(one, 'w-ann', entry));
      expect((await submitted).results).toMatchObject([{ outcome: 'confirmed', message: { seq: 1 } }]);
    });

    it('the live feed tells every message, also of a conversation that moves on while it is read (F65)', { timeout: 60_000 }, async () => {
      const members = ['f-ann', 'f-ben', 'f-cat', 'f-dan'];
      await group('f-team', ...members);
      let cursor = await cursorOf(two, 'f-ann');
      const told: string[] = [];
      let isDone = false;
      const read = async (): Promise<void> => {
        const page = await two.read('changes', (tx) => pullPage(tx, { userId: 'f-ann', membersSeeReaders: false }, cursor, false, 'all'));
        for (const { messages } of page!.frames) for (const { messages: list } of messages) told.push(...list.map(({ id }) => id));
        cursor = page!.frames.at(-1)!.to;
      };
      const readOn = async (): Promise<void> => {
        while (!isDone) await read();
      };
      // A transaction that stays open for a moment holds the feed back while the group moves on.
      const holdBack = async (): Promise<void> => {
        while (!isDone)
          await one.tx('slow', async (tx) => {
            await tx.now();
            await new Promise((resolve) => setTimeout(resolve, 30));
          });
      };
      const beside = Promise.all([readOn(), holdBack()]);
      await Promise.all(
        members.map(async (me, m) => {
          for (let i = 0; i < 20; i++) await submitIn(m % 2 === 0 ? one : two, me, toGroup('f-team', `f-${me}-${i}`));
        }),
      );
      isDone = true;
      await beside;
      await read();
      const sent = members.flatMap((me) => Array.from({ length: 20 }, (_, i) => `f-${me}-${i}`));
      expect([...new Set(told)].sort()).toEqual(sent.sort());
    });

    it('an open transaction of another database, or of the host, holds back no change (F65)', async () => {
      postgres.createDatabase('elsewhere');
      const pool = postgres.pool('elsewhere');
      const elsewhere = await pool.connect();
      const host = await pools.find((some) => some.options.database === names.get(one))!.connect();
      await elsewhere.query('begin; create table t (n int)');
      await host.query('begin; create table hosts_own (n int)');
      try {
        await submitIn(one, 'o-ann', messageTo('o-bob', 'o-1'));
        expect(await rowOf(two, 'o-bob', 'o-ann')).toMatchObject({ latestSeq: 1 });
        const page = await two.read('changes', (tx) => pullPage(tx, { userId: 'o-bob', membersSeeReaders: false }, null, true));
        expect(page!.isBehind).toBe(false);
      } finally {
        await elsewhere.query('rollback');
        await host.query('rollback');
        elsewhere.release();
        host.release();
        await pool.end();
      }
    });

    it('the feed stays below an open transaction of a server, and says that it is behind (F65)', async () => {
      const cursor = await cursorOf(two, 's-bob');
      await submitIn(one, 's-ann', messageTo('s-bob', 's-0'));
      await one.tx('open', async () => {
        await submitIn(two, 's-ann', messageTo('s-bob', 's-1'));
        const page = await two.read('changes', (tx) => pullPage(tx, { userId: 's-bob', membersSeeReaders: false }, cursor, false, 'all'));
        expect(page!.frames.flatMap(({ messages }) => messages.flatMap((some) => some.messages.map(({ id }) => id)))).toEqual(['s-0']);
        expect(page!.isBehind).toBe(true);
      });
      expect((await pullAll(two, 's-bob', cursor))!.flatMap(({ messages }) => messages.flatMap((some) => some.messages))).toHaveLength(2);
    });

    it('members join and leave through two servers at once, and a new group is made once', { timeout: 60_000 }, async () => {
      const change = (store: ServerStore, user: string, role: 'member' | null) =>
        persist({ store, clock: systemClock }, 'members', (tx) => changeMembers(tx, 'c-team', new Map([[user, role]]), 'stay'));
      const users = Array.from({ length: 12 }, (_, i) => `c-${i}`);
      await Promise.all(users.map((user, i) => change(i % 2 === 0 ? one : two, user, 'member')));
      await Promise.all(users.slice(0, 6).map((user, i) => change(i % 2 === 0 ? two : one, user, null)));
      const roster = await one.read('roster', async (tx) =>
        tx.roster((await tx.conversations('c-11', ['group:c-team'])).map(({ id }) => id)),
      );
      expect(roster.map(({ userId }) => userId).sort()).toEqual(users.slice(6).sort());
    });

    it('shared transactions of two servers end without a deadlock that reaches a client (F72, F132)', { timeout: 60_000 }, async () => {
      const users = Array.from({ length: 20 }, (_, i) => `d-${i}`);
      await group('d-team', ...users);
      await submitIn(one, 'd-0', ...Array.from({ length: 10 }, (_, i) => toGroup('d-team', `d-m-${i}`)));
      const receipt = (seq: number) => ({ ...receiptsTo('x', { position: seq }), conversationId: 'group:d-team' });
      const round = (store: ServerStore, seq: number, of: readonly string[]) =>
        store.merged!.tx(
          of.map(
            (me) => (tx) =>
              applyEntries(
                tx,
                { userId: me, deviceId: 'd' },
                readEntries(me, [receipt(seq), messageTo(`${me}-peer`, `${me}-${seq}`)]),
                RULES,
              ),
          ),
        );
      for (let seq = 1; seq <= 5; seq++) {
        const outcomes = await Promise.all([round(one, seq, users.slice(0, 10)), round(two, seq, users.slice(10))]);
        expect(outcomes.flat().map((some) => some.status === 'fulfilled' && some.value.results.map(({ outcome }) => outcome))).toEqual(
          users.map(() => ['confirmed', 'confirmed']),
        );
      }
    });

    describe('the lock of the sweep', () => {
      /** Stores group messages whose receipts are due at once. */
      const due = async (name: string, count: number): Promise<void> => {
        await group(name, `${name}-ann`, `${name}-ben`);
        const rules = { ...RULES, receipts: () => ({ ...RULES.receipts(), groups: true, windowMs: 1 }) };
        const entries = Array.from({ length: count }, (_, i) => ({ ...toGroup(name, `${name}-${i}`), receiptRequested: true }));
        await one.tx('submit', (tx) =>
          applyEntries(tx, { userId: `${name}-ann`, deviceId: 'd' }, readEntries(`${name}-ann`, entries), rules),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const isLocked = (store: ServerStore): Promise<boolean> => store.tx('sweep', (tx) => tx.lockSweep('receipts'));

      it('while one server sweeps, another server finds that out at once and leaves the receipts to it (F85)', async () => {
        await due('k-team', 3);
        await one.tx('expire', async (tx) => {
          expect(await tx.lockSweep('receipts')).toBe(true);
          expect(await two.tx('expire', expireDue)).toEqual({ checked: 0, hints: [] });
          expect(await expireDue(tx)).toMatchObject({ checked: 3, hints: [{ kind: 'changes' }] });
        });
        expect(await two.tx('expire', expireDue)).toEqual({ checked: 0, hints: [] });
      });

      it('servers that sweep at the same time expire each receipt once (F85)', async () => {
        await due('n-team', 40);
        const sweeps = await Promise.all([one, two, one, two].map((store) => store.tx('expire', expireDue)));
        const checked = sweeps.reduce((sum, sweep) => sum + sweep.checked, 0);
        const rest = await two.tx('expire', expireDue);
        expect(checked + rest.checked).toBe(40);
      });

      it('a server that ends or dies in the middle of a sweep leaves it to another server (F85)', async () => {
        await due('q-team', 2);
        const ended = one.tx('expire', async (tx) => {
          await expireDue(tx);
          throw new Error('the server ends');
        });
        await expect(ended).rejects.toThrow('the server ends');
        expect(await isLocked(two)).toBe(true);
        const died = one.tx('expire', async (tx) => {
          expect((await expireDue(tx)).checked).toBe(2);
          const pool = postgres.pool(names.get(one)!);
          const client = await pool.connect();
          await client.query(
            `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) = 8439274603`,
          );
          client.release();
          await pool.end();
          await tx.now();
        });
        await expect(died).rejects.toThrow();
        expect(await two.tx('expire', expireDue)).toMatchObject({ checked: 2 });
      });
    });

    it('a copy made while a transaction ran knows no cursor of the run before: it may lack what the cursor passed (F67)', async () => {
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      let begin = (): void => undefined;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      // This transaction is older than the next one, and ends after the copy.
      const slow = one.tx('submit', async (tx) => {
        begin();
        await released;
        return applyEntries(
          tx,
          { userId: 'copied-ben', deviceId: 'd' },
          readEntries('copied-ben', [messageTo('copied-ann', 'copied-lost')]),
          RULES,
        );
      });
      await begun;
      await submitIn(two, 'copied-cat', messageTo('copied-ann', 'copied-kept'));
      const name = `copy_${++databases}`;
      postgres.copyDatabase(names.get(one)!, name);
      release();
      await slow;
      const passed = await cursorOf(one, 'copied-ann');
      const copy = await openIn(name);
      expect(await pullAll(copy, 'copied-ann', passed)).toBeUndefined();
      expect((await pullAll(copy, 'copied-ann', null))!.flatMap(({ rows }) => rows)).toMatchObject([
        { conversationId: 'direct:copied-cat' },
      ]);
      await copy.close();
      // The database itself knows the cursor, also after a restart of its servers.
      const again = await openIn(names.get(one)!);
      expect(await pullAll(again, 'copied-ann', passed)).toMatchObject([{ from: passed, rows: [] }]);
      await again.close();
    }, 60_000);

    it('a server that runs on finds that a standby took over: the cursors of before are those of another history (F67)', async () => {
      await submitIn(one, 's-ann', messageTo('s-ben', 's-1'));
      const before = await cursorOf(one, 's-ben');
      postgres.restartOnNewTimeline();
      // The first transaction of each connection meets the break.
      const pull = async (store: ServerStore) => {
        await persist({ store, clock: systemClock }, 'look', (tx) => tx.now());
        return pullAll(store, 's-ben', before);
      };
      const pulled = await Promise.all([pull(one), pull(two), pull(one)]);
      expect(pulled).toEqual([undefined, undefined, undefined]);
      const after = await cursorOf(one, 's-ben');
      expect(await pullAll(two, 's-ben', after)).toMatchObject([{ from: after, rows: [] }]);
      const runs = await two.read('runs', (tx) => tx.runs());
      expect(runs.filter(({ fromCopy }) => fromCopy)).toHaveLength(1);
    }, 60_000);

    it('the store survives a restart of the database, also in the middle of a transaction (F72)', { timeout: 60_000 }, async () => {
      const broken = one.tx('broken', async (tx) => {
        await tx.now();
        postgres.restart();
        // No statement runs when the connection breaks.
        await new Promise((resolve) => setTimeout(resolve, 200));
        await tx.now();
      });
      await expect(broken).rejects.toThrow();
      expect(await submitIn(one, 'b-ann', messageTo('b-bob', 'b-1'))).toMatchObject([{ outcome: 'confirmed' }]);
      expect(await rowOf(two, 'b-bob', 'b-ann').catch(() => rowOf(two, 'b-bob', 'b-ann'))).toMatchObject({ latestSeq: 1 });
    });
  });
});
