/**
 * IndexedDB that fails on purpose: over fake-indexeddb in Node, and over the browser's own in a browser. The
 * errors are WebKit's errors after a death of its network process, at the same points.
 */

/** `commit`: the transaction did not commit; `committed`: the transaction committed, and the caller gets no answer. */
export type FaultPoint = 'open' | 'transaction' | 'request' | 'commit' | 'committed';

export interface IdbFault {
  readonly at: FaultPoint;
  /** The name of a DOMException; `hang`: nothing ever happens; `late`: the answer comes when {@link FaultyIdb.release} is called. */
  readonly says: string;
  readonly message?: string;
  /** The number of failures; default 1. */
  readonly times?: number;
  /** The failing transactions; default: all writing transactions. */
  readonly of?: (mode: IDBTransactionMode, tables: readonly string[]) => boolean;
  /** Whether the browser also closes the connection, with a close event. */
  readonly closes?: boolean;
}

type Handler = ((event: unknown) => void) | null;

/** Takes over an event handler property of a host object: keeps the handler, which the returned function calls. */
const takeOver = (target: object, name: string): (() => void) => {
  let handler: Handler = null;
  Object.defineProperty(target, name, { configurable: true, get: () => null, set: (next: Handler) => (handler = next) });
  return () => handler?.call(target, { type: name.slice(2), target });
};

const silentRequest = (): IDBRequest => ({ onsuccess: null, onerror: null, error: null, result: undefined }) as unknown as IDBRequest;

export class FaultyIdb {
  /** The factory for the opening of databases. */
  readonly factory: IDBFactory;
  private faults: (IdbFault & { left: number })[] = [];
  private held: (() => void)[] = [];
  private readonly closeListeners = new WeakMap<IDBDatabase, (() => void)[]>();
  /** Number of failures at each point. */
  readonly struck: Record<FaultPoint, number> = { open: 0, transaction: 0, request: 0, commit: 0, committed: 0 };
  /** Durability and tables of each write transaction. */
  readonly written: { durability: string; tables: readonly string[] }[] = [];
  readonly open = new Set<IDBDatabase>();

  constructor(real: IDBFactory) {
    this.factory = new Proxy(real, {
      get: (target, key) => {
        if (key === 'open') return (name: string, version?: number) => this.opens(target, name, version);
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  }

  plan(...faults: IdbFault[]): void {
    this.faults.push(...faults.map((fault) => ({ ...fault, left: fault.times ?? 1 })));
  }

  clear(): void {
    this.faults = [];
  }

  /** Number of delayed answers. */
  get holding(): number {
    return this.held.length;
  }

  /** Delivers the delayed answers. */
  release(): void {
    for (const happen of this.held.splice(0)) happen();
  }

  /** The browser closes every connection, as when the user clears the site's data. */
  forceClose(): void {
    for (const db of [...this.open]) this.lose(db);
  }

  private lose(db: IDBDatabase): void {
    this.open.delete(db);
    db.close();
    for (const hear of this.closeListeners.get(db) ?? []) hear();
    (db.onclose as Handler)?.({ type: 'close', target: db });
  }

  private strikes(at: FaultPoint, mode: IDBTransactionMode = 'readwrite', tables: readonly string[] = []): IdbFault | undefined {
    const fault = this.faults.find((one) => one.at === at && one.left > 0 && (one.of ?? ((of) => of !== 'readonly'))(mode, tables));
    if (!fault) return undefined;
    fault.left--;
    this.struck[at]++;
    return fault;
  }

  private error({ says, message }: IdbFault): DOMException {
    return new DOMException(message ?? '', says);
  }

  private opens(factory: IDBFactory, name: string, version?: number): IDBOpenDBRequest {
    const fault = this.strikes('open');
    const begin = (): IDBOpenDBRequest => (version === undefined ? factory.open(name) : factory.open(name, version));
    if (!fault) {
      const request = begin();
      request.addEventListener('success', () => this.watch(request.result));
      return request;
    }
    const request = silentRequest() as unknown as { error: DOMException | null; onerror: Handler };
    if (fault.says !== 'hang') {
      request.error = this.error(fault);
      queueMicrotask(() =>
        request.onerror?.({ type: 'error', target: request, preventDefault: () => undefined, stopPropagation: () => undefined }),
      );
    }
    return request as unknown as IDBOpenDBRequest;
  }

  private watch(db: IDBDatabase): void {
    this.open.add(db);
    const listeners: (() => void)[] = [];
    this.closeListeners.set(db, listeners);
    const listen = db.addEventListener.bind(db) as (type: string, listener: unknown) => void;
    Object.defineProperty(db, 'addEventListener', {
      value: (type: string, listener: () => void) => (type === 'close' ? listeners.push(listener) : listen(type, listener)),
    });
    const real = db.transaction.bind(db);
    db.transaction = (names, mode = 'readonly', options) => {
      const tables = typeof names === 'string' ? [names] : [...names];
      const fault = this.strikes('transaction', mode, tables);
      if (fault) {
        if (fault.closes) this.lose(db);
        throw this.error(fault);
      }
      const transaction = real(names, mode, options);
      if (mode !== 'readonly') this.written.push({ durability: options?.durability ?? 'default', tables });
      this.spoilRequests(db, transaction, mode, tables);
      this.spoilCommit(db, transaction, mode, tables);
      return transaction;
    };
  }

  private spoilRequests(db: IDBDatabase, transaction: IDBTransaction, mode: IDBTransactionMode, tables: readonly string[]): void {
    const real = transaction.objectStore.bind(transaction);
    transaction.objectStore = (table) => {
      const store = real(table);
      const get = store.get.bind(store);
      store.get = (key) => {
        const fault = this.strikes('request', mode, tables);
        if (!fault) return get(key);
        const request = silentRequest() as unknown as { error: DOMException | null; onerror: Handler };
        if (fault.says === 'hang') {
          // The transaction neither commits nor ends while a request is under way.
          const spin = (): void => {
            try {
              get(key).onsuccess = spin;
            } catch {
              // The transaction was aborted.
            }
          };
          spin();
          return request as unknown as IDBRequest;
        }
        request.error = this.error(fault);
        queueMicrotask(() => {
          request.onerror?.({ type: 'error', target: request });
          try {
            transaction.abort();
          } catch {
            // The caller has aborted the transaction already.
          }
          if (fault.closes) this.lose(db);
        });
        return request as unknown as IDBRequest;
      };
      return store;
    };
  }

  private spoilCommit(db: IDBDatabase, transaction: IDBTransaction, mode: IDBTransactionMode, tables: readonly string[]): void {
    const commit = transaction.commit.bind(transaction);
    transaction.commit = () => {
      const [complete, abort] = [transaction.oncomplete, transaction.onabort];
      const not = this.strikes('commit', mode, tables);
      const yes = not ? undefined : this.strikes('committed', mode, tables);
      const fault = not ?? yes;
      if (!fault) return commit();
      const completed = takeOver(transaction, 'oncomplete');
      const aborted = takeOver(transaction, 'onabort');
      transaction.oncomplete = complete;
      transaction.onabort = abort;
      const tell = (): void => {
        if (fault.says === 'hang') return;
        if (fault.says === 'late') {
          this.held.push(not ? aborted : completed);
          return;
        }
        Object.defineProperty(transaction, 'error', { configurable: true, value: this.error(fault) });
        aborted();
        if (fault.closes) this.lose(db);
      };
      transaction.addEventListener(not ? 'abort' : 'complete', tell);
      if (not) transaction.abort();
      else commit();
    };
  }
}

/** The errors of WebKit when its database process is gone, by the point of their arrival. */
export const WEBKIT: readonly IdbFault[] = [
  {
    at: 'transaction',
    says: 'UnknownError',
    message: 'Connection to Indexed Database server lost. Refresh the page to try again',
    closes: true,
  },
  { at: 'transaction', says: 'InvalidStateError', message: 'Failed to start transaction: the database connection is closing' },
  { at: 'request', says: 'UnknownError', message: 'Attempt to get a record from database without an in-progress transaction' },
  {
    at: 'request',
    says: 'UnknownError',
    message: 'Connection to Indexed Database server lost. Refresh the page to try again',
    closes: true,
  },
  { at: 'request', says: 'AbortError', message: 'the transaction was aborted' },
  {
    at: 'commit',
    says: 'UnknownError',
    message: 'Connection to Indexed Database server lost. Refresh the page to try again',
    closes: true,
  },
  { at: 'commit', says: 'AbortError', message: '' },
  {
    at: 'committed',
    says: 'UnknownError',
    message: 'Connection to Indexed Database server lost. Refresh the page to try again',
    closes: true,
  },
  { at: 'committed', says: 'AbortError', message: '' },
];
