/**
 * Asks the host which account a token names. The answer is checked before use, because the user id ends up on
 * the wire.
 */
import { UsageError } from '../../errors.ts';
import { ID_RULE, isId, type UserId } from '../../model/ids.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { Core } from '../core.ts';
import { appErrorDetails, errorDetails } from '../../logging.ts';

/** Timeout of `authenticate`, shorter than the time after which a client takes its hello for lost. */
const WITHIN_MS = 8000;

export interface Named {
  readonly userId: UserId;
  /** Epoch ms, a whole number; `null` for a token without expiry. */
  readonly expiresAt: number | null;
}

export interface RefusedToken {
  readonly refused: 'auth/expired' | 'auth/forbidden';
  readonly why: string;
}

/** `not-now`: the host cannot check the token at present. */
export type Verdict = Named | RefusedToken | 'not-now';

const EXPIRED: RefusedToken = { refused: 'auth/expired', why: 'the token has expired' };
const FORBIDDEN: RefusedToken = { refused: 'auth/forbidden', why: 'the token was refused' };
/** The host's user id is not a valid id. The client may try another token. */
const NO_ID: RefusedToken = { refused: 'auth/forbidden', why: `the token names no account: a user id is ${ID_RULE}` };

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

/**
 * Reads the host's answer. @returns `undefined` if the user id is not valid. @throws {UsageError} if the
 * answer has another shape.
 */
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
  // An expiry above the safe integers counts as no expiry.
  return { userId, expiresAt: expiresAt > Number.MAX_SAFE_INTEGER ? null : Math.floor(expiresAt) };
};

const codeOf = (error: unknown): unknown => (typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined);

/** Identifies the account of a token. The promise never rejects. Mistakes of the host are logged. */
export const identify = async (
  { authenticate, clock, log }: Pick<Core, 'authenticate' | 'clock' | 'log'>,
  token: string,
): Promise<Verdict> => {
  try {
    const named = read(await within(clock, () => authenticate(token)));
    if (!named) {
      log('warn', 'authenticate-answer-invalid', { message: `authenticate answered a userId that is no id: an id is ${ID_RULE}` });
      return NO_ID;
    }
    const { expiresAt } = named;
    if (expiresAt === null || expiresAt > clock.wall()) return named;
    // An expiry in seconds instead of ms falls into January 1970.
    if (expiresAt > 0 && expiresAt < clock.wall() / 100)
      log('warn', 'authenticate-answer-invalid', {
        message: 'authenticate answered an expiresAt in 1970: it must be in ms, not in seconds',
      });
    return EXPIRED;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'auth/expired') return EXPIRED;
    if (code === 'auth/forbidden') return FORBIDDEN;
    if (code === 'auth/unavailable') return 'not-now';
    if (error instanceof UsageError || error instanceof LateError) {
      log('warn', 'authenticate-answer-invalid', errorDetails(error));
      return 'not-now';
    }
    log('warn', 'authenticate-failed', {
      message: 'authenticate threw no AuthError, so the token counts as refused; "auth/unavailable" says that it cannot be checked now',
      ...appErrorDetails(error),
    });
    return FORBIDDEN;
  }
};
