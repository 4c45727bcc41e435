/**
 * The server store over SQL.
 *
 * The version of a row is the id of the transaction that wrote the row. The feed ends below the oldest
 * running write transaction of a server (`feed-end.ts`):
 *
 *   transaction ids    … 41 committed │ 42 running   43 committed   44 running
 *   the feed ends here ───────────────┘ 43 becomes visible when 42 has ended
 *
 * So a reader of the feed skips no change, also if transactions commit in another order (F65), and transactions need
 * no shared counter to queue for.
 */
import type { ServerReadTx, ServerStore, ServerTx } from '../server-store.ts';
import type { SqlDriver, SqlQuery } from './driver.ts';
import { sqlReads } from './reads/reads.ts';
import { migrate } from './schema.ts';
import { FEED_END } from './feed-end.ts';
import { runMerged } from './merged-statements.ts';
import { type Statements, statementsOf } from './statements.ts';
import { sqlWrites } from './writes.ts';

// In a database restored from a dump, transaction ids begin anew. `shift` raises them above every version in
// the dump.
const begin = (version: string): string => `
  select ${FEED_END} + r.shift as feed_end, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1 + r.shift as newest,
    r.number, r.id, r.began_at, (extract(epoch from statement_timestamp()) * 1000)::bigint as begun_at${version}
  from tidemark.run r order by r.number desc limit 1`;
const BEGIN_READ = begin('');
const BEGIN_WRITE = begin(', pg_current_xact_id()::text::bigint + r.shift as version');

const startRun = async (query: SqlQuery, id: string): Promise<void> => {
  await query(`lock table tidemark.run in exclusive mode`);
  // One statement sees one snapshot. Every version in the snapshot is below the ids outside it, unless the
  // rows come from the dump of another database.
  await query(
    `with past as (
       select coalesce((select shift from tidemark.run order by number desc limit 1), 0) as shift,
         greatest((select max(greatest(version, version_a, version_b)) from tidemark.conversation), (select max(version) from tidemark.member),
           (select max(version) from tidemark.receipt), (select max(version) from tidemark.account), (select max(version) from tidemark.counting), (select max(began_at) from tidemark.run), 0) as newest
     ), here as (
       select case when newest >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift
         then newest + 1 - pg_current_xact_id()::text::bigint else shift end as shift from past
     )
     insert into tidemark.run (id, began_at, shift) select $1, pg_current_xact_id()::text::bigint + shift, shift from here`,
    [id],
  );
};

export interface SqlStoreOptions {
  /** The id of this run. Default: random. */
  readonly runId?: string;
}

/** Brings the tables up to date and records the start of a run. */
export const openSqlStore = async (
  driver: SqlDriver,
  { runId = crypto.randomUUID().replaceAll('-', '') }: SqlStoreOptions = {},
): Promise<ServerStore> => {
  await driver.transaction('write', async (query) => {
    await migrate(query);
    await startRun(query, runId);
  });

  const running = new Set<Promise<unknown>>();
  let closed = false;
  const inTransaction = <T>(kind: 'read' | 'write', body: (query: SqlQuery) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    const transaction = driver.transaction(kind, body);
    const settled: Promise<unknown> = transaction.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
    return transaction;
  };

  type Row = Awaited<ReturnType<SqlQuery>>[number];
  const readTx = (query: SqlQuery, row: Row | undefined): ServerReadTx => {
    if (!row) throw new Error('the database holds no run: another process emptied it while this server ran. Restart this server');
    const run = { number: Number(row['number']), id: String(row['id']), beganAt: Number(row['began_at']) };
    const feedEnd = Number(row['feed_end']);
    return { feedEnd, isBehind: feedEnd < Number(row['newest']), begunAt: Number(row['begun_at']), run, ...sqlReads(query) };
  };
  const reading = <T>(body: (query: SqlQuery, row: Row | undefined) => Promise<T>): Promise<T> =>
    inTransaction('read', async (query) => {
      const [row] = await query(BEGIN_READ);
      return body(query, row);
    });
  const writing = <T>(body: (query: SqlQuery, txOf: (statements: Statements) => ServerTx) => Promise<T>): Promise<T> =>
    inTransaction('write', async (query) => {
      const [row] = await query(BEGIN_WRITE);
      const version = Number(row?.['version']);
      return body(query, (statements) => ({ ...readTx(statements.select, row), version, ...sqlWrites(statements, version) }));
    });

  return {
    read: (_name, body) => reading((query, row) => body(readTx(query, row))),
    tx: (_name, body) => writing((query, txOf) => body(txOf(statementsOf(query)))),
    merged: {
      read: (bodies) =>
        reading((query, row) =>
          runMerged(
            query,
            bodies.map(
              (body) =>
                ({ select }) =>
                  body(readTx(select, row)),
            ),
          ),
        ),
      tx: (bodies) =>
        writing((query, txOf) => {
          // All bodies use the same time, so two bodies judge a receipt window alike.
          let now: number | undefined;
          return runMerged(
            query,
            bodies.map((body) => (statements) => {
              const tx = txOf(statements);
              return body({ ...tx, now: async () => (now ??= await tx.now()) });
            }),
          );
        }),
    },
    close: async () => {
      closed = true;
      await Promise.all(running);
      await driver.close();
    },
  };
};
