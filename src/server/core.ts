/** What every connection of one server shares. */
import type { UserId } from '../model/ids.ts';
import type { ClockPort } from '../ports/ports.ts';
import type { PushFrame } from '../protocol/push.ts';
import type { HintBus } from './bus.ts';
import type { Admission } from './admission.ts';
import type { Connections } from './connections.ts';
import type { Policy, TokenBuckets } from './policy.ts';
import type { Directory } from './groups/directory.ts';
import type { Groups } from './groups/groups.ts';
import type { ServerStore } from './store/server-store.ts';
import type { Turns } from './store/turns.ts';

/** Whom a token names. */
export interface Identity {
  readonly userId: UserId;
  /** Epoch ms when the token ends; absent for never. A token that has ended is refused with `auth/expired`. */
  readonly expiresAt?: number | null;
}

/**
 * Names the account of a token, or throws an `AuthError`: "no" is `auth/forbidden`, or `auth/expired`; "not now" is `auth/unavailable`,
 * and the client comes back with the same token. Another error counts as "no" and is logged. No answer within 8 s, and an answer that is no
 * identity, count as "not now" and are logged.
 */
export type Authenticate = (token: string) => Promise<Identity>;

export interface Core {
  /** For the work of a user's frame: as that user reaches it, in turns ({@link Turns}). */
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
  readonly onMessage: ((push: PushFrame) => void) | undefined;
  policy(): Policy;
  log(message: string, detail?: unknown): void;
}
