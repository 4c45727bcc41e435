/**
 * The watchdog tells a dead worker from a slow one. It counts ticks of the page's own timer, not elapsed time: a page
 * that was frozen, asleep or busy for an hour ticks once, finds the worker's answer in its queue, and keeps the worker
 * (F42).
 */
import type { Cancel, ClockPort } from '../ports/ports.ts';

export const TICK_MS = 5000;
/** The number of silent ticks, with a request open, after which the worker counts as dead. */
const DEAD_AFTER_TICKS = 4;
/** The limit for a worker without any message so far: its script may still be loading over a slow network. */
const MISSING_AFTER_TICKS = 6;

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

  /** Begins to watch, because a request is open. The watchdog sends pings, so a call may take any time. */
  watch(): Cancel {
    if (this.watched++ === 0) this.silentTicks = 0;
    this.cancel ??= this.timer(TICK_MS, this.tick);
    return () => void this.watched--;
  }

  /** Called for every message of the worker. */
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
    // The timer keeps running after the last answer: another call follows soon, and a timer for each call would cost
    // more.
    if (this.watched === 0) return;
    if (++this.silentTicks >= (this.hasSpoken ? DEAD_AFTER_TICKS : MISSING_AFTER_TICKS)) return this.dead();
    if (this.silentTicks === 1)
      this.ping().then(
        () => this.heard(),
        () => this.heard(),
      );
    this.cancel = this.timer(TICK_MS, this.tick);
  };
}
