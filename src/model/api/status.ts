/** The states of connection, outbox and storage, for the page to watch. */
import type { ErrorCode } from '../../errors.ts';

/** The connection of this device to the server, as this tab sees it. */
export interface ConnectionStatus {
  /** `live`: caught up, and pending entries are sent at once, over a WebSocket or, where no WebSocket gets through, over HTTP. */
  readonly state: 'offline' | 'connecting' | 'catching-up' | 'live' | 'stopped';
  /** True between `pause` and `resume`: this device sends and receives nothing. */
  readonly paused: boolean;
  /** Whether this tab is the leader tab, which syncs. */
  readonly leader: boolean;
  /** Time of the next attempt to connect, epoch ms; null if none is due. */
  readonly retryAt: number | null;
  /** The last trouble, with its `code` and its `message`; null while there is none. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** `volatile`: this device refuses to store, so pending entries live only as long as the tab. */
  readonly durability: 'durable' | 'volatile';
  /**
   * Whether the browser has promised not to delete the stored data when disk space runs low. Tidemark asks the browser after the first
   * stored change. `null`: not known, or the browser makes no such promise. Nothing else depends on the promise.
   */
  readonly persisted: boolean | null;
  /**
   * The server's time of the last complete catch-up, epoch ms: this device has all changes from before it. Null before the first. Stored, and
   * the same in all tabs. While the connection is live the time may be up to five minutes old, so that a quiet page does not emit at each
   * heartbeat; at the end of the connection the time moves to the last heartbeat.
   */
  readonly asOf: number | null;
}

/** The entries that this device has still to send. */
export interface OutboxStatus {
  /** Number of entries neither confirmed nor rejected by the server. */
  readonly pending: number;
  /** Time of the oldest pending entry, epoch ms by this device's clock; null if nothing is pending. */
  readonly oldestAt: number | null;
  /** The number of entries that are on their way to the server. */
  readonly inFlight: number;
}

/** The answer of `flush`. */
export interface FlushResult {
  /** The number of entries that the server has confirmed meanwhile. */
  readonly sent: number;
  /** The number of entries that are still pending. */
  readonly pending: number;
  /** The number of entries that the server has rejected: they are dead letters. */
  readonly rejected: number;
}
