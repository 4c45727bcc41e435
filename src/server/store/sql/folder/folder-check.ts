/**
 * Checks the store's folder before PGlite opens the database. PGlite would create a new database over the files of a
 * damaged database, or end with "Aborted()". So the server first refuses a folder without a whole database, and
 * changes nothing in the folder (F122).
 */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../../../errors.ts';
import { isLockFile } from './folder-claim.ts';
import { faultOfControlFile } from './pg-control.ts';

/** The PostgreSQL inside PGlite 0.5. A database of another major version does not open. */
const MAJOR = 18;
/** Folders and files that PostgreSQL needs to start. */
const FOLDERS = ['base', 'global', 'pg_commit_ts', 'pg_multixact', 'pg_notify', 'pg_replslot', 'pg_twophase', 'pg_wal', 'pg_xact'];
const FILES = ['PG_VERSION', 'global/pg_control', 'global/pg_filenode.map', 'postgresql.conf', 'pg_hba.conf'];

/** The folder of the database. */
export const databaseIn = (folder: string): string => join(folder, 'pg');
/** A file that exists until the first start of the database has ended. */
export const signOfFirstStart = (folder: string): string => join(folder, 'pg.first-start');

export const refuse = (what: string, wayOut: string, cause?: unknown): StoreError =>
  new StoreError('store/unavailable', `${what}. Nothing was changed. ${wayOut}`, cause === undefined ? undefined : { cause });

const RESTORE = 'Restore the folder from a backup, or name an empty folder to begin anew';

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Creates a missing folder. @throws {StoreError} if the path is no folder, or this process may not read and write it.
 */
export const requireFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refuse(
      `the store's folder ${folder} cannot be used: ${errorText(error)}`,
      'Name a folder that this user may read and write, or that does not exist yet',
      error,
    );
  }
};

const kindOf = (path: string): 'folder' | 'file' | 'nothing' => {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'nothing' : stats.isDirectory() ? 'folder' : 'file';
};

const faultOf = (pg: string): string | undefined => {
  for (const name of FOLDERS) if (kindOf(join(pg, name)) !== 'folder') return `the folder "${name}" is missing`;
  for (const name of FILES) {
    if (kindOf(join(pg, name)) !== 'file') return `the file "${name}" is missing`;
    accessSync(join(pg, name), constants.R_OK | constants.W_OK);
  }
  return faultOfControlFile(pg);
};

const requireMajor = (pg: string): void => {
  const text = readFileSync(join(pg, 'PG_VERSION'), 'utf8').trim();
  const major = /^\d{1,4}$/.test(text) ? Number(text) : undefined;
  if (major === MAJOR) return;
  if (major === undefined) throw refuse(`${pg} is damaged: PG_VERSION holds ${JSON.stringify(text.slice(0, 40))}`, RESTORE);
  const message = `${pg} was written by PostgreSQL ${major}, this server has PostgreSQL ${MAJOR}. Nothing was changed. Run the release of the server that wrote it`;
  throw new StoreError(major > MAJOR ? 'store/version-ahead' : 'store/unavailable', message);
};

/** The content of a folder: nothing, the rest of an interrupted first start, or a database. */
export type Found = 'nothing' | 'unfinished' | 'database';

/**
 * Reads the content of the folder, and changes nothing.
 *
 * @param folder an existing folder that this process has locked.
 * @throws {StoreError} `store/unavailable` for an incomplete database and for files that are no database;
 *   `store/version-ahead` for a database of a newer PostgreSQL.
 */
export const inspectFolder = (folder: string): Found => {
  const pg = databaseIn(folder);
  if (kindOf(signOfFirstStart(folder)) === 'file') return 'unfinished';
  try {
    const others = readdirSync(folder).filter((name) => !isLockFile(name) && name !== 'lost+found' && !name.startsWith('.'));
    if (others.length === 0) return 'nothing';
    if (!others.includes('pg'))
      throw refuse(
        `${folder} holds no store, but other files: ${others.slice(0, 5).join(', ')}`,
        'Name the folder of a store, or an empty one',
      );
    if (kindOf(pg) !== 'folder') throw refuse(`${pg} is no folder`, RESTORE);
    if (readdirSync(pg).length === 0) return 'nothing';
    if (kindOf(join(pg, 'PG_VERSION')) === 'file') requireMajor(pg);
    const fault = faultOf(pg);
    if (fault !== undefined) throw refuse(`the database in ${pg} is not whole: ${fault}`, RESTORE);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw refuse(`the database in ${pg} cannot be read: ${errorText(error)}`, 'Give this user the right to read and write it', error);
  }
  return 'database';
};
