/**
 * One connection to the database, from its opening to its end. Dexie opens, creates and upgrades. Transactions run on
 * the bare connection: Dexie's zones support 100 `await`s, a group commit makes thousands, and each would pay for its
 * zone.
 */
import { Dexie } from 'dexie';
import { StoreError } from '../errors.ts';
import type { Durability, KeyRange, StoreTx, TableName } from '../ports/ports.ts';
import { storeError } from './idb-errors.ts';
import { type Layout, migrate } from './migrations.ts';

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
    // Single writes report nothing: a failed write aborts the transaction, and a value that cannot be cloned throws
    // here.
    put: (table, key, record) => void store(table).put(record, key as IDBValidKey),
    putMany: (table, keys, records) => keys.forEach((key, i) => store(table).put(records[i], key as IDBValidKey)),
    delete: (table, key) => void store(table).delete(key as IDBValidKey),
    deleteRange: (table, range) => void store(table).delete(between(range)),
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
  new TypeError(`transaction ${name} ended before its body did: the body may await only the promises of the transaction`);

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

/** Undefined in a browser without IndexedDB, or if the browser refuses access to it. */
export const browserFactory = (): IDBFactory | undefined => Dexie.dependencies.indexedDB;

/**
 * Stops Dexie from opening and changing a database of a newer version: such a database may contain another release's
 * outbox (F09).
 */
const exactVersions = (factory: IDBFactory): IDBFactory =>
  new Proxy(factory, {
    get(target, key) {
      if (key !== 'open') {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return (name: string, version?: number) => {
        if (version === undefined) throw new DOMException('the database is of a newer version', 'VersionError');
        return target.open(name, version);
      };
    },
  });

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
  const db = new Dexie(name, { indexedDB: exactVersions(factory), IDBKeyRange });
  // Keys are stored outside the records, without indexes: an index would cost as much as the row itself.
  const shape = Object.fromEntries(layout.tables.map((table) => [table, '']));
  db.version(1).stores(shape);
  for (const migration of layout.migrations)
    db.version(migration.to)
      .stores(shape)
      .upgrade((trans) => migrate(onTransaction(trans.idbtrans), migration));
  const closing = closeAfterRuns(() => db.close());
  let isNew = false;
  db.on('populate', () => void (isNew = true));
  let tell: (end: ConnectionEnd) => void = () => undefined;
  const ended = new Promise<ConnectionEnd>((resolve) => (tell = resolve));
  db.on('versionchange', ({ newVersion }) => {
    tell(newVersion === null ? 'removed' : 'upgraded');
    closing.close();
    // False stops Dexie's own listener, which does the same and writes to the console.
    return false;
  });
  // Contexts with the old version got `versionchange` already; Dexie's `blocked` would only write to the console.
  try {
    await db.open();
  } catch (error) {
    throw storeError(error);
  }
  const idb = db.backendDB();
  idb.addEventListener('close', () => tell('lost'));
  return {
    isNew,
    run: (run, tables, mode, durability, body, alive) =>
      start(() => idb.transaction([...tables], mode, { durability }), run, body, alive, closing.begun()),
    close: () => closing.close(),
    ended,
  };
};
