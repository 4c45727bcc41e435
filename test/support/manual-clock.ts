/** A server without time or network of its own. */

/** Time passes only when told to. */
export class ManualClock {
  #now = 0;
  readonly #timers = new Set<{ at: number; fn: () => void }>();
  /** How far the wall clock is from the other one: people set it. */
  wallAheadMs = 0;
  readonly wall = (): number => this.#now + this.wallAheadMs;
  readonly mono = (): number => this.#now;
  readonly timer = (ms: number, fn: () => void): (() => void) => {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };
  /** The machine sleeps: time is gone, and timers that were due are late. */
  sleep(ms: number): void {
    this.#now += ms;
  }
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve)); // whatever is under way first
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = until;
  }
}

/** What was sent, as frames. */
export class FakeSocket {
  readonly sent: { type: string }[] = [];
  closedWith: number | undefined;
  buffered = 0;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }
  close(code: number): void {
    this.closedWith = code;
  }
}
