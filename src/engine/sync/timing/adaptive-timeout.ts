/**
 * How long an answer is waited for: never less than twice what answers took of late, and longer after each wait in vain, so that a slow
 * line gets on in the end (F55).
 */
const MAX_MS = 120_000;
const MAX_DOUBLINGS = 4;
/** What a slow line is given the benefit of: bytes in a millisecond. */
const SLOWEST_LINE = 1;

export type AwaitedBy = 'connect' | 'catch-up' | 'answer';

export class AdaptiveTimeout {
  private tookMs = 0;
  private readonly inVain = new Map<AwaitedBy, number>();

  /** An answer came after so long. Slower ones count at once, faster ones by and by. */
  measured(ms: number): void {
    this.tookMs = Math.max(ms, this.tookMs * 0.75 + ms * 0.25);
  }

  /** @param bytesAhead what was handed over before the question and has not been answered. */
  atLeast(baseMs: number, bytesAhead = 0): number {
    return Math.max(baseMs, Math.min(MAX_MS, 2 * this.tookMs)) + bytesAhead / SLOWEST_LINE;
  }

  growing(by: AwaitedBy, baseMs: number): number {
    return Math.min(Math.max(MAX_MS, baseMs), this.atLeast(baseMs) * 2 ** (this.inVain.get(by) ?? 0));
  }

  ended(by: AwaitedBy, inVain: boolean): void {
    this.inVain.set(by, inVain ? Math.min(MAX_DOUBLINGS, (this.inVain.get(by) ?? 0) + 1) : 0);
  }
}
