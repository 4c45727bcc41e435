/**
 * The timing shelf decides how long the client waits and how much the client sends at once. The timeout of an answer is
 * at least twice the time of recent answers, and doubles after each timeout: a slow line succeeds in the end (F55).
 */
const MAX_MS = 120_000;
const MAX_DOUBLINGS = 4;
/** Speed of the slowest line that the timeouts allow for, in bytes per millisecond. */
const SLOWEST_LINE = 1;

export type AwaitedBy = 'connect' | 'catch-up' | 'answer';

export class AdaptiveTimeout {
  private tookMs = 0;
  private readonly timeoutsInARow = new Map<AwaitedBy, number>();

  /** An answer took `ms`. A slower answer raises the average at once, a faster answer lowers it gradually. */
  measured(ms: number): void {
    this.tookMs = Math.max(ms, this.tookMs * 0.75 + ms * 0.25);
  }

  /** @param bytesAhead bytes sent before the question and not yet answered by the server. */
  atLeast(baseMs: number, bytesAhead = 0): number {
    return Math.max(baseMs, Math.min(MAX_MS, 2 * this.tookMs)) + bytesAhead / SLOWEST_LINE;
  }

  /** The timeout, doubled for each timeout in a row. */
  growing(by: AwaitedBy, baseMs: number): number {
    return Math.min(Math.max(MAX_MS, baseMs), this.atLeast(baseMs) * 2 ** (this.timeoutsInARow.get(by) ?? 0));
  }

  ended(by: AwaitedBy, timedOut: boolean): void {
    this.timeoutsInARow.set(by, timedOut ? Math.min(MAX_DOUBLINGS, (this.timeoutsInARow.get(by) ?? 0) + 1) : 0);
  }
}
