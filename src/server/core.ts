/** What every connection of one server shares. */
import type { UserId } from '../model/ids.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { HintBus } from './bus.ts';
import type { Connection } from './socket.ts';
import type { Policy, TokenBuckets } from './policy.ts';
import type { Directory } from './directory.ts';
import type { Groups } from './groups.ts';
import type { ServerStore } from './server-store.ts';

/** Whom a token names. */
export interface Identity {
  readonly userId: UserId;
  /** Epoch ms when the token ends; absent for never. */
  readonly expiresAt?: number | null;
}

/**
 * Names the account of a token. Rejects for a bad one: with an `AuthError` `auth/expired` or `auth/forbidden`, or
 * `auth/unavailable` where it cannot be told now; anything else counts as forbidden.
 */
export type Authenticate = (token: string) => Promise<Identity>;

export interface Core {
  readonly store: ServerStore;
  readonly authenticate: Authenticate;
  readonly directory: Directory | undefined;
  readonly bus: HintBus;
  readonly clock: ClockPort;
  readonly buckets: TokenBuckets;
  /** Those with an account. */
  readonly connections: Set<Connection>;
  readonly groups: Groups;
  readonly onMessage: ((push: PushFrame) => void) | undefined;
  policy(): Policy;
  log(message: string, detail?: unknown): void;
}
