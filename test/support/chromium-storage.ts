/**
 * The file format of Chromium's IndexedDB. Contexts in memory (private windows, Playwright's usual contexts) are in SQLite. Profiles on
 * disk are in LevelDB, and new stores in SQLite where a flag says so: `ENGINES=chromium-sqlite` sets the flag for all suites.
 */
import { rmSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stores IndexedDB in SQLite, as Chromium will for new stores. */
export const SQLITE_FLAG = '--enable-features=IdbSqliteOnDiskRollout:stage/UseSqliteForNewStores';

export const ON_SQLITE = 'chromium-sqlite';

export const isOnSqlite = ({ ENGINES }: Readonly<Record<string, string | undefined>> = process.env): boolean => ENGINES === ON_SQLITE;

const HEADER = 'SQLite format 3\0';

const hasHeader = async (path: string): Promise<boolean> => {
  // The browser may have removed a journal since the folder was read.
  const file = await open(path).catch(() => null);
  if (!file) return false;
  try {
    const { buffer } = await file.read(Buffer.alloc(HEADER.length), 0, HEADER.length, 0);
    return buffer.toString('latin1') === HEADER;
  } finally {
    await file.close();
  }
};

export interface StoresOnDisk {
  /** Folders of LevelDB. */
  readonly levelDb: readonly string[];
  /** Files that begin as SQLite's files do. */
  readonly sqlite: readonly string[];
}

/** The IndexedDB files in a profile, by their format. */
export const storesIn = async (profile: string): Promise<StoresOnDisk> => {
  const entries = await readdir(join(profile, 'Default/IndexedDB'), { recursive: true, withFileTypes: true }).catch(() => []);
  const levelDb: string[] = [];
  const sqlite: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory() && entry.name.endsWith('.leveldb')) levelDb.push(path);
    else if (entry.isFile() && (await hasHeader(path))) sqlite.push(path);
  }
  return { levelDb, sqlite };
};

/** @throws {Error} if the run asks for SQLite, and a profile has a store in LevelDB. */
export const refuseLevelDb = async (profile: string): Promise<void> => {
  if (!isOnSqlite()) return;
  const [store] = (await storesIn(profile)).levelDb;
  if (store !== undefined) throw new Error(`ENGINES is ${ON_SQLITE}, and this store is in LevelDB: ${store}`);
};

/** The profile of the browser suites, where the run asks for SQLite. Without a profile on disk, Chromium would store in memory. */
export const SQLITE_PROFILE = join(tmpdir(), `tidemark-sqlite-${process.pid}`);

/** Removes the profile at the end of this process, after the browser. */
export const removeAtEnd = (profile: string): void =>
  void process.once('exit', () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
