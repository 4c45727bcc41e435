/** `./server/pglite`: the embedded store, PostgreSQL inside this process, kept in a folder. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { ServerStore } from '../server-store.ts';
import type { SqlDriver, SqlQuery } from './driver.ts';
import { lockFolder } from './folder-lock.ts';
import { openSqlStore, type SqlStoreOptions } from './sql-store.ts';

/** Dead versions of rows are swept after this many transactions, once nothing has happened for a while. */
const VACUUM_AFTER = 2000;
const IDLE_MS = 10_000;

/** A driver over a database that is open; closing it closes the database. */
export const pgliteDriver = (database: PGlite, closed: () => void = () => undefined): SqlDriver => {
  let transactions = 0;
  let sweeping: ReturnType<typeof setTimeout> | undefined;
  // Nothing else does it: the embedded database has no process of its own to vacuum in.
  const sweep = (): void => {
    transactions = 0;
    database.exec('vacuum analyze').catch(() => undefined); // the next idle time tries again
  };
  const noteIdle = (): void => {
    transactions++;
    clearTimeout(sweeping);
    sweeping = undefined;
    if (transactions >= VACUUM_AFTER) sweeping = setTimeout(sweep, IDLE_MS).unref();
  };
  return {
    transaction: async (body) => {
      try {
        return await database.transaction((tx) => {
          const query: SqlQuery = async (text, params = []) => (await tx.query<Record<string, unknown>>(text, [...params])).rows;
          return body(query);
        });
      } finally {
        noteIdle();
      }
    },
    close: async () => {
      clearTimeout(sweeping);
      try {
        // What was committed is safe anyway; this makes the next start a short one (F74).
        await database.exec('checkpoint');
      } finally {
        await database.close();
        closed();
      }
    },
  };
};

/**
 * Opens the store in a folder, making it where there is none: for its owner alone (0700), and for one process at a time.
 *
 * @throws {Error} naming the process that has the folder open.
 */
export const openPgliteStore = async (folder: string, options: SqlStoreOptions = {}): Promise<ServerStore> => {
  const data = resolve(folder);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  chmodSync(data, 0o700);
  const release = lockFolder(join(data, 'server.lock'));
  try {
    const database = await PGlite.create(join(data, 'pg'));
    try {
      return await openSqlStore(pgliteDriver(database, release), options);
    } catch (error) {
      await database.close();
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
};
