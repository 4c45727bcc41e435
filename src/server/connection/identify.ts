/** Asks the host whose token it is. What the host answers is looked at before it is believed, as it ends up on the wire. */
import { UsageError } from '../../errors.ts';
import { ID_RULE, isId, type UserId } from '../../model/ids.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { Core } from '../core.ts';

/** Shorter than a client may stay silent before its hello counts as missing. */
const WITHIN_MS = 8000;

export interface Named {
  readonly userId: UserId;
  /** Epoch ms, a whole number; `null` for never. */
  readonly expiresAt: number | null;
}

export interface Refused {
  readonly refused: 'auth/expired' | 'auth/forbidden';
  readonly why: string;
}

/** `not-now`: the token cannot be judged, so nothing is said of it. */
export type Verdict = Named | Refused | 'not-now';

const EXPIRED: Refused = { refused: 'auth/expired', why: 'the token has ended' };
const FORBIDDEN: Refused = { refused: 'auth/forbidden', why: 'the token was refused' };
/** A user of the host who has no place here: another token may name another user. */
const NO_ID: Refused = { refused: 'auth/forbidden', why: `the token names no account: a user id is ${ID_RULE}` };

class LateError extends Error {}

const within = <T>(clock: ClockPort, ask: () => T | Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const cancel = clock.timer(WITHIN_MS, () => reject(new LateError(`authenticate did not answer within ${WITHIN_MS} ms`)));
    Promise.resolve()
      .then(ask)
      .then(resolve, reject)
      .finally(() => cancel());
  });

const describe = (value: unknown): string =>
  typeof value === 'string' ? `text of ${value.length} characters` : `${typeof value} ${String(value)}`;

/** @returns `undefined` where the user's name is no id. @throws {UsageError} where the answer is none. */
const read = (answer: unknown): Named | undefined => {
  if (typeof answer !== 'object' || answer === null)
    throw new UsageError('usage/invalid-option', `authenticate must answer { userId, expiresAt? }; got ${describe(answer)}`);
  const { userId, expiresAt = null } = answer as { readonly userId?: unknown; readonly expiresAt?: unknown };
  if (typeof userId !== 'string')
    throw new UsageError('usage/invalid-option', `authenticate must answer a userId that is text; got ${describe(userId)}`);
  if (!isId(userId)) return undefined;
  if (expiresAt === null) return { userId, expiresAt };
  if (typeof expiresAt !== 'number' || Number.isNaN(expiresAt))
    throw new UsageError(
      'usage/invalid-option',
      `authenticate must answer expiresAt in epoch ms, or none for never; got ${describe(expiresAt)}`,
    );
  // Later than any clock can tell is never.
  return { userId, expiresAt: expiresAt > Number.MAX_SAFE_INTEGER ? null : Math.floor(expiresAt) };
};

const codeOf = (error: unknown): unknown => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);

/** Never rejects. What the host must mend is told to the log. */
export const identify = async (
  { authenticate, clock, log }: Pick<Core, 'authenticate' | 'clock' | 'log'>,
  token: string,
): Promise<Verdict> => {
  try {
    const named = read(await within(clock, () => authenticate(token)));
    if (!named) {
      log(`authenticate answered a userId that is no id: an id is ${ID_RULE}`);
      return NO_ID;
    }
    const { expiresAt } = named;
    if (expiresAt === null || expiresAt > clock.wall()) return named;
    // In seconds the present reads as January 1970.
    if (expiresAt > 0 && expiresAt < clock.wall() / 100)
      log('authenticate answered an expiresAt in 1970: it must be in ms, not in seconds');
    return EXPIRED;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'auth/expired') return EXPIRED;
    if (code === 'auth/forbidden') return FORBIDDEN;
    if (code === 'auth/unavailable') return 'not-now';
    if (error instanceof UsageError || error instanceof LateError) {
      log(error.message, error);
      return 'not-now';
    }
    log(
      'authenticate failed with no AuthError, so the token counts as refused; "auth/unavailable" says that it cannot be checked now',
      error,
    );
    return FORBIDDEN;
  }
};
