/** The store over IndexedDB. Dexie fixes durability per instance, so one database is opened twice: strict and relaxed. */
import { Dexie, type Table } from 'dexie';
import { StoreError } from '../errors.ts';
import type { Durability, KeyRange, StoreKey, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { TABLES } from './tables.ts';

type Database = Dexie & Record<TableName, Table<unknown, StoreKey>>;

const open = (name: string, durability: Durability): Database => {
  const db = new Dexie(name, { chromeTransactionDurability: durability }) as Database;
  // Keys stand outside the records, and there is no index: each would cost as much as the row itself.
  db.version(1).stores(Object.fromEntries(TABLES.map((table) => [table, ''])));
  return db;
};

/** Dexie wraps what the browser said; the innermost name tells. */
const storeError = (error: unknown): unknown => {
  if (error instanceof StoreError) return error;
  for (let cause = error as { name?: unknown; inner?: unknown } | undefined, i = 0; cause && i < 4; i++) {
    if (cause.name === 'QuotaExceededError')
      return new StoreError('store/quota-exceeded', 'this device has no room left; nothing was written', { cause: error });
    if (cause.name === 'DatabaseClosedError') return new StoreError('store/closed', 'the store is closed', { cause: error });
    cause = cause.inner as typeof cause;
  }
  // Errors thrown by a body are the body's own; those of the database carry Dexie's or the DOM's names.
  if (error instanceof Dexie.DexieError || error instanceof DOMException)
    return new StoreError('store/unavailable', `IndexedDB failed: ${error.message}`, { cause: error });
  return error;
};

const between = ({ from, upTo }: KeyRange): IDBKeyRange => IDBKeyRange.bound(from, upTo);

const answer = <T>(ask: () => IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = ask();
    request.onsuccess = () => resolve(request.result);
    // The transaction aborts with it, and says so as a whole.
    request.onerror = () => reject(request.error ?? new DOMException('request failed', 'UnknownError'));
  });

/**
 * Reads and writes on the transaction itself, past Dexie: it follows no more than 100 `await`s from one of its own promises to the
 * next, and what shares a group commit may make thousands.
 */
const bareTx = (idb: IDBTransaction, writes: Promise<unknown>[]): StoreTx => {
  const store = (table: TableName): IDBObjectStore => idb.objectStore(table);
  const write = (ask: () => IDBRequest): void => {
    const done = answer<unknown>(ask);
    // Looked at when the body is through; until then a failure is no unhandled rejection.
    done.catch(() => undefined);
    writes.push(done);
  };
  const get = (table: TableName, key: StoreKey): Promise<unknown> => answer<unknown>(() => store(table).get(key as IDBValidKey));
  const put = (table: TableName, key: StoreKey, record: unknown): void => write(() => store(table).put(record, key as IDBValidKey));
  return {
    get,
    getMany: (table, keys) => Promise.all(keys.map((key) => get(table, key))),
    range: (table, range) => answer<unknown[]>(() => store(table).getAll(between(range))),
    put,
    putMany: (table, keys, records) => keys.forEach((key, i) => put(table, key, records[i])),
    delete: (table, key) => write(() => store(table).delete(key as IDBValidKey)),
    deleteRange: (table, range) => write(() => store(table).delete(between(range))),
  };
};

/**
 * Opens (or makes) the database.
 *
 * @throws {StoreError} `store/unavailable` where IndexedDB is missing or does not open.
 */
export const openDexieStore = async (name: string): Promise<StorePort> => {
  const databases: Record<Durability, Database> = { strict: open(name, 'strict'), relaxed: open(name, 'relaxed') };
  try {
    await databases.strict.open();
    await databases.relaxed.open();
  } catch (error) {
    throw storeError(error);
  }

  return {
    durability: 'durable',
    async tx(_name, tables, mode, durability, body) {
      const db = databases[durability];
      const writes: Promise<unknown>[] = [];
      try {
        return await db.transaction(mode === 'readonly' ? 'r' : 'rw', tables as TableName[], async ({ idbtrans }) => {
          const result = await body(bareTx(idbtrans, writes));
          // A failed write rejects here, inside, so that nothing of this transaction stays.
          await Promise.all(writes);
          return result;
        });
      } catch (error) {
        throw storeError(error);
      }
    },
    close() {
      databases.strict.close();
      databases.relaxed.close();
    },
  };
};
