/**
 * The store over IndexedDB. Dexie opens the database, makes and upgrades it, and notices when it is lost; transactions run on the
 * connection itself: Dexie's zones follow no more than 100 `await`s, a group commit makes thousands, and each would pay for its zone.
 */
import { Dexie } from 'dexie';
import { StoreError } from '../errors.ts';
import type { KeyRange, StorePort, StoreTx, TableName } from '../ports/ports.ts';
import { TABLES } from './tables.ts';

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

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    // The transaction aborts with it, and says so as a whole.
    request.onerror = () => reject(request.error ?? new DOMException('request failed', 'UnknownError'));
  });

const onTransaction = (idb: IDBTransaction): StoreTx => {
  const store = (table: TableName): IDBObjectStore => idb.objectStore(table);
  return {
    get: (table, key) => answer<unknown>(store(table).get(key as IDBValidKey)),
    getMany: (table, keys) => Promise.all(keys.map((key) => answer<unknown>(store(table).get(key as IDBValidKey)))),
    range: (table, range) => answer<unknown[]>(store(table).getAll(between(range))),
    // Nobody listens to single writes: one that fails aborts the transaction, and one that cannot be cloned throws here and now.
    put: (table, key, record) => void store(table).put(record, key as IDBValidKey),
    putMany: (table, keys, records) => keys.forEach((key, i) => store(table).put(records[i], key as IDBValidKey)),
    delete: (table, key) => void store(table).delete(key as IDBValidKey),
    deleteRange: (table, range) => void store(table).delete(between(range)),
  };
};

/** Resolves when all of it is stored, rejects when none of it is. */
const completion = (idb: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    idb.oncomplete = () => resolve();
    idb.onabort = () => reject(idb.error ?? new DOMException('the transaction was aborted', 'AbortError'));
  });

export interface DexieStore extends StorePort {
  /**
   * Removes the database itself, unless somebody did, and closes this connection. Others are told, and close theirs; resolves when
   * they have.
   */
  remove(): Promise<void>;
  /** Resolves when somebody removes the database: this connection is closed. */
  readonly removed: Promise<void>;
}

/**
 * Opens (or makes) the database.
 *
 * @throws {StoreError} `store/unavailable` where IndexedDB is missing or does not open.
 */
export const openDexieStore = async (name: string): Promise<DexieStore> => {
  const db = new Dexie(name);
  // Keys stand outside the records, and there is no index: each would cost as much as the row itself.
  db.version(1).stores(Object.fromEntries(TABLES.map((table) => [table, ''])));
  let tellRemoved: () => void = () => undefined;
  const removed = new Promise<void>((resolve) => (tellRemoved = resolve));
  db.on('versionchange', ({ newVersion }) => {
    if (newVersion !== null) return true;
    tellRemoved();
    db.close();
    // Dexie's own listener would do the same, and say so on the console.
    return false;
  });
  try {
    await db.open();
  } catch (error) {
    throw storeError(error);
  }

  return {
    durability: 'durable',
    async tx(_name, tables, mode, durability, body) {
      if (!db.isOpen()) throw new StoreError('store/closed', 'the store is closed');
      let idb: IDBTransaction | undefined;
      let done: Promise<void> | undefined;
      try {
        idb = db.backendDB().transaction([...tables], mode, { durability });
        done = completion(idb);
        // Looked at when the body is through; until then an abort is no unhandled rejection.
        done.catch(() => undefined);
        const result = await body(onTransaction(idb));
        idb.commit();
        await done;
        return result;
      } catch (error) {
        try {
          idb?.abort();
        } catch {
          // It has ended by itself, and `error` says why.
        }
        await done?.catch(() => undefined);
        throw storeError(error);
      }
    },
    close() {
      db.close();
    },
    removed,
    async remove() {
      // Closed by another's removal: what lies under this name now, if anything, is of another login.
      if (!db.isOpen()) return;
      // Asked for while this connection is open: nobody can have made it anew in between.
      const request = Dexie.dependencies.indexedDB.deleteDatabase(name);
      db.close();
      await new Promise<void>((resolve) => {
        request.onsuccess = request.onerror = () => resolve();
      });
    },
  };
};
