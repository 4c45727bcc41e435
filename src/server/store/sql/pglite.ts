/**
 * `./server/pglite`: the embedded store. PostgreSQL runs inside this process and keeps its data in a folder.
 */
import { chmodSync, closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { StoreError } from '../../../errors.ts';
import { readOptions } from '../../../model/option-names.ts';
import type { ServerStore } from '../server-store.ts';
import { PLANNER_SETTINGS, type SqlDriver, type SqlQuery } from './driver.ts';
import { databaseIn, type Found, inspectFolder, requireFolder, signOfFirstStart } from './folder/folder-check.ts';
import { type FolderLock, lockFolder } from './folder/folder-lock.ts';
import { openSqlStore, type SqlStoreOptions } from './sql-store.ts';

/** The store vacuums dead row versions after this many transactions, in the next idle time. */
const VACUUM_AFTER = 2000;
const IDLE_MS = 10_000;

/**
 * Gives the event loop one turn. The database runs in this thread, and its promises settle without a turn of
 * the event loop. Without this, frames from the network would wait until no transaction is left.
 */
const letOthersIn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A driver over an open database. Closing the driver closes the database. */
export const pgliteDriver = (database: PGlite, lock?: FolderLock): SqlDriver => {
  let transactions = 0;
  let sweeping: ReturnType<typeof setTimeout> | undefined;
  // The embedded database has no background process that vacuums.
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
  // The database has one session, so a setting holds for all transactions. Transactions run one after another, so
  // each transaction sees one snapshot at any isolation.
  let settings: Promise<unknown> | undefined;
  const isSet = (): Promise<unknown> =>
    (settings ??= database.exec(
      Object.entries(PLANNER_SETTINGS)
        .map(([name, value]) => `set ${name} = ${value};`)
        .join('\n'),
    ));
  return {
    transaction: async (kind, body) => {
      if (lock?.isLost)
        throw new StoreError('store/unavailable', 'another server took the folder while this server was frozen: restart this server');
      try {
        await isSet();
        return await database.transaction(async (tx) => {
          if (kind === 'read') await tx.exec('set transaction read only');
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
        // Committed data is safe without a checkpoint; the checkpoint makes the next start fast (F74).
        await database.exec('checkpoint');
      } finally {
        await database.close();
        lock?.release();
      }
    },
  };
};

/**
 * Removes the rest of an interrupted first start. Until the tables exist the server has confirmed nothing, so
 * nothing is lost.
 */
const beginFirstStart = (folder: string): void => {
  writeFileSync(signOfFirstStart(folder), 'The first start of this store has not ended. Until it ends, the store holds no data.\n');
  rmSync(databaseIn(folder), { recursive: true, force: true });
};

const endFirstStart = (folder: string): void => {
  rmSync(signOfFirstStart(folder));
  if (process.platform === 'win32') return; // Windows cannot sync a folder
  // The file must not come back after a power loss: the next start would take the store for an unfinished one
  // and empty it.
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
      : `the server could not create a database in ${databaseIn(folder)} (${why}): is the disk full? The next start tries again`;
  return new StoreError('store/unavailable', message, { cause: error });
};

const openDatabase = async (folder: string, found: Found, open: (database: PGlite) => Promise<ServerStore>): Promise<ServerStore> => {
  let database: PGlite | undefined;
  try {
    database = await PGlite.create(databaseIn(folder));
    return await open(database);
  } catch (error) {
    await database?.close().catch(() => undefined); // the first error is the one to report
    throw failureOf(folder, found, error);
  }
};

/**
 * Opens the store in a folder, and creates both if they are missing. Only the folder's owner may enter it
 * (mode 0700). One server at a time may use it, also if containers share the folder.
 *
 * @throws {StoreError} `store/unavailable`: another process uses the folder (the message names the process),
 *   this process may not read and write it, it holds other files, or its database is damaged.
 *   `store/version-ahead`: a newer PostgreSQL wrote the database. The message names the way out.
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
