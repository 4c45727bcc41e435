/**
 * Opens a database with bare IndexedDB, and creates or upgrades its tables. Every start of the worker waits for this
 * step: a library for it would be a third of the worker's script.
 */
import type { StoreTx } from '../ports/ports.ts';
import { type Layout, migrate } from './migrations.ts';

/**
 * The version of the database is the number of the schema times this. Version 1 is below the first schema: the browser
 * gives it to a database that other code opened by its name alone, and such a database gets its tables here.
 */
const VERSIONS_PER_SCHEMA = 10;

/** Undefined in a browser without IndexedDB, or if the browser refuses access to it. */
export const browserFactory = (): IDBFactory | undefined => {
  try {
    // eslint-disable-next-line no-restricted-globals -- the default of a host without a factory of its own
    return (globalThis as Partial<typeof globalThis>).indexedDB;
  } catch {
    return undefined;
  }
};

export interface OpenDatabase {
  readonly idb: IDBDatabase;
  /** True if this opening created the tables. */
  readonly isNew: boolean;
}

/** Changes the records inside the upgrade's transaction. */
const upgrade = async (tx: StoreTx, from: number, { migrations }: Layout): Promise<void> => {
  for (const migration of migrations) if (migration.to * VERSIONS_PER_SCHEMA > from) await migrate(tx, migration);
};

/**
 * Waits while another tab keeps an older version open. The browser refuses a database of a newer version, which may
 * contain another release's outbox (F09).
 *
 * @param onUpgrade the operations of a transaction over the upgrade's transaction.
 * @throws the browser's error; a `VersionError` if the database is newer. Or the error of a migration.
 */
export const openDatabase = (
  factory: IDBFactory,
  name: string,
  layout: Layout,
  onUpgrade: (trans: IDBTransaction) => StoreTx,
): Promise<OpenDatabase> =>
  new Promise((resolve, reject) => {
    const opening = factory.open(name, layout.schema * VERSIONS_PER_SCHEMA);
    let isNew = false;
    opening.onupgradeneeded = ({ oldVersion }) => {
      const { result: idb, transaction } = opening;
      isNew = idb.objectStoreNames.length === 0;
      // Keys are stored outside the records, without indexes: an index would cost as much as the row itself.
      for (const table of layout.tables) if (!idb.objectStoreNames.contains(table)) idb.createObjectStore(table);
      if (isNew) return;
      upgrade(onUpgrade(transaction!), oldVersion, layout).catch((error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)));
        // Undoes the upgrade and its tables. The transaction may have aborted by itself.
        opening.onerror = null;
        try {
          transaction!.abort();
        } catch {}
      });
    };
    opening.onsuccess = () => resolve({ idb: opening.result, isNew });
    opening.onerror = () => reject(opening.error ?? new DOMException('the database did not open', 'UnknownError'));
  });
