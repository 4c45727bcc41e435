/**
 * The errors of this library. Branch on `code`, never on the text. `retryable` says whether the same call may succeed later.
 *
 *   UsageError      fix the call                      TransportError  wait: sync retries by itself
 *   StoreError      tell the user                     AuthError       the library asks `getToken` again
 *   WorkerError     repeat the call                   ProtocolError   update the client or the server
 *                                                     RejectedError   look at the dead letter
 */

export type UsageCode =
  | 'usage/invalid-option'
  | 'usage/invalid-argument'
  | 'usage/unknown-message'
  | 'usage/unknown-conversation'
  | 'usage/closed'
  | 'usage/no-browser';
export type StoreCode = 'store/unavailable' | 'store/quota-exceeded' | 'store/version-ahead' | 'store/closed';
export type WorkerCode = 'worker/unavailable' | 'worker/restarted';
export type TransportCode = 'transport/unreachable' | 'transport/closed' | 'transport/timeout';
export type AuthCode = 'auth/expired' | 'auth/forbidden' | 'auth/unavailable' | 'auth/wrong-user' | 'auth/origin-refused';
export type ProtocolCode = 'protocol/bad-frame' | 'protocol/version-unsupported';
export type RejectedCode =
  | 'rejected/no-such-conversation'
  | 'rejected/unknown-message'
  | 'rejected/id-conflict'
  | 'rejected/message-recalled'
  | 'rejected/receipt-expired'
  | 'rejected/group-receipts-disabled'
  | 'rejected/permission-denied'
  | 'rejected/too-large'
  | 'rejected/unsupported';
export type ErrorCode = UsageCode | StoreCode | WorkerCode | TransportCode | AuthCode | ProtocolCode | RejectedCode;

/** Base class of every error that this library throws or shows. Use `instanceof` with one of the classes below, or branch on `code`. */
export abstract class ReceiptsError extends Error {
  abstract readonly code: ErrorCode;
  /** Whether repeating the same call may succeed. */
  abstract readonly retryable: boolean;
}

/** The call is wrong: the app must fix it. Nothing was written. */
export class UsageError extends ReceiptsError {
  override readonly name = 'UsageError';
  readonly retryable = false;
  constructor(
    readonly code: UsageCode,
    message: string,
  ) {
    super(message);
  }
}

/** The error of a call after the log-out of the client's account, in this tab or in another one. */
export const closedByLogOut = (): UsageError => new UsageError('usage/closed', 'this account was logged out; create another client');

/** The device refused to store data: the app should tell the user. Nothing was written. On the server: the database cannot be used. */
export class StoreError extends ReceiptsError {
  override readonly name = 'StoreError';
  readonly retryable = false;
  constructor(
    readonly code: StoreCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The worker ended or did not start. Repeat the call: every call is safe to repeat. */
export class WorkerError extends ReceiptsError {
  override readonly name = 'WorkerError';
  readonly retryable = true;
  constructor(
    readonly code: WorkerCode,
    message: string,
  ) {
    super(message);
  }
}

/** The server could not be reached. Sync retries by itself; the app may repeat a query. */
export class TransportError extends ReceiptsError {
  override readonly name = 'TransportError';
  readonly retryable = true;
  constructor(
    readonly code: TransportCode,
    message: string,
    /** Set by `logOut`: number of entries that have not reached the server. */
    readonly pending?: number,
  ) {
    super(message);
  }
}

/**
 * The server refused the token, or the app gave none. The library calls `getToken` again, except after `auth/wrong-user` and after
 * `auth/origin-refused`: the server accepts no page of this origin until its operator lists the origin.
 */
export class AuthError extends ReceiptsError {
  override readonly name = 'AuthError';
  readonly retryable: boolean;
  constructor(
    readonly code: AuthCode,
    message: string,
  ) {
    super(message);
    this.retryable = code !== 'auth/wrong-user' && code !== 'auth/origin-refused';
  }
}

/** Client and server do not speak the same protocol: update one of them. */
export class ProtocolError extends ReceiptsError {
  override readonly name = 'ProtocolError';
  readonly retryable = false;
  constructor(
    readonly code: ProtocolCode,
    message: string,
  ) {
    super(message);
  }
}

/** The server rejected one outbox entry for good. The entry is among the dead letters. */
export class RejectedError extends ReceiptsError {
  override readonly name = 'RejectedError';
  readonly retryable = false;
  constructor(
    readonly code: RejectedCode,
    message: string,
    /** Idempotency key of the rejected entry; empty if the call was refused before anything was queued. */
    readonly idempotencyKey: string = '',
  ) {
    super(message);
  }
}

const FAMILIES: Readonly<Record<string, new (code: never, message: string) => ReceiptsError>> = {
  usage: UsageError,
  store: StoreError,
  worker: WorkerError,
  transport: TransportError,
  auth: AuthError,
  protocol: ProtocolError,
};

/** Creates the error that belongs to a code. Used where an error crosses a thread or the wire. */
export const errorOf = (code: ErrorCode, message: string): ReceiptsError => {
  const Family = FAMILIES[code.split('/')[0]!] ?? RejectedError;
  return new Family(code as never, message);
};
