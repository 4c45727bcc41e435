/**
 * One connection to the database, from its opening to its end. Dexie opens, makes and upgrades; transactions run on the connection
 * itself: Dexie's zones follow no more than 100 `await`s, a group commit makes thousands, and each would pay for its zone.
 */
import { Dexie } from 'dexie';
import { StoreError } from '../errors.ts';
import type { Durability, KeyRange, StoreTx, TableName } from '../ports/ports.ts';
import { storeError } from './idb-errors.ts';
import { type Layout, migrate } from './migrations.ts';

/** `lost`: the browser closed it. `upgraded`, `removed`: somebody else waits for the database, so this connection made way. */
export type ConnectionEnd = 'lost' | 'upgraded' | 'removed';

/** One run of a transaction's body. */
export interface Run<T> {
  /** As {@link StorePort.tx}; rejects with what the browser said. */
  readonly done: Promise<T>;
  /** Gives it up: it commits nothing any more unless it is about to, and its body never goes on. */
  abandon(): void;
}

/**
 * A connection that was told to close while its transactions run is closed after them: WebKit leaves those of a worker that is ended
 * between the two unfinished, and whoever opens the database after it waits for ever.
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
  /** The database was made by this very opening. */
  readonly isNew: boolean;
  /**
   * @param alive called whenever the transaction answers something.
   */
  run<T>(
    name: string,
    tables: readonly TableName[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    body: (tx: StoreTx) => Promise<T>,
    alive: () => void,
  ): Run<T>;
  close(): void;
  /** Resolves when it ended otherwise than by `close`. */
  readonly ended: Promise<ConnectionEnd>;
}

const between = ({ from, upTo }: KeyRange): IDBKeyRange => IDBKeyRange.bound(from, upTo);

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    // The transaction aborts with it, and says so as a whole.
    request.onerror = () => reject(request.error ?? new DOMException('request failed', 'UnknownError'));
  });

/** @param heard answers pass through it: whoever gave up hears none any more. */
const onTransaction = (idb: IDBTransaction, heard: <T>(answer: Promise<T>) => Promise<T> = (promise) => promise): StoreTx => {
  const store = (table: TableName): IDBObjectStore => idb.objectStore(table);
  return {
    get: (table, key) => heard(answer<unknown>(store(table).get(key as IDBValidKey))),
    getMany: (table, keys) => heard(Promise.all(keys.map((key) => answer<unknown>(store(table).get(key as IDBValidKey))))),
    range: (table, range) => heard(answer<unknown[]>(store(table).getAll(between(range)))),
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

/** It committed under the body's feet, all or half of it: a mistake in the body, which no repetition mends (F03). */
const overBeforeItsBody = (name: string): TypeError =>
  new TypeError(`transaction ${name} was over before its body: something else was awaited in it`);

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
      // It has ended by itself, or is committing: its completion says which.
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
      // Looked at when the body is through; until then an abort is no unhandled rejection.
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
        // The body heard only that a request failed, or that it came too late; the transaction knows why.
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

/** Undefined where the browser has none, or refuses even to name it. */
export const browserFactory = (): IDBFactory | undefined => Dexie.dependencies.indexedDB;

/** Dexie would open whatever it finds where that is newer, and mend it to its own liking: not over somebody's outbox (F09). */
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
 * Opens the database, making or upgrading it where needed. May take as long as another tab holds on to an older version.
 *
 * @throws {StoreError} `store/unavailable` where IndexedDB is missing, `store/version-ahead` where newer code was here.
 * @throws {LostError} where trying again may help.
 */
export const connect = async (name: string, layout: Layout, factory: IDBFactory | undefined): Promise<Connection> => {
  // Read by whoever asks for it: in some browsers even looking is refused.
  if (!factory) throw new StoreError('store/unavailable', 'IndexedDB is missing');
  const db = new Dexie(name, { indexedDB: exactVersions(factory), IDBKeyRange });
  // Keys stand outside the records, and there is no index: each would cost as much as the row itself.
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
    // Dexie's own listener would do the same, and say so on the console.
    return false;
  });
  // Whoever holds the old version was told already; Dexie would add a word on the console.
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
