/** The store in a PostgreSQL database that the host runs. Several servers may use one database. */
import { createHash } from 'node:crypto';
import { UsageError } from '../../../errors.ts';
import { readOptions } from '../../../model/option-names.ts';
import type { ServerStore } from '../server-store.ts';
import { PLANNER_SETTINGS, type SqlDriver, type SqlQuery, type SqlRow } from './driver.ts';
import { openSqlStore, type SqlStoreOptions } from './sql-store.ts';
import { WRITER_LOCK } from './feed-end.ts';

/** A statement with its values. */
export interface PgStatement {
  /** The database prepares a statement with a name once for each connection. */
  readonly name?: string;
  /** The SQL, with `$1` for the first value. */
  readonly text: string;
  /** The values, in their order. */
  readonly values: unknown[];
}

/** A client of the package `pg`, as far as the store uses it. */
export interface PgClient {
  /** Runs a statement; the answer has its `rows` and its `command`. */
  query(statement: string | PgStatement): Promise<{ readonly rows: readonly unknown[]; readonly command: string }>;
  /** Listens for a broken connection. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Ends a listener. */
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** Gives the client back. With an error, the pool closes its connection. */
  release(error?: Error | boolean): void;
}

/** A `Pool` of the package `pg`, as far as the store uses it. */
export interface PgPool {
  /** Takes a client out of the pool. */
  connect(): Promise<PgClient>;
  /** Listens for errors of clients that no caller has taken. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Ends a listener. */
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** The options of the pool: `max` is the number of its clients. */
  readonly options?: { readonly max?: number };
}

/** The options of `openPostgresStore`. */
export interface PostgresStoreOptions extends SqlStoreOptions {
  /** A pool of the package `pg`. The store neither configures nor ends it. */
  readonly pool: PgPool;
  /**
   * Whether the database prepares each statement once for each connection, which saves half of its work. Default true. Behind a pooler that
   * shares connections by transaction and knows no prepared statements (PgBouncer before 1.21): false.
   */
  readonly prepared?: boolean;
}

/** The size of a pool that does not tell its size: the default of `pg`. */
const DEFAULT_POOL = 10;

// One statement for all settings, because the database plans each text anew. They end with the transaction.
const SETTINGS = Object.entries(PLANNER_SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', true)`)
  .join(', ');
const BEGIN = {
  read: `begin isolation level repeatable read, read only; select ${SETTINGS}`,
  // Readers of the feed find the writers by this lock. It comes before the transaction has an id.
  write: `begin isolation level read committed; select ${SETTINGS}, pg_advisory_xact_lock_shared(${WRITER_LOCK})`,
} as const;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** The same text has the same name in every store of the pool, because a connection keeps its statements. */
const names = new Map<string, string>();
const nameOf = (text: string): string => {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `tidemark_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`));
  return name;
};

/** A newer server has changed a table since this connection prepared a statement on it: "cached plan must not change result type". */
const isStale = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '0A000';

const postgresDriver = (pool: PgPool, isPrepared: boolean): SqlDriver => {
  // The pool drops a connection that breaks while idle. Without a listener, the event would end the process.
  const onIdleError = (): void => undefined;
  pool.on('error', onIdleError);
  const connections = pool.options?.max ?? DEFAULT_POOL;
  const once = async <T>(kind: 'read' | 'write', body: (query: SqlQuery) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    const onError = (error: Error): void => void (broken ??= error);
    client.on('error', onError);
    const query: SqlQuery = async (text, params = []) => {
      const name = isPrepared ? { name: nameOf(text) } : {};
      return (await client.query({ ...name, text, values: [...params] })).rows as readonly SqlRow[];
    };
    try {
      await client.query(BEGIN[kind]);
      const result = await body(query);
      // PostgreSQL answers the commit of a failed transaction with a rollback, and without an error.
      const { command } = await client.query('commit');
      if (command !== 'COMMIT') throw new Error('the database rolled the transaction back');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failed: unknown) => (broken ??= asError(failed)));
      if (isStale(error)) broken ??= asError(error);
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  };
  return {
    transaction: async (kind, body) => {
      // Each connection of the pool may have prepared the statement. The pool closes it, and the transaction runs again.
      for (let left = connections; ; left--)
        try {
          return await once(kind, body);
        } catch (error) {
          if (left === 0 || !isStale(error)) throw error;
        }
    },
    close: async () => {
      pool.off('error', onIdleError);
    },
  };
};

/**
 * Opens the store in the database of the pool, and creates its tables, in the schema `tidemark`, if they are missing. The store survives
 * restarts of the database: transactions fail while the database is away, and clients try again. Closing the store
 * leaves the pool open.
 *
 * @throws {StoreError} `store/version-ahead` if a newer server wrote the tables.
 * @throws {UsageError} `usage/invalid-option` for an option with an unknown name, and for a value that is not a pool.
 */
export const openPostgresStore = async (options: PostgresStoreOptions): Promise<ServerStore> => {
  const { pool, prepared, ...rest } = readOptions(options, 'openPostgresStore', { pool: 1, prepared: 1, runId: 1 }, 'usage/invalid-option');
  if (typeof (pool as PgPool | undefined)?.connect !== 'function')
    throw new UsageError('usage/invalid-option', 'pool must be a Pool of the package "pg": new Pool({ connectionString })');
  const store = await openSqlStore(postgresDriver(pool, prepared !== false), rest);
  return { ...store, atOnce: pool.options?.max ?? DEFAULT_POOL };
};
