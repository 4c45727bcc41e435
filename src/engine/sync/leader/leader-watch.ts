/**
 * Whether anybody leads: asked again and again while the page is visible, seldom while it is hidden. A lock alone does not tell: a frozen
 * tab holds it and does nothing (F30).
 */
import type { Cancel, ClockPort, RandomPort } from '../../../ports/ports.ts';

/** With the patience below: a leader that fell silent is noticed after at most 3.7 s. */
const VISIBLE_MS = 1500;
const HIDDEN_MS = 60_000;
const ANSWER_MS = 1000;
const ASKS = 2;
const HURRY_MS = 500;
/** Two that wait for the same leader are unlikely to lose patience at once. */
const SPREAD_MS = 200;
/** A timer as late as this says that this tab itself stood still: answers may be on their way still. */
const LATE_MS = 1000;

export interface LeaderWatchHandlers {
  readonly ask: () => void;
  /** Nobody answered. Watching has ended, and is begun again as needed. */
  readonly silent: () => void;
}

export class LeaderWatch {
  private cancel: Cancel | null = null;
  private unanswered = 0;
  private wasLate = false;
  hidden = false;

  constructor(
    private readonly clock: Pick<ClockPort, 'mono' | 'timer'>,
    private readonly random: Pick<RandomPort, 'next'>,
    private readonly handlers: LeaderWatchHandlers,
  ) {}

  /** Asks at once. */
  start(): void {
    this.stop();
    this.ask();
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
    this.unanswered = 0;
    this.wasLate = false;
  }

  /** A leader spoke. */
  heard(): void {
    if (!this.cancel) return;
    this.unanswered = 0;
    this.arm(this.hidden ? HIDDEN_MS : VISIBLE_MS, () => this.ask());
  }

  /** There is something for a leader to do. */
  look(): void {
    if (this.cancel && this.unanswered === 0) this.ask();
  }

  /** Most likely there is none: whoever is there all the same has a moment to say so. */
  hurry(): void {
    if (!this.cancel) return;
    this.handlers.ask();
    this.arm(HURRY_MS, () => this.loseHope());
  }

  private ask(): void {
    if (this.unanswered === ASKS) return this.loseHope();
    this.unanswered++;
    this.handlers.ask();
    this.arm(ANSWER_MS, () => this.ask());
  }

  private loseHope(): void {
    this.arm(this.random.next() * SPREAD_MS, () => {
      this.stop();
      this.handlers.silent();
    });
  }

  private arm(ms: number, then: () => void): void {
    const due = this.clock.mono() + ms;
    this.cancel?.();
    this.cancel = this.clock.timer(ms, () => {
      const late = this.clock.mono() - due >= LATE_MS;
      // Late time after time is a browser that clamps timers: then it is the time that counts (F39).
      const stoodStill = late && !this.wasLate;
      this.wasLate = late;
      if (!stoodStill) return then();
      this.unanswered = 0;
      this.ask();
    });
  }
}
