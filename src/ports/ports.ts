/**
 * Everything the engine is handed: clock, randomness, storage, network, locks, bus, lifecycle. Interfaces only. The engine touches
 * the platform through nothing else, so it runs under a browser and under a simulator unchanged, and every failure replays.
 */
import type { UserId } from '../model/ids.ts';

export type Cancel = () => void;

export interface ClockPort {
  /** Epoch ms, for people to read; decides nothing. */
  wall(): number;
  /** Ms that only grow, for deadlines. */
  mono(): number;
  /** Calls `fn` once after `ms`; longer than 2^31 − 1 ms is re-armed, never fired at once (F40). */
  timer(ms: number, fn: () => void): Cancel;
}

export interface RandomPort {
  /** [0, 1) */
  next(): number;
  /** At least 122 random bits. */
  id(): string;
}

/** Keys order as in IndexedDB: numbers before strings before arrays. */
export type StoreKey = number | string | readonly (number | string)[];

/** `record` is what was put, as a structured clone. */
export interface KeyRange {
  readonly from?: StoreKey;
  /** Inclusive. */
  readonly upTo?: StoreKey;
  readonly limit?: number;
  readonly reverse?: boolean;
}

export type TableName = 'meta' | 'journal' | 'pages';

export interface StoreTx {
  get(table: TableName, key: StoreKey): Promise<unknown>;
  getMany(table: TableName, keys: readonly StoreKey[]): Promise<unknown[]>;
  range(table: TableName, range: KeyRange): Promise<{ readonly key: StoreKey; readonly record: unknown }[]>;
  put(table: TableName, key: StoreKey, record: unknown): void;
  putMany(table: TableName, entries: readonly { readonly key: StoreKey; readonly record: unknown }[]): void;
  delete(table: TableName, key: StoreKey): void;
  deleteRange(table: TableName, range: { readonly from: StoreKey; readonly upTo: StoreKey }): void;
}

/** `strict`: flushed before it counts as done, for what the user did. `relaxed`: for what the server can send again. */
export type Durability = 'strict' | 'relaxed';

export interface StorePort {
  readonly durability: 'durable' | 'volatile';
  /**
   * One transaction, named so that a fault can be addressed to it. Resolves with what `body` returned once the transaction is
   * complete, never before; rejects with a {@link StoreError} when it did not happen, all of it. Inside `body` nothing may be awaited but the
   * transaction's own promises.
   */
  tx<T>(
    name: string,
    tables: readonly TableName[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    body: (tx: StoreTx) => Promise<T>,
  ): Promise<T>;
  close(): void;
}

/** One road to the server, opened once. After `close` nothing more is called. */
export interface Link {
  send(text: string): void;
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number;
  /** Abandons the road at once, without waiting for the other side (F46). */
  close(code?: number): void;
}

export interface LinkHandlers {
  opened(): void;
  frame(text: string): void;
  closed(code: number, reason: string): void;
}

export interface NetPort {
  /** A WebSocket. Handlers are never called before `connect` returned. */
  connect(handlers: LinkHandlers): Link;
  /** The HTTP door: frames up, frames down. Rejects with a {@link TransportError}. */
  request(body: string, timeoutMs: number): Promise<string>;
}

/** Exclusive by name, across tabs. */
export interface LockPort {
  /** Waits for the lock, then calls `held` with a release function. Returns how to stop waiting, or to release. */
  acquire(name: string, held: () => void, lost: () => void): Cancel;
}

/** Hints between tabs: may be lost, doubled or late; nothing rests on them. */
export interface BusPort {
  post(hint: string): void;
  listen(fn: (hint: string) => void): Cancel;
}

/** What the page tells of itself and of the device. */
export type LifeEvent = 'visible' | 'hidden' | 'online' | 'offline' | 'resumed';

export interface LifePort {
  listen(fn: (event: LifeEvent) => void): Cancel;
}

export interface TokenPort {
  /** Rejects with an {@link AuthError} `auth/unavailable` when the app had none, or was silent for 20 s. */
  getToken(): Promise<string>;
}

export interface Ports {
  readonly clock: ClockPort;
  readonly random: RandomPort;
  readonly store: StorePort;
  readonly net: NetPort;
  readonly locks: LockPort;
  readonly bus: BusPort;
  readonly life: LifePort;
  readonly token: TokenPort;
  /** A named place where a simulator may make things go wrong; does nothing in production. */
  readonly fault: (site: string) => void;
  readonly log: (message: string, detail?: unknown) => void;
}

/** Whose engine this is. */
export interface Account {
  readonly userId: UserId;
  readonly deviceId: string;
}
