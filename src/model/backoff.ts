/**
 * Delays between retries of a connection, a frame, an entry or a request. Each failure in a row doubles the longest delay, from half a
 * second to five minutes. The delay is random between zero and this limit (full jitter), to spread many clients out (F56, F115).
 */

/** Numbers in [0, 1), as the random port gives them. */
interface Random {
  next(): number;
}

export const BACKOFF_BASE_MS = 500;
/** The longest delay while a server refuses requests. The average is half as long: about 25 requests an hour. */
export const BACKOFF_CAP_MS = 5 * 60_000;
/** The longest delay while the network fails. A longer delay would spare no server, and the user waits. */
export const UNREACHABLE_CAP_MS = 15_000;
/** The shortest delay: no loop runs hot (I-21). */
export const BACKOFF_FLOOR_MS = 150;
/** The wait for a starting server, and for a busy server that named no time. */
export const BUSY_MS = 1000;
/** All clients of a restarted server return at once. Their first attempts spread over at least this time. */
export const RESTART_SPREAD_MS = 15_000;

/**
 * Computes the delay before the next attempt, in ms.
 *
 * @param attempt number of failures in a row so far, from 0.
 * @param random a random number in [0, 1).
 * @param retryAfterMs the delay asked for by the server. The result is never shorter, and at most twice as long or `capMs` longer.
 * @param bounds the random part is taken from at least `spreadMs`, and from at most `capMs`.
 */
export const backoffMs = (
  attempt: number,
  random: number,
  retryAfterMs = 0,
  { spreadMs = 0, capMs = BACKOFF_CAP_MS }: { readonly spreadMs?: number; readonly capMs?: number } = {},
): number => {
  const cap = Math.max(spreadMs, Math.min(capMs, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16)));
  return Math.round(Math.max(BACKOFF_FLOOR_MS, retryAfterMs + random * Math.max(cap, retryAfterMs)));
};

/** Counts the failures of a repeated operation. */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: Pick<Random, 'next'>) {}

  /** Counts a failure. @returns the delay before the next attempt, ms. */
  failed(retryAfterMs = 0): number {
    return backoffMs(this.failures++, this.random.next(), retryAfterMs);
  }

  /** Ends the row of failures. An open connection alone is no success: the server must have answered the request. */
  succeeded(): void {
    this.failures = 0;
  }
}
