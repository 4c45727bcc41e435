/** Reads a close code or an error frame: the client reconnects, reconnects with another token, or never reconnects. */
import { AuthError, type ErrorCode, ProtocolError, type ReceiptsError, TransportError } from '../../../errors.ts';
import type { Account } from '../../../ports/ports.ts';
import { CLOSE, isFinalClose, UNSPOKEN_CLOSES } from '../../../protocol/close-codes.ts';
import { tokenOfOtherUser } from '../../net/http-session.ts';
import type { Frame } from '../../../protocol/frames.ts';
import { BUSY_MS } from '../../../model/backoff.ts';

export interface DisconnectReason {
  /** `again`: wait, and reconnect. `another-token`: the server refused the token. `never`: the client stops. */
  readonly next: 'again' | 'another-token' | 'never';
  readonly error: ReceiptsError;
  /** The server gave the reason; the network works. */
  readonly isServersWord?: boolean;
  /** The server closed all connections at once: the clients spread their reconnects over time (F56). */
  readonly inCrowd?: boolean;
  /** The client waits at least this many ms. */
  readonly retryAfterMs?: number;
}

/** Wait for an error that only the operator of the server can mend. */
const OPERATOR_MS = 60_000;

export const wrongUser = ({ userId }: Account): DisconnectReason => ({ next: 'never', error: tokenOfOtherUser(userId) });

const originRefused = (message: string): DisconnectReason => ({
  next: 'again',
  error: new AuthError('auth/origin-refused', message),
  retryAfterMs: OPERATOR_MS,
});

/** @param wasOpen whether the link was open before. */
export const disconnectReasonOfClose = (account: Account, code: number, reason: string, wasOpen: boolean): DisconnectReason => {
  if (code === CLOSE.wrongUser) return wrongUser(account);
  if (isFinalClose(code))
    return {
      next: 'never',
      error: new ProtocolError('protocol/version-unsupported', 'server and client speak different protocol versions: update the older one'),
    };
  if (code === CLOSE.unauthorized)
    return {
      next: 'another-token',
      error: new AuthError('auth/expired', 'the server no longer accepts the token; Tidemark calls getToken for another'),
    };
  if (code === CLOSE.originRefused) return originRefused('the server refuses pages of this origin: list the origin in allowedOrigins');
  const error = new TransportError(
    wasOpen ? 'transport/closed' : 'transport/unreachable',
    reason || `the connection ended with close code ${code}; Tidemark connects again`,
  );
  return {
    next: 'again',
    error,
    ...(UNSPOKEN_CLOSES.has(code) || code === CLOSE.restart ? {} : { isServersWord: true }),
    ...(code === CLOSE.restart ? { inCrowd: true } : {}),
    ...(code === CLOSE.tryLater ? { retryAfterMs: BUSY_MS } : {}),
  };
};

/** Returns `null` if the connection goes on. */
export const disconnectReasonOfError = (account: Account, { code, message, id }: Frame<'error'>): DisconnectReason | null => {
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
