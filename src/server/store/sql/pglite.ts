/** `./server/pglite`: the embedded store, PostgreSQL inside this process, kept in a folder. */
import { chmodSync, closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { StoreError } from '../../../errors.ts';
import { readOptions } from '../../../model/option-names.ts';
import type { ServerStore } from '../server-store.ts';
import type { SqlDriver, SqlQuery } from './driver.ts';
import { databaseIn, type Found, inspectFolder, requireFolder, signOfFirstStart } from './folder-check.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { openSqlStore, type SqlStoreOptions } from './sql-store.ts';

/** Dead versions of rows are swept after this many transactions, once nothing has happened for a while. */
const VACUUM_AFTER = 2000;
const IDLE_MS = 10_000;

/**
 * The database runs in this thread, and its promises settle without a turn of the event loop. Between two transactions the frames that
 * arrived are read: else they would wait until nothing is left to do, whatever the order of turns.
 */
const letOthersIn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A driver over a database that is open; closing it closes the database. */
export const pgliteDriver = (database: PGlite, lock?: FolderLock): SqlDriver => {
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
      if (lock?.isLost)
        throw new StoreError('store/unavailable', 'another server took the folder while this one was frozen: start it again');
      try {
        return await database.transaction((tx) => {
          const query: SqlQuery = async (text, params = []) => (await tx.query<Record<string, unknown>>(text, [...params])).rows;
          return body(query);
        });
      } finally {
        noteIdle();
        await letOthersIn();
      }
    },
    close: async () => {
      clearTimeout(sweeping);
      try {
        // What was committed is safe anyway; this makes the next start a short one (F74).
        await database.exec('checkpoint');
      } finally {
        await database.close();
        lock?.release();
      }
    },
  };
};

/** Until the tables are there nothing was acknowledged, so what an interrupted first start left may go. */
const beginFirstStart = (folder: string): void => {
  writeFileSync(signOfFirstStart(folder), 'The first start of this store is not over. Until it is, the store holds nothing.\n');
  rmSync(databaseIn(folder), { recursive: true, force: true });
};

const endFirstStart = (folder: string): void => {
  rmSync(signOfFirstStart(folder));
  if (process.platform === 'win32') return; // has no such thing as the sync of a folder
  // The sign must not come back after a loss of power: the next start would take the store for an unfinished one.
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
};

const failureOf = (folder: string, found: Found, error: unknown): StoreError => {
  if (error instanceof StoreError) return error;
  const why = error instanceof Error ? error.message : String(error);
  const message =
    found === 'database'
      ? `the database in ${databaseIn(folder)} does not start (${why}): some of its files are damaged. Restore the folder from a backup`
      : `no database could be made in ${databaseIn(folder)} (${why}): is the disk full? The next start tries again`;
  return new StoreError('store/unavailable', message, { cause: error });
};

const openDatabase = async (folder: string, found: Found, open: (database: PGlite) => Promise<ServerStore>): Promise<ServerStore> => {
  let database: PGlite | undefined;
  try {
    database = await PGlite.create(databaseIn(folder));
    return await open(database);
  } catch (error) {
    await database?.close().catch(() => undefined); // why it failed is told already
    throw failureOf(folder, found, error);
  }
};

/**
 * Opens the store in a folder, making it where there is none: for its owner alone (0700), and for one server at a time, also where
 * containers share the folder.
 *
 * @throws {StoreError} `store/unavailable`: the folder is in use (the message names the process), cannot be read and written, holds other
 *   files, or a database that is damaged. `store/version-ahead`: it was written by a newer PostgreSQL. The message names the way out.
 * @throws {UsageError} `usage/invalid-option` for an option with an unknown name.
 */
export const openPgliteStore = async (folder: string, options: SqlStoreOptions = {}): Promise<ServerStore> => {
  readOptions(options, 'openPgliteStore', { runId: 1 }, 'usage/invalid-option');
  const data = resolve(folder);
  requireFolder(data);
  const lock = await lockFolder(data);
  try {
    const found = inspectFolder(data);
    chmodSync(data, 0o700);
    if (found !== 'database') beginFirstStart(data);
    return await openDatabase(data, found, async (database) => {
      const store = await openSqlStore(pgliteDriver(database, lock), options);
      if (found !== 'database') endFirstStart(data);
      return store;
    });
  } catch (error) {
    lock.release();
    throw error;
  }
};
