/**
 * How long to wait before something is tried again: a connection, a frame, an entry, a request. Each failure in a row doubles the longest
 * wait, from half a second to minutes. Full jitter after the cap spreads a crowd out (F56, F115).
 */

/** Numbers in [0, 1), as the random port gives them. */
interface Random {
  next(): number;
}

export const BACKOFF_BASE_MS = 500;
/** Half of it on average: a client that a server refuses for hours asks about 25 times an hour. */
export const BACKOFF_CAP_MS = 5 * 60_000;
/** Where the network fails and no server refuses anything: a longer wait would spare no server, and the user waits. */
export const UNREACHABLE_CAP_MS = 15_000;
/** No sooner than this, so that no loop runs hot (I-21). */
export const BACKOFF_FLOOR_MS = 150;
/** All clients of a server that restarts come back at once: they spread over at least this long. */
export const RESTART_SPREAD_MS = 15_000;

/**
 * @param attempt failures in a row so far, from 0.
 * @param random [0, 1)
 * @param retryAfterMs what the server asked for; obeyed, and spread by up to as much again.
 * @param bounds the wait is spread over at least `spreadMs`, and over at most `capMs`.
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

/** One thing that is tried again until it succeeds. */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: Pick<Random, 'next'>) {}

  /** @returns how long to wait before the next attempt, ms. */
  failed(retryAfterMs = 0): number {
    return backoffMs(this.failures++, this.random.next(), retryAfterMs);
  }

  /** It was done. A connection alone is no success: the server must have taken or given what was asked. */
  succeeded(): void {
    this.failures = 0;
  }
}
