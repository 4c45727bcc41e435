/**
 * Tells a worker that is gone from one that is only slow. Counted are ticks of the page's own timer, never time that passed: a page
 * that was frozen, asleep or busy for an hour ticks once, finds the worker's answer waiting, and takes nobody for dead (F42).
 */
import type { Cancel, ClockPort } from '../ports/ports.ts';

export const TICK_MS = 5000;
/** Of silence, with a question open since the first of them. */
const DEAD_AFTER_TICKS = 4;
/** A worker that has not spoken yet may still be on its way over a slow network. */
const NEVER_CAME_AFTER_TICKS = 6;

export class Watchdog {
  private cancel: Cancel | null = null;
  private silentTicks = 0;
  private watched = 0;
  private hasSpoken = false;

  constructor(
    private readonly timer: ClockPort['timer'],
    private readonly ping: () => Promise<unknown>,
    private readonly dead: () => void,
  ) {}

  /** Something is awaited from the worker. Calls of any length may be: it is pings that go unanswered, not calls. */
  watch(): Cancel {
    if (this.watched++ === 0) this.silentTicks = 0;
    this.cancel ??= this.timer(TICK_MS, this.tick);
    return () => void this.watched--;
  }

  /** The worker said something. */
  heard(): void {
    this.silentTicks = 0;
    this.hasSpoken = true;
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
    this.watched = 0;
  }

  private readonly tick = (): void => {
    this.cancel = null;
    // Left running when the last call was answered: the next one comes soon, and arming a timer for each would cost more.
    if (this.watched === 0) return;
    if (++this.silentTicks >= (this.hasSpoken ? DEAD_AFTER_TICKS : NEVER_CAME_AFTER_TICKS)) return this.dead();
    if (this.silentTicks === 1)
      this.ping().then(
        () => this.heard(),
        () => this.heard(),
      );
    this.cancel = this.timer(TICK_MS, this.tick);
  };
}
