/** One connection to the database, from its opening to its end, and the transactions on it. */
import { StoreError } from '../errors.ts';
import type { Durability, KeyRange, StoreKey, StoreTx, TableName } from '../ports/ports.ts';
import { storeError } from './idb-errors.ts';
import type { Layout } from './migrations.ts';
import { openDatabase } from './open-database.ts';

/**
 * `lost`: the browser closed the connection. `upgraded`, `removed`: another context waits for the database, so this
 * connection closed.
 */
export type ConnectionEnd = 'lost' | 'upgraded' | 'removed';

/** One run of a transaction's body. */
export interface Run<T> {
  /** Like {@link StorePort.tx}, but rejects with the browser's error. */
  readonly done: Promise<T>;
  /** Gives the run up. The run commits nothing more, unless its commit has begun. The body never continues. */
  abandon(): void;
}

/**
 * Delays a close until the running transactions have ended. Otherwise WebKit may leave the transactions of an ended
 * worker unfinished, and every later opening of the database waits for ever.
 */
const closeAfterRuns = (close: () => void): { begun(): () => void; close(): void } => {
  let running = 0;
  let closing = false;
  return {
    begun() {
      running++;
      let over = false;
      return () => {
        if (over) return;
        over = true;
        if (--running === 0 && closing) close();
      };
    },
    close() {
      closing = true;
      if (running === 0) close();
    },
  };
};

export interface Connection {
  /** True if this opening created the database. */
  readonly isNew: boolean;
  /** @param alive called at every answer of the transaction. */
  run<T>(
    name: string,
    tables: readonly TableName[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    body: (tx: StoreTx) => Promise<T>,
    alive: () => void,
  ): Run<T>;
  close(): void;
  /** Resolves when the connection ended without a call of `close`. */
  readonly ended: Promise<ConnectionEnd>;
}

const between = ({ from, upTo }: KeyRange): IDBKeyRange => IDBKeyRange.bound(from, upTo);

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    // The transaction aborts as well and reports the error.
    request.onerror = () => reject(request.error ?? new DOMException('request failed', 'UnknownError'));
  });

/** @param heard receives every answer. After `abandon`, it passes none on. */
const onTransaction = (idb: IDBTransaction, heard: <T>(answer: Promise<T>) => Promise<T> = (promise) => promise): StoreTx => {
  const store = (table: TableName): IDBObjectStore => idb.objectStore(table);
  return {
    get: (table, key) => heard(answer<unknown>(store(table).get(key as IDBValidKey))),
    getMany: (table, keys) => heard(Promise.all(keys.map((key) => answer<unknown>(store(table).get(key as IDBValidKey))))),
    range: (table, range) => heard(answer<unknown[]>(store(table).getAll(between(range)))),
    keys: (table, range) => heard(answer(store(table).getAllKeys(between(range)))) as Promise<StoreKey[]>,
    // Single writes report nothing: a failed write aborts the transaction, and a value that cannot be cloned throws
    // here.
    put: (table, key, record) => void store(table).put(record, key as IDBValidKey),
    putMany: (table, keys, records) => keys.forEach((key, i) => store(table).put(records[i], key as IDBValidKey)),
    delete: (table, key) => void store(table).delete(key as IDBValidKey),
    deleteRange: (table, range) => void store(table).delete(between(range)),
    clear: (table) => void store(table).clear(),
  };
};

/** Resolves when the whole transaction is stored. Rejects if nothing is stored. */
const completion = (idb: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    idb.oncomplete = () => resolve();
    idb.onabort = () => reject(idb.error ?? new DOMException('the transaction was aborted', 'AbortError'));
  });

/**
 * The browser committed before the body had ended, with all or half of its writes. The body is wrong; a repetition does
 * not help (F03).
 */
const overBeforeItsBody = (name: string): TypeError =>
  new TypeError(`transaction ${name} ended before its body: the body may await only the transaction`);

const start = <T>(
  begin: () => IDBTransaction,
  name: string,
  body: (tx: StoreTx) => Promise<T>,
  alive: () => void,
  ended: () => void,
): Run<T> => {
  let idb: IDBTransaction | undefined;
  let given = false;
  const abort = (): void => {
    try {
      idb?.abort();
    } catch {
      // The transaction has ended or is committing; its completion reports the result.
    }
  };
  const silence = new Promise<never>(() => undefined);
  const heard = async <A>(answered: Promise<A>): Promise<A> => {
    try {
      const value = await answered;
      if (given) return await silence;
      alive();
      return value;
    } catch (error) {
      if (given) return silence;
      throw error;
    }
  };
  const run = async (): Promise<T> => {
    let done: Promise<void> | undefined;
    const state = { over: false };
    try {
      idb = begin();
      done = completion(idb);
      // The completion is awaited after the body. This handler prevents an unhandled rejection until then.
      done.then(
        () => (state.over = true),
        () => undefined,
      );
      const result = await body(onTransaction(idb, heard));
      if (state.over) throw overBeforeItsBody(name);
      idb.commit();
      await done;
      return result;
    } catch (error) {
      abort();
      await done?.catch((ended: unknown) => {
        // The body saw only a failed or late request. The transaction's own error names the reason.
        if (error instanceof DOMException && ended instanceof DOMException && ended.name !== 'AbortError') throw ended;
      });
      if (state.over && error instanceof DOMException) throw overBeforeItsBody(name);
      throw error;
    }
  };
  return {
    done: run().finally(ended),
    abandon() {
      given = true;
      abort();
      ended();
    },
  };
};

/**
 * Opens the database, and creates or upgrades it if needed. Waits while another tab keeps an older version open.
 *
 * @throws {StoreError} `store/unavailable` without IndexedDB, `store/version-ahead` if newer code has upgraded the
 * database.
 * @throws {LostError} if another try may help.
 */
export const connect = async (name: string, layout: Layout, factory: IDBFactory | undefined): Promise<Connection> => {
  // Some browsers refuse even the access to `indexedDB`.
  if (!factory) throw new StoreError('store/unavailable', 'this browser or page has no IndexedDB');
  const { idb, isNew } = await openDatabase(factory, name, layout, onTransaction).catch((error: unknown) => {
    throw storeError(error);
  });
  const closing = closeAfterRuns(() => idb.close());
  let tell: (end: ConnectionEnd) => void = () => undefined;
  const ended = new Promise<ConnectionEnd>((resolve) => (tell = resolve));
  idb.addEventListener('versionchange', ({ newVersion }) => {
    tell(newVersion === null ? 'removed' : 'upgraded');
    closing.close();
  });
  idb.addEventListener('close', () => tell('lost'));
  return {
    isNew,
    run: (run, tables, mode, durability, body, alive) =>
      start(() => idb.transaction([...tables], mode, { durability }), run, body, alive, closing.begun()),
    close: () => closing.close(),
    ended,
  };
};
