/** Concurrent sessions send random frames to PostgreSQL: for any order of the commits, each live copy equals a new device's snapshot. */
import fc from 'fast-check';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConversationRow, joinRows } from '../../src/model/conversation/conversation.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import { changeMembers } from '../../src/server/groups/membership.ts';
import { systemClock } from '../../src/server/system-clock.ts';
import { persist } from '../../src/server/store/persist.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { FEED_END, WRITER_LOCK } from '../../src/server/store/sql/feed-end.ts';
import { openPostgresStore } from '../../src/server/store/sql/postgres.ts';
import { inTurnsOf, Turns } from '../../src/server/store/turns.ts';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import { workOf } from '../../src/server/submit/touches.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { RULES } from './server-store.ts';

const USERS = ['ann', 'ben', 'cat', 'dan'] as const;
const SESSIONS = 6;

const op = fc.record({
  me: fc.constantFrom(...USERS),
  peer: fc.constantFrom(...USERS),
  inGroup: fc.boolean(),
  kind: fc.constantFrom('message' as const, 'message' as const, 'receipts' as const, 'recall' as const, 'member' as const),
  n: fc.integer({ min: 1, max: 12 }),
});

describe.skipIf(findPostgres() === undefined)('sessions beside each other on PostgreSQL', () => {
  let postgres: TestPostgres;
  const pools: Pool[] = [];
  beforeAll(() => {
    // The work of the vacuum is no work of a server.
    postgres = startPostgres('-c fsync=off -c autovacuum=off');
  }, 120_000);
  afterAll(async () => {
    for (const pool of pools) await pool.end();
    postgres.stop();
  });

  it(
    'the feed ends below every transaction of a server that a read sees running, also one that is just ending (F65)',
    { timeout: 60_000 },
    async () => {
      postgres.createDatabase('ending');
      const pool = postgres.pool('ending', { max: 10 });
      pools.push(pool);
      let isOver = false;
      const write = async (): Promise<void> => {
        const client = await pool.connect();
        while (!isOver)
          await client.query(`begin; select pg_advisory_xact_lock_shared(${WRITER_LOCK}); select pg_current_xact_id(); commit`);
        client.release();
      };
      const text = `select ${FEED_END} as feed_end, (select min(id::text::bigint) from pg_snapshot_xip(pg_current_snapshot()) as x(id)) as running`;
      const tooHigh: unknown[] = [];
      const read = async (): Promise<void> => {
        const client = await pool.connect();
        for (const until = performance.now() + 4000; performance.now() < until;) {
          const [row] = (await client.query({ name: 'read', text, values: [] })).rows as { feed_end: string; running: string | null }[];
          if (row!.running !== null && Number(row!.feed_end) >= Number(row!.running)) tooHigh.push(row);
        }
        client.release();
      };
      const writing = Array.from({ length: 7 }, write);
      await Promise.all([read(), read(), read()]);
      isOver = true;
      await Promise.all(writing);
      expect(tooHigh).toEqual([]);
    },
  );

  it(
    'after any interleaving each live copy equals a new snapshot, and every message was told (F65, F132)',
    { timeout: 300_000 },
    async () => {
      postgres.createDatabase('random');
      const open = async (): Promise<ServerStore> => {
        const pool = postgres.pool('random');
        pools.push(pool);
        return openPostgresStore({ pool });
      };
      // Two servers: each merges what waits.
      const nodes = [await open(), await open()].map((store) => ({ store, turns: new Turns(systemClock, 3) }));
      const storeFor = (session: number, me: string): ServerStore => {
        const { store, turns } = nodes[session % 2]!;
        return inTurnsOf(store, turns, me);
      };
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(op, { minLength: 40, maxLength: 90 }), async (ops) => {
          const stamp = ++round;
          const name = (user: string): string => `${user}-${stamp}`;
          const group = `team-${stamp}`;
          const member = (session: number, user: string, role: 'member' | null): Promise<unknown> =>
            persist({ store: nodes[session % 2]!.store, clock: systemClock }, 'members', (tx) =>
              changeMembers(tx, group, new Map([[name(user), role]]), 'stay'),
            );
          for (const user of USERS) await member(0, user, 'member');
          const copies = new Map(
            USERS.map((user) => [
              user,
              { cursor: null as string | null, rows: new Map<string, ConversationRow>(), told: new Set<string>() },
            ]),
          );
          const pull = async (user: (typeof USERS)[number]): Promise<boolean> => {
            const copy = copies.get(user)!;
            const page = await storeFor(1, name(user)).read('changes', (tx) =>
              pullPage(tx, { userId: name(user), membersSeeReaders: false }, copy.cursor, copy.cursor === null, 'all'),
            );
            for (const { rows, messages } of page!.frames) {
              for (const row of rows) {
                const before = copy.rows.get(row.conversationId);
                copy.rows.set(row.conversationId, before ? joinRows(before, row) : row);
              }
              for (const one of messages) for (const { id } of one.messages) copy.told.add(id);
            }
            copy.cursor = page!.frames.at(-1)!.to;
            return page!.complete && page!.empty && !page!.isBehind;
          };
          for (const user of USERS) await pull(user);

          const sent = new Map<string, string>();
          let moved = false;
          const play = async (session: number): Promise<void> => {
            for (const [i, { me, peer, inGroup, kind, n }] of ops.entries()) {
              if (i % SESSIONS !== session) continue;
              if (kind === 'member') {
                if (n > 9) {
                  moved = true;
                  await member(session, me, n % 2 === 0 ? null : 'member');
                }
                continue;
              }
              if (!inGroup && me === peer) continue;
              const conversationId = inGroup ? `group:${group}` : `direct:${name(peer)}`;
              const id = `${stamp}-${i}`;
              const head = { key: id, conversationId, cursor: null };
              const entry =
                kind === 'message'
                  ? { ...head, kind, id, body: '"x"', receiptRequested: !inGroup, countable: true }
                  : kind === 'recall'
                    ? { ...head, kind, id: `${stamp}-${i - n}` }
                    : { ...head, kind, position: n, read: [[Math.max(1, n - 3), n]] };
              const read = readEntries(name(me), [entry]);
              const { results } = await persist(
                { store: storeFor(session, name(me)), clock: systemClock },
                'submit',
                (tx) => applyEntries(tx, { userId: name(me), deviceId: 'd' }, read, RULES),
                workOf(name(me), read),
              );
              const [result] = results;
              if (kind !== 'message') continue;
              if (result?.outcome === 'confirmed') sent.set(id, inGroup ? group : name(peer));
              else if (!inGroup) throw new Error(`a direct message was not confirmed: ${JSON.stringify(result)}`);
            }
          };
          let isDone = false;
          const readers = USERS.map(async (user) => {
            while (!isDone) await pull(user);
          });
          await Promise.all(Array.from({ length: SESSIONS }, (_, session) => play(session)));
          isDone = true;
          await Promise.all(readers);
          for (const user of USERS) {
            while (!(await pull(user)));
            const fresh = await nodes[0]!.store.read('fresh', (tx) =>
              pullPage(tx, { userId: name(user), membersSeeReaders: false }, null, true),
            );
            const expected = new Map<string, ConversationRow>(
              fresh!.frames.flatMap(({ rows }) => rows.map((row) => [row.conversationId, row] as const)),
            );
            expect([...copies.get(user)!.rows.keys()].sort()).toEqual([...expected.keys()].sort());
            // A device keeps the last message of an earlier stay in a group; a new device does not get it.
            const comparable = (row: ConversationRow | undefined) =>
              row?.lastMessage && row.lastMessage.seq <= row.joinedAt ? { ...row, lastMessage: null } : row;
            for (const [id, row] of copies.get(user)!.rows) expect(comparable(row)).toEqual(comparable(expected.get(id)));
            const mine = [...sent].filter(([, to]) => to === name(user) || (!moved && to === group)).map(([id]) => id);
            expect(mine.filter((id) => !copies.get(user)!.told.has(id))).toEqual([]);
          }
        }),
        { numRuns: 8, endOnFailure: true },
      );
    },
  );
});
