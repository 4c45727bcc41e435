/** What the page is told of connection, outbox and storage. */
import type { ErrorCode } from '../errors.ts';

export interface ConnectionStatus {
  /** `live`: caught up, and what is owed goes out at once; over a WebSocket, or over HTTP where none gets through. */
  readonly state: 'offline' | 'connecting' | 'catching-up' | 'live' | 'stopped';
  readonly paused: boolean;
  /** Whether this tab is the one that syncs. */
  readonly leader: boolean;
  /** Epoch ms of the next attempt, or null. */
  readonly retryAt: number | null;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** `volatile`: this device refuses to store; what is queued lives as long as the tab. */
  readonly durability: 'durable' | 'volatile';
  /**
   * Whether the browser has promised not to clear what is stored when it runs short of room; it is asked after the first call that
   * stores something. `null`: not known, or a browser that makes no such promise. Nothing else depends on it.
   */
  readonly persisted: boolean | null;
}

export interface OutboxStatus {
  readonly pending: number;
  /** Epoch ms by this device's clock, or null when nothing is pending. */
  readonly oldestAt: number | null;
  readonly inFlight: number;
}

export interface FlushResult {
  readonly sent: number;
  readonly pending: number;
  readonly rejected: number;
}
