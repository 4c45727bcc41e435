/**
 * The server store over SQL. A row's version is the id of the transaction that wrote it, and reads end below the oldest one still
 * running: so nothing is skipped, in whatever order transactions commit (F65), without a counter everybody would queue for.
 */
import type { ServerReadTx, ServerStore, ServerTx } from '../server-store.ts';
import type { SqlDriver, SqlQuery } from './driver.ts';
import { sqlReads } from './reads.ts';
import { migrate } from './schema.ts';
import { sqlWrites } from './writes.ts';

// Transaction ids begin anew in a database rebuilt from a dump; `shift` lifts them above every version the dump brought along.
const BEGIN_READ = `
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + r.shift as head, r.number, r.id, r.began_at
  from tidemark.run r order by r.number desc limit 1`;
const BEGIN_WRITE = `
  select pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + r.shift as head, r.number, r.id, r.began_at,
    pg_current_xact_id()::text::bigint + r.shift as version
  from tidemark.run r order by r.number desc limit 1`;

const startRun = async (query: SqlQuery, id: string): Promise<void> => {
  await query(`lock table tidemark.run in exclusive mode`);
  // One statement, one snapshot: no version it sees can reach the ids it does not see, unless they come from another database.
  await query(
    `with past as (
       select coalesce((select shift from tidemark.run order by number desc limit 1), 0) as shift,
         greatest((select max(version) from tidemark.conversation), (select max(version) from tidemark.member),
           (select max(version) from tidemark.receipt), (select max(began_at) from tidemark.run), 0) as newest
     ), here as (
       select case when newest >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift
         then newest + 1 - pg_current_xact_id()::text::bigint else shift end as shift from past
     )
     insert into tidemark.run (id, began_at, shift) select $1, pg_current_xact_id()::text::bigint + shift, shift from here`,
    [id],
  );
};

export interface SqlStoreOptions {
  /** Names this run. Default: random. */
  readonly runId?: string;
}

/** Prepares the tables and records that a run began. */
export const openSqlStore = async (
  driver: SqlDriver,
  { runId = crypto.randomUUID().replaceAll('-', '') }: SqlStoreOptions = {},
): Promise<ServerStore> => {
  await driver.transaction(async (query) => {
    await migrate(query);
    await startRun(query, runId);
  });

  const running = new Set<Promise<unknown>>();
  let closed = false;
  const inTransaction = <T>(body: (query: SqlQuery) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    const transaction = driver.transaction(body);
    const settled: Promise<unknown> = transaction.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
    return transaction;
  };

  const readTx = (query: SqlQuery, row: Awaited<ReturnType<SqlQuery>>[number] | undefined): ServerReadTx => {
    if (!row) throw new Error('no run is recorded: the database was emptied under the server');
    const run = { number: Number(row['number']), id: String(row['id']), beganAt: Number(row['began_at']) };
    return { head: Number(row['head']), run, ...sqlReads(query) };
  };

  return {
    read: (_name, body) =>
      inTransaction(async (query) => {
        await query(`set transaction isolation level repeatable read, read only`);
        const [row] = await query(BEGIN_READ);
        return body(readTx(query, row));
      }),
    tx: (_name, body) =>
      inTransaction(async (query) => {
        const [row] = await query(BEGIN_WRITE);
        const version = Number(row?.['version']);
        const tx: ServerTx = { ...readTx(query, row), version, ...sqlWrites(query, version) };
        return body(tx);
      }),
    close: async () => {
      closed = true;
      await Promise.all(running);
      await driver.close();
    },
  };
};
