/**
 * Ends a silent connection. A client sends a frame at least every two heartbeats, so a silent client has
 * disappeared or is idle on purpose.
 */
import type { Cancel, ClockPort } from '../../ports/ports.ts';

/**
 * Heartbeats without a whole frame from the client: twice the client's own interval, doubled for a slow line
 * and a throttled timer.
 */
export const SILENT_HEARTBEATS = 4;

export class Silence {
  private heardAt: number;
  private cancel: Cancel = () => undefined;

  constructor(
    private readonly clock: ClockPort,
    private readonly heartbeatMs: () => number,
    private readonly end: () => void,
  ) {
    this.heardAt = clock.mono();
  }

  /**
   * Counts silence from now on, by the heartbeat in effect: when the account is known (before, hello has its own timeout),
   * and when the client hears of another heartbeat.
   */
  start(): void {
    this.cancel();
    this.heard();
    this.listen();
  }

  /**
   * Restarts the count: a whole frame arrived, or the server has just answered a frame. A client is not
   * silent while the server works for the client.
   */
  heard(): void {
    this.heardAt = this.clock.mono();
  }

  stop(): void {
    this.cancel();
  }

  /** Frames set no timer: when the one timer fires, the deadline is computed again. */
  private listen(): void {
    const left = this.heardAt + SILENT_HEARTBEATS * this.heartbeatMs() - this.clock.mono();
    if (left <= 0) return this.end();
    this.cancel = this.clock.timer(left, () => this.listen());
  }
}
