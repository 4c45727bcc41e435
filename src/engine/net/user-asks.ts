/**
 * Notes whether a question waits for the server: an opened conversation, or a call that fetches. The background fetches nothing meanwhile,
 * so that line and server are free for the question.
 */
import type { Cancel, ClockPort } from '../../ports/ports.ts';

/** A question holds the background for this long, at most: a page may ask without a pause. */
const MAX_HOLD_MS = 2000;

export class UserAsks {
  private waiting = 0;
  private readonly heldBack = new Set<() => void>();

  constructor(private readonly clock: ClockPort) {}

  get isWaiting(): boolean {
    return this.waiting > 0;
  }

  /** Holds the background until the question has its answer. */
  async during<T>(ask: () => Promise<T>): Promise<T> {
    this.waiting++;
    try {
      return await ask();
    } finally {
      this.waiting--;
      if (this.waiting === 0) for (const release of [...this.heldBack]) release();
    }
  }

  /** Calls `fn` once: when no question waits, or after two seconds. */
  afterwards(fn: () => void): Cancel {
    const end = (): void => {
      cancel();
      this.heldBack.delete(release);
    };
    const release = (): void => {
      end();
      fn();
    };
    const cancel = this.clock.timer(MAX_HOLD_MS, release);
    this.heldBack.add(release);
    return end;
  }
}
