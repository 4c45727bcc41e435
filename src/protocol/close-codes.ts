/** Why a WebSocket was closed, and whether trying again can help: 3500–3999 and 4500–4999 are final, all else is retried (F59). */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  frameTooLarge: 1009,
  /** Restarting; come back, spread out. */
  restart: 1012,
  tryLater: 1013,
  /** Token ended or was refused: come back with another one. */
  unauthorized: 4401,
  /** The server takes no page of this origin: come back seldom, the operator may change that. */
  originRefused: 4403,
  /** No hello within 10 s. */
  helloTimeout: 4408,
  /** Did not read fast enough; come back and pull. */
  tooSlow: 4409,
  /** Sent no frame for four heartbeats; come back and pull. */
  silent: 4410,
  versionUnsupported: 4500,
  wrongUser: 4501,
} as const;

export const isFinalClose = (code: number): boolean => (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999);

/** Codes that a browser makes up where the server gave no reason. */
export const UNSPOKEN_CLOSES: ReadonlySet<number> = new Set([1005, 1006, 1015]);
