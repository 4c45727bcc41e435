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

const between = (table: Table<unknown, StoreKey>, { from, upTo }: KeyRange) => table.where(':id').between(from, upTo, true, true);

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
      const writes: PromiseLike<unknown>[] = [];
      const write = (done: PromiseLike<unknown>): void => {
        // Looked at when the body is through; until then a failure is no unhandled rejection.
        done.then(undefined, () => undefined);
        writes.push(done);
      };
      const tx: StoreTx = {
        get: (table, key) => db[table].get(key),
        getMany: (table, keys) => db[table].bulkGet([...keys]),
        range: (table, range) => between(db[table], range).toArray(),
        put: (table, key, record) => write(db[table].put(record, key)),
        putMany: (table, keys, records) => write(db[table].bulkPut([...records], keys as (string | number)[])),
        delete: (table, key) => write(db[table].delete(key)),
        deleteRange: (table, range) => write(between(db[table], range).delete()),
      };
      try {
        return await db.transaction(mode === 'readonly' ? 'r' : 'rw', tables as TableName[], async () => {
          const result = await body(tx);
          // A failed write must reject here, inside, or Dexie would take it for handled and commit the rest.
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
