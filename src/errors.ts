/**
 * The errors of this library. Branch on `code`, never on the text. `retryable` says whether the same call may succeed later.
 *
 *   UsageError      fix the call                      TransportError  wait: sync retries by itself
 *   StoreError      tell the user                     AuthError       the library asks `getToken` again
 *   WorkerError     repeat the call                   ProtocolError   update the client or the server
 *                                                     RejectedError   look at the dead letter
 *
 * The docstrings of the codes are the page `demo/guides/error-codes.md`: the meaning, and after "Do:" what the app does.
 */

/** Codes of `UsageError`: the call is wrong. */
export type UsageCode =
  /** An option has an unknown name, a wrong type or a value out of range, or there is no page (in a worker, for example); the message names it. Do: fix the option. */
  | 'usage/invalid-option'
  /**
   * An argument of a call is wrong: an id, a body over 16 KiB, a list that is too long; the message names it. Do:
   * fix the argument.
   */
  | 'usage/invalid-argument'
  /**
   * A call needs a message that this device does not store, such as `upTo` or `from`. Do: load the message first, with
   * `loadMessages`, or name another one.
   */
  | 'usage/unknown-message'
  /**
   * A call that moves the position came before this device's first synchronization, for a conversation that it does not
   * know. Do: repeat the call when `watchConversations` has emitted.
   */
  | 'usage/unknown-conversation'
  /**
   * The client was closed, or its account was logged out in this tab or another one. Do: create another client with
   * `createReceiptClient`.
   */
  | 'usage/closed'
  /** The client was created on a server that renders pages, where it does nothing. Do: make the call in the browser, for example in an effect. */
  | 'usage/no-browser';

/** Codes of `StoreError`: the device, or the database of the server, does not store. */
export type StoreCode =
  /**
   * The browser or the database does not let the data be read or written; nothing was written. Do: tell the user; on the
   * server, look at the database.
   */
  | 'store/unavailable'
  /**
   * The device is full, also after cached messages were removed; nothing was written. Do: tell the user to free room;
   * `dropCachedMessages` may help.
   */
  | 'store/quota-exceeded'
  /** A newer release of the app has upgraded the stored data; this tab has stopped. Do: reload the page. */
  | 'store/version-ahead'
  /**
   * The store was closed under a call: the tab ends, another tab leads, or the account was logged out. Do: repeat the
   * call, on a new client if this one is closed.
   */
  | 'store/closed'
  /**
   * The key of the encrypted texts on this device is gone, so an unsent message or the text of a receipt cannot be read; the dead letter says
   * which. Do: tell the user, and send the text anew.
   */
  | 'store/unreadable';

/** Codes of `WorkerError`: the worker of this tab. */
export type WorkerCode =
  /**
   * The worker does not start; the message names the address that was tried and the cause. Do: mend what the message
   * names, see the guides on bundlers and security; the client tries again by itself.
   */
  | 'worker/unavailable'
  /**
   * The worker ended while the call ran, so the call may be in effect or not. Do: repeat the call: every call is safe to
   * repeat.
   */
  | 'worker/restarted';

/** Codes of `TransportError`: the network. */
export type TransportCode =
  /**
   * There is no network, or no server at this address. Do: wait: the client tries again; repeat a question when
   * `watchConnection` says `live`.
   */
  | 'transport/unreachable'
  /** The connection ended before the answer. Do: wait, as for `transport/unreachable`. */
  | 'transport/closed'
  /**
   * The server did not answer in time; also a log-out that could not send everything: `pending` is the number of entries
   * left. Do: wait; repeat a log-out, or make it with `pending: 'discard'`.
   */
  | 'transport/timeout';

/** Codes of `AuthError`: tokens and origins. */
export type AuthCode =
  /** The token has expired. Do: return a fresh token from `getToken`; the client asks by itself. */
  | 'auth/expired'
  /**
   * The server does not accept the token, or the user was revoked or deleted. Do: let the user sign in again; the client
   * asks `getToken` again meanwhile.
   */
  | 'auth/forbidden'
  /** `getToken` failed, or the server cannot check tokens now. Do: wait: the client tries again. */
  | 'auth/unavailable'
  /**
   * The token is for another user than `userId`; the client has stopped. Do: return a token of this user, and create
   * another client.
   */
  | 'auth/wrong-user'
  /**
   * The server accepts no page of this origin; the message names the origin and the host that the server saw. Do: the
   * operator lists the origin in `allowedOrigins`, or lets the proxy pass the host on.
   */
  | 'auth/origin-refused';

/** Codes of `ProtocolError`: releases that do not fit together. */
export type ProtocolCode =
  /**
   * Client and server do not understand each other: a program between them changes frames, or one of them has a fault. Do:
   * look at the proxy; update both.
   */
  | 'protocol/bad-frame'
  /**
   * Page, worker or server are of releases that do not fit together. Do: reload the page, and publish its files together;
   * update the older side.
   */
  | 'protocol/version-unsupported';

/** Codes of `RejectedError` and of dead letters: the server refused one entry for good. */
export type RejectedCode =
  /**
   * The conversation does not exist, or the user is no member of the group. Do: dismiss the dead letter, or let the user
   * join and retry it.
   */
  | 'rejected/no-such-conversation'
  /** The receipt, recall or clear names a message that the conversation does not have. Do: dismiss the dead letter. */
  | 'rejected/unknown-message'
  /** The message's `id` was used for another message. Do: send the message again under a new id. */
  | 'rejected/id-conflict'
  /** Reserved: servers of this version do not send it. Do: dismiss the dead letter. */
  | 'rejected/message-recalled'
  /** The receipt window of the group message has ended. Do: dismiss the dead letter: the sender can no longer learn of it. */
  | 'rejected/receipt-expired'
  /**
   * The message asks for receipts, and the server's policy has none in groups. Do: retry with `retryDeadLetter(id, {
   * requestReceipt: false })`.
   */
  | 'rejected/group-receipts-disabled'
  /**
   * The server does not let the user do this: write to this peer, ask for receipts, recall the message of another user.
   * Do: tell the user; dismiss the dead letter.
   */
  | 'rejected/permission-denied'
  /** The body has more than 16 KiB, or the text of a receipt more than 1 KiB. Do: shorten it, and send it anew. */
  | 'rejected/too-large'
  /**
   * The server does not know this kind of entry, or the text cannot be stored. Do: update the server; dismiss the dead
   * letter.
   */
  | 'rejected/unsupported';

/** Every code of an error of this library. The text of an error may change; its code does not. */
export type ErrorCode = UsageCode | StoreCode | WorkerCode | TransportCode | AuthCode | ProtocolCode | RejectedCode;

/** Base class of every error that this library throws or shows. Use `instanceof` with one of the classes below, or branch on `code`. */
export abstract class ReceiptsError extends Error {
  /** The stable name of the failure. */
  abstract readonly code: ErrorCode;
  /** Whether repeating the same call may succeed. */
  abstract readonly retryable: boolean;
}

/** The call is wrong: the app must fix it. Nothing was written. */
export class UsageError extends ReceiptsError {
  override readonly name = 'UsageError';
  readonly retryable = false;
  constructor(
    /** The stable name of the failure. */
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
    /** The stable name of the failure. */
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
    /** The stable name of the failure. */
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
    /** The stable name of the failure. */
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
  /** False after `auth/wrong-user` and `auth/origin-refused`. */
  readonly retryable: boolean;
  constructor(
    /** The stable name of the failure. */
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
    /** The stable name of the failure. */
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
    /** The stable name of the failure. */
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
