/** Ends a connection whose client says nothing: a client sends a frame at least every two heartbeats, so that one is gone or idle on purpose. */
import type { Cancel, ClockPort } from '../../ports/ports.ts';

/** Of heartbeats without a whole frame from the client: its own twice, and as long again for a slow line and a throttled timer. */
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

  /** The account is known: from now on silence is counted. Before that, hello has a time limit of its own. */
  start(): void {
    this.heard();
    this.listen();
  }

  /** A whole frame came, or the answer to one is out: while the server works, the client is not the silent one. */
  heard(): void {
    this.heardAt = this.clock.mono();
  }

  stop(): void {
    this.cancel();
  }

  /** One timer for the whole life of the connection: the deadline is looked at afresh when it fires. */
  private listen(): void {
    const left = this.heardAt + SILENT_HEARTBEATS * this.heartbeatMs() - this.clock.mono();
    if (left <= 0) return this.end();
    this.cancel = this.clock.timer(left, () => this.listen());
  }
}
