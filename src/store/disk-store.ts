/**
 * The store over IndexedDB. Browsers lose connections (WebKit often), transactions hang, other tabs upgrade the
 * database. After a lost connection the store runs the transaction again on a new connection. The first run may have
 * committed, so each body must be able to run more than once.
 *
 *                  transaction silent for 10 s, or connection lost
 *    connected ─────────────────────────────────────▶ reconnecting
 *       ▲  │                                             │  │
 *       │  │ database removed, or upgraded               │  └─ 5 failed runs, or 2 silent ones: `store/unavailable`
 *       │  ▼                                             │
 *       │ closed: `store/closed`, `store/version-ahead`  │
 *       └──────────── transaction runs again ────────────┘
 */
import { StoreError } from '../errors.ts';
import type { Cancel, ClockPort, StorePort } from '../ports/ports.ts';
import { connect, type Connection, type ConnectionEnd } from './connection.ts';
import { LostError, storeError } from './idb-errors.ts';
import { openWithRetry, openHedged } from './open-with-retry.ts';
import { type Layout, MIGRATIONS } from './migrations.ts';
import { browserFactory } from './open-database.ts';
import { SCHEMA, TABLES } from '../log/tables.ts';

/** A transaction without any answer for this long counts as dead (F17). */
export const SILENCE_MS = 10_000;
/** Delays between attempts. After the last one the call rejects. */
const RETRY_DELAYS_MS = [20, 100, 400, 1000];
/** The longest delay before a reconnection, after many lost connections in a row (I-21). */
const MAX_RECONNECT_DELAY_MS = 60_000;
/** How long a transaction waits for a reconnection: another tab may keep an older version of the database open (F07). */
const RECONNECT_TIMEOUT_MS = 4000;
/** Number of runs without any answer before the call rejects: each costs the caller {@link SILENCE_MS}. */
const MAX_SILENT_RUNS = 2;

/** With half of it, a full Chromium over LevelDB was seen to stay full: what LevelDB has not cleaned up yet counts. */
const RESERVE_BYTES = 4 * 1024 * 1024;

export interface DiskStore extends StorePort {
  /**
   * Removes the database, unless another tab has, and closes this connection. The browser asks other connections to
   * close. Resolves when all are closed.
   */
  remove(): Promise<void>;
  /**
   * Resolves when another context removes the database, or the database turns out to be gone. `tx` then rejects with
   * `store/closed`.
   */
  readonly removed: Promise<void>;
  /** Resolves with `store/version-ahead` when a newer release has upgraded the database. `tx` then rejects with the same error. */
  readonly newerSchema: Promise<StoreError>;
}

export interface DiskStoreOptions {
  readonly clock: ClockPort;
  /** See {@link StorePort.room}. Default: the browser does not tell. */
  readonly room?: StorePort['room'];
  /** Default: the IndexedDB of the browser. */
  readonly factory?: IDBFactory | undefined;
  readonly layout?: Layout;
}

const LAYOUT: Layout = { schema: SCHEMA, tables: TABLES, migrations: MIGRATIONS };

class ReconnectingStore implements DiskStore {
  readonly durability = 'durable';
  readonly reserveBytes = RESERVE_BYTES;
  private closed = false;
  private connection: Connection | null;
  private opening: Promise<Connection> | null = null;
  /** Connections lost in a row, with no transaction completed in between. */
  private losses = 0;
  private tellRemoved: () => void = () => undefined;
  readonly removed = new Promise<void>((resolve) => (this.tellRemoved = resolve));
  private tellNewerSchema: (error: StoreError) => void = () => undefined;
  readonly newerSchema = new Promise<StoreError>((resolve) => (this.tellNewerSchema = resolve));

  constructor(
    private readonly name: string,
    private readonly reopen: () => Promise<Connection>,
    private readonly factory: IDBFactory | undefined,
    private readonly clock: ClockPort,
    readonly room: StorePort['room'],
    first: Connection,
  ) {
    this.connection = first;
    this.follow(first);
  }

  private follow(connection: Connection): void {
    void connection.ended.then((end: ConnectionEnd) => {
      if (this.connection === connection) this.connection = null;
      if (end === 'removed') this.gone();
      // Reconnect soon after a loss: the whole database may be gone (F02).
      else if (!this.closed) {
        const ms = Math.min(MAX_RECONNECT_DELAY_MS, RETRY_DELAYS_MS[0]! * 2 ** Math.min(this.losses++, 16));
        this.clock.timer(ms, () => void this.connected().catch(() => undefined));
      }
    });
  }

  private gone(): void {
    this.close();
    this.tellRemoved();
  }

  private requireOpen(): void {
    if (this.closed) throw new StoreError('store/closed', 'the store is closed; create another client');
  }

  private async connected(): Promise<Connection> {
    this.requireOpen();
    if (this.connection) return this.connection;
    this.opening ??= this.reopen()
      .then((connection) => {
        if (this.closed) connection.close();
        this.requireOpen();
        if (connection.isNew) {
          // The old database is gone: a new store under the same name is not the old one (F11).
          connection.close();
          this.gone();
          this.requireOpen();
        }
        this.connection = connection;
        this.follow(connection);
        return connection;
      })
      .catch((error: unknown) => {
        if (error instanceof StoreError && error.code === 'store/version-ahead') this.tellNewerSchema(error);
        throw error;
      })
      .finally(() => (this.opening = null));
    return this.withTimeout(this.opening);
  }

  private withTimeout(opening: Promise<Connection>): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.timer(RECONNECT_TIMEOUT_MS, () =>
        reject(
          new StoreError('store/unavailable', 'the database does not open: another tab may keep an older version open; reload that tab'),
        ),
      );
      opening.then(resolve, reject).finally(cancel);
    });
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.timer(ms, resolve));
  }

  tx: StorePort['tx'] = async (name, tables, mode, durability, body) => {
    let silent = 0;
    for (let attempt = 0; ; attempt++) {
      let connection: Connection | null = null;
      try {
        connection = this.connection ?? (await this.connected());
        const result = await this.attempt(connection, (alive, on) => on.run(name, tables, mode, durability, body, alive));
        this.losses = 0;
        return result;
      } catch (thrown) {
        const error = storeError(thrown);
        if (!(error instanceof LostError)) throw error;
        this.requireOpen();
        if (connection) this.drop(connection);
        if (thrown instanceof SilentError) silent++;
        const again = RETRY_DELAYS_MS[attempt];
        if (again === undefined || silent >= MAX_SILENT_RUNS)
          throw new StoreError('store/unavailable', `${error.message} (${attempt + 1} times); repeat the call later`, { cause: error });
        await this.wait(again);
      }
    }
  };

  /** Waits for one run, until the transaction is silent for too long. */
  private attempt<T>(
    connection: Connection,
    begin: (alive: () => void, on: Connection) => { done: Promise<T>; abandon(): void },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const { clock } = this;
      let due = clock.mono() + SILENCE_MS;
      let cancel: Cancel = () => undefined;
      const run = begin(() => (due = clock.mono() + SILENCE_MS), connection);
      const checkSilence = (): void => {
        const left = due - clock.mono();
        if (left > 0) {
          cancel = clock.timer(left, checkSilence);
          return;
        }
        run.abandon();
        reject(new SilentError());
      };
      checkSilence();
      run.done.then(resolve, reject).finally(() => cancel());
    });
  }

  /** Gives a connection up. Running transactions end first, if ever; no new one begins. */
  private drop(connection: Connection): void {
    if (this.connection === connection) this.connection = null;
    connection.close();
  }

  close(): void {
    this.closed = true;
    this.connection?.close();
    this.connection = null;
  }

  async remove(): Promise<void> {
    // Another context has removed the database. A database under this name now belongs to another login.
    if (this.closed) return;
    const connection = await this.connected().catch(() => null);
    if (this.closed as boolean) return;
    // Request the removal while this connection is open: no other context can have created the database anew.
    const request = this.factory?.deleteDatabase(this.name);
    connection?.close();
    this.close();
    if (!request) return;
    await new Promise<void>((resolve) => {
      request.onsuccess = request.onerror = () => resolve();
    });
  }
}

class SilentError extends LostError {
  constructor() {
    super(`a transaction did not answer for ${SILENCE_MS / 1000} s`);
  }
}

/**
 * Opens or creates the database.
 *
 * @throws {StoreError} `store/unavailable` if IndexedDB is missing or does not open, `store/version-ahead` if newer
 * code has upgraded the database.
 */
export const openDiskStore = async (
  name: string,
  { clock, room = () => Promise.resolve(null), factory = browserFactory(), layout = LAYOUT }: DiskStoreOptions,
): Promise<DiskStore> => {
  const open = (): Promise<Connection> => openHedged(() => connect(name, layout, factory), clock);
  return new ReconnectingStore(name, open, factory, clock, room, await openWithRetry(open, clock));
};
