/** How PostgreSQL plans the statements of the store: once for each connection, and for a few rows of large tables. */
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pullPage } from '../../src/server/feed/changes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { openPostgresStore, type PgClient } from '../../src/server/store/sql/postgres.ts';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import { fillChats } from '../load/rig/fill.ts';
import { FIRST_TENTH, fillHistory, OTHER_TENTHS, sizesOf, userOf } from '../load/rig/history.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { messageTo, receiptsTo } from './server-harness.ts';
import { cursorOf, pullAll, rowOf, RULES, submit } from './server-store.ts';

describe.skipIf(!findPostgres())('the plans of PostgreSQL', () => {
  let postgres: TestPostgres;
  const pools: Pool[] = [];
  beforeAll(() => {
    postgres = startPostgres();
  }, 120_000);
  afterAll(async () => {
    for (const pool of pools) await pool.end();
    postgres.stop();
  });

  /** One connection, so that the test sees the statements of the store. */
  const open = async (prepared: boolean): Promise<{ store: ServerStore; pool: Pool }> => {
    const database = `plans_${pools.length}`;
    postgres.createDatabase(database);
    const pool = postgres.pool(database, { max: 1 });
    pools.push(pool);
    return { store: await openPostgresStore({ pool, prepared }), pool };
  };
  const run = async (pool: Pool, text: string): Promise<readonly unknown[]> => {
    const client = await pool.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      client.release();
    }
  };
  const kept = (pool: Pool) => run(pool, `select name from pg_prepared_statements where name like 'tidemark_%'`);
  const account = (store: ServerStore) => store.tx('account', (tx) => tx.lockAccount('ann'));

  it('the database prepares a statement once for each connection, and none if the host says so', async () => {
    const { store, pool } = await open(true);
    await account(store);
    const once = await kept(pool);
    expect(once.length).toBeGreaterThan(2);
    await account(store);
    expect(await kept(pool)).toEqual(once);
    const without = await open(false);
    await account(without.store);
    expect(await kept(without.pool)).toEqual([]);
  });

  it('the database plans a statement once for each connection, whatever its parameters are', async () => {
    const { store, pool } = await open(true);
    for (let n = 1; n <= 8; n++) {
      await submit(store, 'ann', messageTo('bob', `planned-${n}`));
      await submit(store, 'bob', receiptsTo('ann', { position: n, read: [[n, n]] }));
      await pullAll(store, 'ann', null);
    }
    expect(await run(pool, `select statement from pg_prepared_statements where name like 'tidemark_%' and custom_plans > 0`)).toEqual([]);
  });

  it('a table that a newer server changes fails no transaction of a running server', async () => {
    const { store, pool } = await open(true);
    await account(store);
    await run(pool, 'alter table tidemark.account add column later integer');
    expect(await account(store)).toMatchObject({ userId: 'ann', version: 0 });
  });

  it('a receipt is six statements, and the read of a device that is told of it six, the begin and the end included', async () => {
    const { pool } = await open(true);
    let statements = 0;
    const client = await pool.connect();
    const counting: PgClient = {
      query: (statement) => {
        statements++;
        return client.query(statement);
      },
      on: (event, listener) => client.on(event, listener),
      off: (event, listener) => client.off(event, listener),
      release: () => undefined,
    };
    const store = await openPostgresStore({ pool: { connect: async () => counting, on: () => undefined, off: () => undefined } });
    const counted = async (work: () => Promise<unknown>): Promise<number> => {
      statements = 0;
      await work();
      return statements;
    };
    try {
      await submit(store, 'ann', messageTo('bob', 'counted-1'), messageTo('bob', 'counted-2'));
      const cursor = await cursorOf(store, 'ann');
      expect(await counted(() => submit(store, 'bob', receiptsTo('ann', { position: 1, read: [[1, 1]] })))).toBe(6);
      expect(await counted(() => pullAll(store, 'ann', cursor))).toBe(6);
    } finally {
      await store.close();
      client.release();
    }
  });

  it('the server reads the histories that `npm run load` writes into the tables', async () => {
    const { store, pool } = await open(true);
    await fillChats(pool, [{ from: 'ann', to: 'bob', messages: 3 }]);
    const amounts = { users: 20, chats: 1, messagesInChat: 12, groups: 1, members: 4, messagesInGroup: 20, askingOneIn: 10, readers: 2 };
    await fillHistory(pool, amounts, FIRST_TENTH);
    await fillHistory(pool, amounts, OTHER_TENTHS);
    expect(await rowOf(store, 'bob', 'ann')).toMatchObject({ latestSeq: 3, readUpTo: 0, mine: { read: [] } });
    const rows = (await pullAll(store, userOf(1), null))!.flatMap((frame) => frame.rows);
    expect(rows.map(({ latestSeq }) => latestSeq).sort()).toEqual([12, 12, 20]);
    expect((await sizesOf(pool)).find(({ name }) => name === 'message')?.rows).toBe(3 + 20 * 12 + 20);
  });

  it('a row reads only the mentions of its own conversation, also before the database has statistics', async () => {
    const { store, pool } = await open(true);
    await run(pool, 'alter table tidemark.message set (autovacuum_enabled = off)');
    await store.tx('submit', (tx) =>
      applyEntries(tx, { userId: 'ann', deviceId: 'd' }, readEntries('ann', [messageTo('bob', 'm-1'), messageTo('cat', 'm-2')]), RULES),
    );
    await run(
      pool,
      `insert into tidemark.message (conversation_id, seq, id, sender_id, sent_at, body, receipt_requested, countable, recalled, mentions, version)
       select conversation_id, seq + n, id || '-' || n, sender_id, sent_at, body, true, true, false, '"all"', version
       from tidemark.message, generate_series(1, 2000) as n where id = 'm-2'`,
    );
    const readMentions = async (): Promise<number> => {
      await run(pool, 'select pg_stat_force_next_flush()');
      const [row] = await run(pool, `select pg_stat_get_tuples_returned('tidemark.mentioning_message'::regclass) as n`);
      return Number((row as { n: string }).n);
    };
    const before = await readMentions();
    expect(await rowOf(store, 'bob', 'ann')).toMatchObject({ latestSeq: 1, mentions: [] });
    expect((await readMentions()) - before).toBeLessThan(100);
  });

  it('the feed reads only the messages and receipts of the conversations that changed for its user', async () => {
    const { store, pool } = await open(true);
    const pairs = ['1', '2'].map((n) => ({ sender: `sender-${n}`, reader: `reader-${n}`, cursor: '' }));
    for (const pair of pairs) {
      await submit(store, pair.sender, messageTo(pair.reader, `changed-${pair.sender}`));
      pair.cursor = await cursorOf(store, pair.sender);
    }
    await fillChats(pool, [{ from: 'cat', to: 'dan', messages: 3000 }]);
    for (const kind of ['delivered', 'read', 'named'])
      await run(
        pool,
        `insert into tidemark.step (conversation_id, user_id, kind, from_seq, up_to, at, version)
         select conversation_id, 'dan', '${kind}', seq, seq, 0, version from tidemark.message where sender_id = 'cat'`,
      );
    for (const { sender, reader } of pairs) await submit(store, reader, receiptsTo(sender, { position: 1, read: [[1, 1]] }));
    await run(pool, 'analyze');
    const readRows = async (): Promise<number> => {
      await run(pool, 'select pg_stat_force_next_flush()');
      const indexes = ['step_by_version', 'message_by_version', 'step_pkey', 'message_pkey'];
      const [row] = await run(
        pool,
        `select sum(pg_stat_get_tuples_returned(('tidemark.' || name)::regclass)) as n from unnest(array['${indexes.join(`', '`)}']) as name`,
      );
      return Number((row as { n: string }).n);
    };
    const before = await readRows();
    const pages = await store.merged!.read(
      pairs.map(
        ({ sender, cursor }) =>
          (tx) =>
            pullPage(tx, { userId: sender, membersSeeReaders: false }, cursor, false),
      ),
    );
    for (const [i, { reader }] of pairs.entries())
      expect(pages[i]).toMatchObject({
        value: { frames: [{ steps: [{ conversationId: `direct:${reader}`, kind: 'read', range: [1, 1] }] }] },
      });
    expect((await readRows()) - before).toBeLessThan(100);
  });
});
