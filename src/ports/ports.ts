/**
 * The ports of the engine: clock, randomness, storage, network, locks, bus, lifecycle. Interfaces, and numbers of their
 * contracts. The engine reaches the platform only through these ports. So the same code runs in a browser and in a simulator, and every
 * failure can be replayed.
 *
 *   engine ──▶ ports ◀── platform, store, transport   (the browser)
 *                    ◀── testing                      (a world in virtual time)
 */
import type { ProtocolError } from '../errors.ts';
import type { UserId } from '../model/ids.ts';
import type { LogLine } from '../model/api/inspection.ts';
import type { ConnectionStatus } from '../model/api/status.ts';
import type { TextEncryption } from '../model/api/storage.ts';
import type { ClientFrame, ServerFrame } from '../protocol/frames.ts';
import type { Log } from '../logging.ts';

export type Cancel = () => void;

/** The longest timer of a browser and of Node. A longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
/** The app has no token if it does not answer within this time. */
export const TOKEN_TIMEOUT_MS = 20_000;

export interface ClockPort {
  /** Epoch ms, for display only: no code decides by it. */
  wall(): number;
  /** Monotonic ms, for deadlines. */
  mono(): number;
  /** Calls `fn` once after `ms`. A timer longer than 2^31 − 1 ms is re-armed, never fired at once (F40). */
  timer(ms: number, fn: () => void): Cancel;
}

export interface RandomPort {
  /** [0, 1) */
  next(): number;
  /** At least 122 random bits. */
  id(): string;
}

/** Keys have the order of IndexedDB: numbers before strings before arrays. */
export type StoreKey = number | string | readonly (number | string)[];

/** A range of keys, inclusive at both ends. */
export interface KeyRange {
  readonly from: StoreKey;
  readonly upTo: StoreKey;
}

export type TableName = 'meta' | 'log' | 'pages' | 'indexes' | 'reserve';

/** The operations of a transaction's body. Reads return structured clones of the records. Keys are not part of the records. */
export interface StoreTx {
  get(table: TableName, key: StoreKey): Promise<unknown>;
  /** Records in the order of `keys`; `undefined` for a missing record. */
  getMany(table: TableName, keys: readonly StoreKey[]): Promise<unknown[]>;
  /** Records of the range, in the order of their keys. */
  range(table: TableName, range: KeyRange): Promise<unknown[]>;
  /** The keys of the range, in their order. */
  keys(table: TableName, range: KeyRange): Promise<StoreKey[]>;
  put(table: TableName, key: StoreKey, record: unknown): void;
  putMany(table: TableName, keys: readonly StoreKey[], records: readonly unknown[]): void;
  delete(table: TableName, key: StoreKey): void;
  deleteRange(table: TableName, range: KeyRange): void;
  /** Deletes all records of the table. */
  clear(table: TableName): void;
}

/**
 * Encrypts the texts that a store keeps. The store keeps the key, so a key is any value that a record may hold; in a browser it is a
 * `CryptoKey` that no code can read.
 */
export interface CipherPort {
  newKey(): Promise<unknown>;
  /** @param beside what is stored in the clear beside the text: the text opens only with the same. */
  seal(key: unknown, text: string, beside: string): Promise<Uint8Array>;
  /** Rejects if key, text or `beside` is another. */
  open(key: unknown, sealed: Uint8Array, beside: string): Promise<string>;
}

/** `strict`: flushed to disk before the transaction resolves, for actions of the user. `relaxed`: for data of the server. */
export type Durability = 'strict' | 'relaxed';

export interface StorePort {
  readonly durability: 'durable' | 'volatile';
  /**
   * Runs one transaction. The name lets tests inject a fault into it. Resolves with the result of `body` after the commit; rejects with a
   * {@link StoreError} if nothing was committed. `body` may await only the promises of its transaction. After a lost connection, `body`
   * runs again from the start, and may find the effects of its first run.
   */
  tx<T>(
    name: string,
    tables: readonly TableName[],
    mode: 'readonly' | 'readwrite',
    durability: Durability,
    body: (tx: StoreTx) => Promise<T>,
  ): Promise<T>;
  /** The number of bytes that the device can still store for this origin; null if the browser does not tell. */
  room(): Promise<number | null>;
  /** Bytes that the engine keeps for the answers of the server while messages wait for them; 0 for a store that is never full. */
  readonly reserveBytes: number;
  /** How the texts are kept. Absent: as they are. */
  encryption?(): Promise<TextEncryption>;
  close(): void;
}

/** A connection to the server, opened once. After `close`, no handler is called. */
export interface Link {
  send(frame: ClientFrame): void;
  /** Bytes in the send buffer. */
  readonly buffered: number;
  /** Abandons the connection at once, without waiting for the server (F46). */
  close(): void;
}

/** Handlers of a connection. They are never called before `connect` has returned, nor after `close`. */
export interface LinkHandlers {
  opened(): void;
  frame(frame: ServerFrame): void;
  /** A message arrived, but is no frame of this protocol. */
  malformed(error: ProtocolError): void;
  closed(code: number, reason: string): void;
}

export interface NetPort {
  /** Opens a WebSocket. */
  connect(handlers: LinkHandlers): Link;
  /**
   * Sends frames to the HTTP endpoint, and resolves with the server's frames. A busy answer of a proxy (429, 503) becomes the same
   * `server/busy` frame as a busy answer of the server.
   *
   * @param signal ends the request; the promise rejects with `transport/unreachable`.
   * @throws {TransportError} `transport/unreachable` without an answer of the server, also after the answer of a captive portal (F52);
   * `transport/timeout` after `timeoutMs`.
   * @throws {ProtocolError} if the answer has the right form, but not the frames of this protocol.
   */
  request(frames: readonly ClientFrame[], timeoutMs: number, signal?: AbortSignal): Promise<ServerFrame[]>;
}

export interface LockRequest {
  /** Takes the lock from its holder instead of waiting. */
  readonly steal?: boolean;
  readonly onGranted: () => void;
  /** Another tab stole the lock. */
  readonly onLost: () => void;
  /** The browser gives no locks: an insecure context, an opaque origin, an old browser. No other handler will be called. */
  readonly onMissing: () => void;
  /** Another tab holds the lock. With this handler, the request does not wait for the lock; no other handler will be called. */
  readonly onTaken?: () => void;
}

/** Locks between tabs, exclusive by name. */
export interface LockPort {
  /** Requests the lock. Handlers are called later, never at once. The returned function stops waiting or releases the lock; no handler is called after it. */
  acquire(name: string, request: LockRequest): Cancel;
}

/** The hints between tabs of the same account. */
export type BusHint =
  /** The log has a new record. */
  | { readonly type: 'changed' }
  /** A follower tab asks the leader tab to try now. */
  | { readonly type: 'nudge' }
  /** The connection status of the leader tab, posted at each change and on `status?`. `fence` is null until the leader has its fencing token. */
  | { readonly type: 'status'; readonly status: LeaderStatus; readonly fence: number | null }
  | { readonly type: 'status?' }
  /** The leader tab resigns, and answers no more. */
  | { readonly type: 'resigned' }
  /** The account was logged out: every tab's streams end. */
  | { readonly type: 'logged-out'; readonly kept: boolean };

export interface LeaderStatus extends Pick<ConnectionStatus, 'state' | 'retryAt' | 'error'> {
  readonly inFlight: number;
}

/** Carries hints between tabs. A hint may be lost, doubled or late: no correctness depends on hints. The posting tab does not receive its own. */
export interface BusPort<Hint = BusHint> {
  /** The browser has no BroadcastChannel: no tab hears another. */
  readonly missing?: boolean;
  post(hint: Hint): void;
  listen(fn: (hint: Hint) => void): Cancel;
}

/**
 * The lifecycle events of page and device. `parked`: the page is about to be frozen, cached or closed. `visible`, `resumed` and `online`:
 * the page continues.
 */
export type LifeEvent = 'visible' | 'hidden' | 'online' | 'offline' | 'parked' | 'resumed';

export interface LifePort {
  listen(fn: (event: LifeEvent) => void): Cancel;
}

export interface TokenPort {
  /** Asks the app for a token. Rejects with an {@link AuthError} `auth/unavailable` without a token, or without an answer within 20 s. */
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
   * A named site where a simulator may inject a fault: the call throws, or returns `true` to let a rare case happen now. Does nothing in
   * production.
   */
  readonly fault: (site: string) => boolean | undefined;
  readonly log: Log;
  /** The last records that `log` dropped. */
  readonly logged?: readonly LogLine[];
}

/** The account of an engine: a user on a device. */
export interface Account {
  readonly userId: UserId;
  readonly deviceId: string;
}
