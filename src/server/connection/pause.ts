/**
 * The pauses of a long answer. A store in memory answers without the event loop, so a long answer would keep the event loop until its end:
 * no frame that arrives meanwhile could overtake the answer, and no other client would be heard.
 *
 *   page ─▶ page ─▶ 5 ms are over: the event loop reads what has arrived ─▶ page ─▶ page …
 */
import type { ClockPort } from '../../ports/ports.ts';

/** An answer keeps the event loop for this long, and for one page more. */
const MAX_KEPT_MS = 5;

export class Pause {
  private keptSince = 0;

  constructor(private readonly clock: Pick<ClockPort, 'mono' | 'timer'>) {}

  /** A job begins. */
  begun(): void {
    this.keptSince = this.clock.mono();
  }

  /** Lets the event loop go on, if the job has kept it for long. */
  async ifDue(): Promise<void> {
    if (this.clock.mono() - this.keptSince < MAX_KEPT_MS) return;
    await new Promise<void>((resolve) => this.clock.timer(0, resolve));
    this.begun();
  }
}
