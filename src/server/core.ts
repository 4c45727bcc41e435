/** The shared parts of one server, used by all its connections. */
import type { UserId } from '../model/ids.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { HintBus } from './bus/bus.ts';
import type { Admission } from './admission.ts';
import type { Connections } from './connections.ts';
import type { ServerMetrics } from './metrics/server-metrics.ts';
import type { Policy } from './policy.ts';
import type { Directory } from './groups/directory.ts';
import type { Groups } from './groups/groups.ts';
import type { ServerStore } from './store/server-store.ts';
import type { TokenBuckets } from './token-buckets.ts';
import type { Turns } from './store/turns.ts';
import type { HostPushes } from './push/host-pushes.ts';
import type { Log } from '../logging.ts';

/** The account of a token. */
export interface Identity {
  /** The user of the token. */
  readonly userId: UserId;
  /**
   * Epoch ms when the token expires; absent if it never does. An expired token is refused with
   * `auth/expired`.
   */
  readonly expiresAt?: number | null;
}

/**
 * Names the account of a token, or throws an `AuthError`. A refused token is `auth/forbidden` or
 * `auth/expired`. With `auth/unavailable` the token cannot be checked now, and the client comes back with the
 * same token. Any other error counts as `auth/forbidden` and is logged. A timeout (8 s) and an invalid
 * identity count as `auth/unavailable` and are logged.
 */
export type Authenticate = (token: string) => Promise<Identity>;

export interface Core {
  /** The store. For a connection with an account, the store takes the turns of this user ({@link Turns}). */
  readonly store: ServerStore;
  readonly turns: Turns;
  readonly admission: Admission;
  readonly authenticate: Authenticate;
  readonly directory: Directory | undefined;
  readonly bus: HintBus;
  readonly clock: ClockPort;
  readonly buckets: TokenBuckets;
  readonly connections: Connections;
  readonly groups: Groups;
  /** Absent if the host takes no pushes. */
  readonly pushes: HostPushes | undefined;
  policy(): Policy;
  readonly metrics: ServerMetrics;
  readonly log: Log;
}
