/**
 * Everything the engine is handed: clock, randomness, storage, network, locks, bus, lifecycle. Interfaces only. The engine touches
 * the platform through nothing else, so it runs under a browser and under a simulator unchanged, and every failure replays.
 */
import type { ProtocolError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { ConnectionStatus } from '../model/status.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';

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

/** Inclusive at both ends. */
export interface KeyRange {
  readonly from: StoreKey;
  readonly upTo: StoreKey;
}

export type TableName = 'meta' | 'log' | 'pages' | 'indexes';

/** What a transaction's body may do. Records are what was put, as structured clones; keys stand outside them. */
export interface StoreTx {
  get(table: TableName, key: StoreKey): Promise<unknown>;
  /** In the order of the keys; `undefined` where there is none. */
  getMany(table: TableName, keys: readonly StoreKey[]): Promise<unknown[]>;
  /** In the order of their keys. */
  range(table: TableName, range: KeyRange): Promise<unknown[]>;
  put(table: TableName, key: StoreKey, record: unknown): void;
  putMany(table: TableName, keys: readonly StoreKey[], records: readonly unknown[]): void;
  delete(table: TableName, key: StoreKey): void;
  deleteRange(table: TableName, range: KeyRange): void;
}

/** `strict`: flushed before it counts as done, for what the user did. `relaxed`: for what the server can send again. */
export type Durability = 'strict' | 'relaxed';

export interface StorePort {
  readonly durability: 'durable' | 'volatile';
  /**
   * One transaction, named so that a fault can be addressed to it. Resolves with what `body` returned once the transaction is
   * complete, never before; rejects with a {@link StoreError} when it did not happen, all of it. Inside `body` nothing may be awaited but the
   * transaction's own promises. A body that was cut off runs again, from the start, and may find that its first run was kept.
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
  send(frame: ClientFrame): void;
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number;
  /** Abandons the road at once, without waiting for the other side (F46). */
  close(): void;
}

/** Never called before `connect` returned, nor after `close`. */
export interface LinkHandlers {
  opened(): void;
  frame(frame: ServerFrame): void;
  /** Something arrived that is no frame of this protocol. */
  malformed(error: ProtocolError): void;
  closed(code: number, reason: string): void;
}

export interface NetPort {
  /** A WebSocket. */
  connect(handlers: LinkHandlers): Link;
  /**
   * The HTTP door: frames up, frames down. Somebody on the way who asks for time is a `server/busy` like the server's own.
   *
   * @param signal gives the request up: it rejects as if the server were not there.
   * @throws {TransportError} `transport/unreachable`, also where somebody else answered: a captive portal, say (F52); or
   * `transport/timeout` after `timeoutMs`.
   * @throws {ProtocolError} where what came back passes for an answer but is none of this protocol.
   */
  request(frames: readonly ClientFrame[], timeoutMs: number, signal?: AbortSignal): Promise<ServerFrame[]>;
}

export interface LockWish {
  /** Takes the lock from whoever holds it, instead of waiting. */
  readonly steal?: boolean;
  readonly held: () => void;
  /** Somebody stole it. */
  readonly lost: () => void;
  /** There are no locks here: an insecure context, an opaque origin, an old browser. Neither `held` nor `lost` will be called. */
  readonly missing: () => void;
}

/** Exclusive by name, across tabs. */
export interface LockPort {
  /** Calls back later, never at once. Returns how to stop waiting, or to release; nothing is called after that. */
  acquire(name: string, wish: LockWish): Cancel;
}

/** What tabs of one account say to each other. */
export type BusHint =
  /** The journal grew. */
  | { readonly type: 'changed' }
  /** A follower wishes the leader to try now. */
  | { readonly type: 'nudge' }
  /** How the leader's connection stands, told when it changes and when asked; `fence` is null while the number is being taken. */
  | { readonly type: 'status'; readonly status: LeaderStatus; readonly fence: number | null }
  | { readonly type: 'status?' }
  /** The leader leaves, and will not answer any more. */
  | { readonly type: 'resigned' }
  /** The account was logged out: every tab's streams end. */
  | { readonly type: 'logged-out'; readonly kept: boolean };

export interface LeaderStatus extends Pick<ConnectionStatus, 'state' | 'retryAt' | 'error'> {
  readonly inFlight: number;
}

/** Hints between tabs: may be lost, doubled or late; nothing rests on them. Never heard by the one who posts. */
export interface BusPort {
  /** There is no such thing here: nobody hears anybody. */
  readonly missing?: boolean;
  post(hint: BusHint): void;
  listen(fn: (hint: BusHint) => void): Cancel;
}

/**
 * What the page tells of itself and of the device. `parked`: it is about to be frozen, cached or closed; `visible`, `resumed` or `online`
 * say that it goes on.
 */
export type LifeEvent = 'visible' | 'hidden' | 'online' | 'offline' | 'parked' | 'resumed';

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
  /**
   * A named place where a simulator may make things go wrong: it throws, or says `true` where what is rare should happen now. Does
   * nothing in production.
   */
  readonly fault: (site: string) => boolean | undefined;
  readonly log: (message: string, detail?: unknown) => void;
}

/** Whose engine this is. */
export interface Account {
  readonly userId: UserId;
  readonly deviceId: string;
}
