/** The time of the kit as a clock, for code with a clock and without a world. Only the test lets time pass. */
import { SeededRandom } from '../../src/testing/random.ts';
import { VirtualTime } from '../../src/testing/virtual-time.ts';

/** Lets running promises and due timers of the machine go on. */
const afterTimers = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export class TestClock {
  private readonly time = new VirtualTime(new SeededRandom('clock'));
  private readonly waiting = new Set<object>();
  /** How far the wall clock is ahead of the monotonic clock. */
  wallAheadMs = 0;

  /** @param settle waits at each moment until no work is running. */
  constructor(private readonly settle = afterTimers) {}

  readonly wall = (): number => this.time.now + this.wallAheadMs;
  readonly mono = (): number => this.time.now;
  readonly timer = (ms: number, fn: () => void): (() => void) => {
    const one = {};
    this.waiting.add(one);
    const cancel = this.time.schedule(ms, 'timer', () => {
      this.waiting.delete(one);
      fn();
    });
    return () => {
      this.waiting.delete(one);
      cancel();
    };
  };

  /** The number of timers neither due nor cancelled. */
  get armed(): number {
    return this.waiting.size;
  }

  /** The machine sleeps. Timers due in the meantime are late: the next `pass` calls them. */
  sleep(ms: number): void {
    this.time.now += ms;
  }

  /** The thread stands still. Afterwards the clock calls all due timers at once. */
  standStill(ms: number): void {
    this.sleep(ms);
    while (this.time.nextAt <= this.time.now) void this.time.step();
  }

  /** Time passes, and the clock calls every timer at its due time. */
  async pass(ms: number): Promise<void> {
    const until = this.time.now + ms;
    for (;;) {
      await this.settle();
      if (this.time.nextAt > until) break;
      await this.time.step();
    }
    this.time.now = until;
    await this.settle();
  }
}
