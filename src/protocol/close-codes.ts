/**
 * The close codes of a WebSocket. Codes 3500–3999 and 4500–4999 are final. After any other code the client
 * retries (F59).
 */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  frameTooLarge: 1009,
  /** The server restarts. Clients reconnect at random times within 15 s. */
  restart: 1012,
  tryLater: 1013,
  /** The token has expired or is refused. The client reconnects with another token. */
  unauthorized: 4401,
  /**
   * The server refuses pages of this origin. The client retries after a minute or more: the operator may
   * change that.
   */
  originRefused: 4403,
  /** The client sent no hello within 10 s. */
  helloTimeout: 4408,
  /** The client did not read fast enough. The client reconnects and pulls. */
  tooSlow: 4409,
  /** The client sent no frame for four heartbeats. The client reconnects and pulls. */
  silent: 4410,
  versionUnsupported: 4500,
  wrongUser: 4501,
} as const;

/** Tells whether a client must not connect again after this close code, without a change of app, token or release. */
export const isFinalClose = (code: number): boolean => (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999);

/** Codes that a browser reports if the server sent no close code. */
export const UNSPOKEN_CLOSES: ReadonlySet<number> = new Set([1005, 1006, 1015]);
