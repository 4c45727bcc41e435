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
import { int, runOf } from './rows.ts';
import { isInOtherDatabase, OtherDatabase, runStatements } from './runs.ts';
import { runAlone, runMerged } from './merged-statements.ts';
import type { Statements } from './statements.ts';
import { sqlWrites } from './writes.ts';

const newRunId = (): string => crypto.randomUUID().replaceAll('-', '');

export interface SqlStoreOptions {
  /** The id of this run. Default: random. */
  readonly runId?: string;
}

/** Brings the tables up to date and records the start of a run. */
export const openSqlStore = async (driver: SqlDriver, { runId = newRunId() }: SqlStoreOptions = {}): Promise<ServerStore> => {
  const runs = await runStatements(driver);
  const startRun = (statement: string, id: string): Promise<unknown> =>
    driver.transaction('write', async (query) => {
      await migrate(query);
      await query(`lock table tidemark.run in exclusive mode`);
      await query(statement, [id]);
    });
  await startRun(runs.start, runId);

  const running = new Set<Promise<unknown>>();
  let closed = false;
  type Row = Awaited<ReturnType<SqlQuery>>[number];
  const begin = async <T>(kind: 'read' | 'write', body: (query: SqlQuery, row: Row) => Promise<T>): Promise<T> => {
    try {
      return await driver.transaction(kind, async (query) => {
        const [row] = await query(runs[kind]);
        if (!row) throw new Error('the database holds no run: another process emptied it while this server ran. Restart this server');
        if (isInOtherDatabase(row)) throw new OtherDatabase();
        return body(query, row);
      });
    } catch (error) {
      if (!(error instanceof OtherDatabase)) throw error;
      await startRun(runs.startInOther, newRunId());
      return begin(kind, body);
    }
  };
  const inTransaction = <T>(kind: 'read' | 'write', body: (query: SqlQuery, row: Row) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    const transaction = begin(kind, body);
    const settled: Promise<unknown> = transaction.then(
      () => running.delete(settled),
      () => running.delete(settled),
    );
    running.add(settled);
    return transaction;
  };

  const readTx = (statements: Statements, row: Row): ServerReadTx => {
    const feedEnd = int(row, 'feed_end');
    const facts = { feedEnd, isBehind: feedEnd < int(row, 'newest'), begunAt: int(row, 'begun_at'), run: runOf(row) };
    // A copy of all reads for each user of a transaction would cost more than what the user asks.
    return Object.assign(sqlReads(statements), facts);
  };
  const writing = <T>(body: (query: SqlQuery, txOf: (statements: Statements) => ServerTx) => Promise<T>): Promise<T> =>
    inTransaction('write', async (query, row) => {
      const version = int(row, 'version');
      return body(query, (statements) => Object.assign(readTx(statements, row), sqlWrites(statements, version), { version }));
    });

  return {
    read: (_name, body) => inTransaction('read', (query, row) => runAlone(query, (statements) => body(readTx(statements, row)))),
    tx: (_name, body) => writing((query, txOf) => runAlone(query, (statements) => body(txOf(statements)))),
    merged: {
      read: (bodies) =>
        inTransaction('read', (query, row) =>
          runMerged(
            query,
            bodies.map((body) => (statements) => body(readTx(statements, row))),
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
              const ask = tx.now.bind(tx);
              return body(Object.assign(tx, { now: async () => (now ??= await ask()) }));
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
