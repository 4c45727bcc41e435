/** What the end of a connection, or an error frame, means for the next one: come back, come back with another token, or never. */
import { AuthError, type ErrorCode, ProtocolError, type ReceiptsError, TransportError } from '../../../errors.ts';
import type { Account } from '../../../ports/ports.ts';
import { CLOSE, isFinalClose, UNSPOKEN_CLOSES } from '../../../protocol/close-codes.ts';
import type { Frame } from '../../../protocol/frames.ts';

export interface DisconnectReason {
  /** `again`: wait, and try again. `another-token`: the one there was is refused. `never`: final. */
  readonly next: 'again' | 'another-token' | 'never';
  readonly error: ReceiptsError;
  /** The server refuses; it is no network's failure. */
  readonly isServersWord?: boolean;
  /** Everybody was sent away at once: come back spread out, whoever comes first (F56). */
  readonly inCrowd?: boolean;
  /** Not before this many ms. */
  readonly retryAfterMs?: number;
}

/** A server that is starting, or too busy to say more, is left alone for as long. */
const BUSY_MS = 1000;
/** What only an operator can mend is asked after seldom. */
const OPERATOR_MS = 60_000;

export const wrongUser = ({ userId }: Account): DisconnectReason => ({
  next: 'never',
  error: new AuthError('auth/wrong-user', `the token does not name ${userId}; nothing was sent`),
});

const originRefused = (message: string): DisconnectReason => ({
  next: 'again',
  error: new AuthError('auth/origin-refused', message),
  retryAfterMs: OPERATOR_MS,
});

/** @param wasOpen whether the socket had opened. */
export const verdictOnClose = (account: Account, code: number, reason: string, wasOpen: boolean): DisconnectReason => {
  if (code === CLOSE.wrongUser) return wrongUser(account);
  if (isFinalClose(code))
    return {
      next: 'never',
      error: new ProtocolError('protocol/version-unsupported', 'server and client speak different versions: update one of them'),
    };
  if (code === CLOSE.unauthorized) return { next: 'another-token', error: new AuthError('auth/expired', 'the token is no longer taken') };
  if (code === CLOSE.originRefused) return originRefused('the server takes no page of this origin: list it in allowedOrigins');
  const error = new TransportError(wasOpen ? 'transport/closed' : 'transport/unreachable', reason || `closed with ${code}`);
  return {
    next: 'again',
    error,
    ...(UNSPOKEN_CLOSES.has(code) || code === CLOSE.restart ? {} : { isServersWord: true }),
    ...(code === CLOSE.restart ? { inCrowd: true } : {}),
    ...(code === CLOSE.tryLater ? { retryAfterMs: BUSY_MS } : {}),
  };
};

/** `null` where the connection goes on. */
export const verdictOnError = (account: Account, { code, message, id }: Frame<'error'>): DisconnectReason | null => {
  switch (code) {
    case 'auth/wrong-user':
      return wrongUser(account);
    case 'protocol/version-unsupported':
      return { next: 'never', error: new ProtocolError(code, message) };
    case 'auth/expired':
    case 'auth/forbidden':
      return { next: 'another-token', error: new AuthError(code, message) };
    case 'auth/origin-refused':
      return originRefused(message);
    case 'protocol/bad-frame':
      return id === undefined ? { next: 'again', error: new ProtocolError(code satisfies ErrorCode, message) } : null;
    case 'protocol/cursor-unknown':
    case 'server/busy':
      return null;
  }
};
