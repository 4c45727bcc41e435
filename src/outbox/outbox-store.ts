/** The store of the outbox: an IndexedDB database for each name, a record for each conversation. Each write is strict. */
import { promisifyRequest, type UseStore } from 'idb-keyval';
import { StoreError } from '../errors.ts';

/** A write: the record, or undefined to delete it. */
export type RecordWrite = readonly [key: string, record: unknown];

/** Decides what to write after the read of a transaction. */
export type Decide = (records: readonly unknown[]) => readonly RecordWrite[];

export interface OutboxStore {
  /**
   * Runs a strict transaction: reads the records of `keys`, and writes the records from `decide`. Resolves after the commit. Rejects with
   * a {@link StoreError} if nothing was written.
   */
  change(keys: readonly string[], decide: Decide): Promise<void>;
  /** All records. */
  all(): Promise<ReadonlyMap<string, unknown>>;
  close(): void;
}

const STORE = 'outbox';

const opened = async (database: string): Promise<IDBDatabase> => {
  const request = indexedDB.open(database);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return promisifyRequest(request);
};

const storeError = (error: unknown): StoreError => {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  return name === 'QuotaExceededError'
    ? new StoreError('store/quota-exceeded', 'this device is full, nothing was stored; free some space', {
        cause: error,
      })
    : new StoreError('store/unavailable', `IndexedDB failed, nothing was stored: ${name || String(error)}`, { cause: error });
};

/** The browser may close a connection, for example when the user clears the site's data: the next transaction opens a new connection. */
export const openOutboxStore = (database: string): OutboxStore => {
  let connection: Promise<IDBDatabase> | null = null;
  const connect = (): Promise<IDBDatabase> => {
    const opening = opened(database).then((db) => {
      const forget = (): void => {
        if (connection === opening) connection = null;
      };
      db.onclose = forget;
      db.onversionchange = () => {
        db.close();
        forget();
      };
      return db;
    });
    opening.catch(() => {
      if (connection === opening) connection = null;
    });
    return opening;
  };
  const store: UseStore = async (mode, callback) => {
    connection ??= connect();
    const db = await connection;
    let tx: IDBTransaction;
    try {
      tx = db.transaction(STORE, mode, { durability: 'strict' });
    } catch {
      // The connection is closing.
      connection = connect();
      tx = (await connection).transaction(STORE, mode, { durability: 'strict' });
    }
    return callback(tx.objectStore(STORE));
  };
  return {
    change: (keys, decide) =>
      store('readwrite', async (records) => {
        const [first, ...rest] = keys.map((key) => promisifyRequest(records.get(key) as IDBRequest<unknown>));
        for (const [key, record] of decide(first ? await Promise.all([first, ...rest]) : []))
          if (record === undefined) records.delete(key);
          else records.put(record, key);
        await promisifyRequest(records.transaction);
      }).catch((error: unknown) => {
        throw storeError(error);
      }),
    all: () =>
      store('readonly', async (records) => {
        const [keys, values] = await Promise.all([
          promisifyRequest(records.getAllKeys()),
          promisifyRequest(records.getAll() as IDBRequest<unknown[]>),
        ]);
        return new Map(keys.map((key, i) => [key as string, values[i]]));
      }).catch((error: unknown) => {
        throw storeError(error);
      }),
    close() {
      void connection?.then((db) => db.close()).catch(() => undefined);
      connection = null;
    },
  };
};
