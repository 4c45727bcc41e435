/**
 * A follower tab watches whether a leader answers. The follower asks often while its page is visible, and seldom while the page is hidden.
 * The lock alone is no proof of a working leader: a frozen tab holds the lock and does nothing (F30).
 *
 *     start ──▶ ask ──answered──▶ wait VISIBLE_MS or HIDDEN_MS ──▶ ask …
 *                └──no answer within ANSWER_MS──▶ ask again ──no answer──▶ silent
 */
import type { Cancel, ClockPort, RandomPort } from '../../../ports/ports.ts';

/**
 * With the two questions below, a follower with a visible page notices after at most 3.7 s that the leader is silent. With a hidden page it
 * notices 2.2 s after the device has new entries to send, or else after at most 62.2 s.
 */
const VISIBLE_MS = 1500;
const HIDDEN_MS = 60_000;
const ANSWER_MS = 1000;
const MAX_QUESTIONS = 2;
const BRIEF_ANSWER_MS = 500;
/** Random delay: two followers of one leader seldom give up at the same moment. */
const SPREAD_MS = 200;
/** A timer this late means that this tab itself stood still. Answers may still be on their way. */
const LATE_MS = 1000;

export interface LeaderWatchHandlers {
  readonly ask: () => void;
  /** The leader did not answer. The watch has ended, and may be started again. */
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

  /** The leader answered. */
  answered(): void {
    if (!this.cancel) return;
    this.unanswered = 0;
    this.arm(this.hidden ? HIDDEN_MS : VISIBLE_MS, () => this.ask());
  }

  /** Asks now, because there is work for a leader, unless a question is already open. */
  check(): void {
    if (this.cancel && this.unanswered === 0) this.ask();
  }

  /** Asks once more with a short timeout, because most likely no tab leads. */
  checkBriefly(): void {
    if (!this.cancel) return;
    this.handlers.ask();
    this.arm(BRIEF_ANSWER_MS, () => this.giveUp());
  }

  private ask(): void {
    if (this.unanswered === MAX_QUESTIONS) return this.giveUp();
    this.unanswered++;
    this.handlers.ask();
    this.arm(ANSWER_MS, () => this.ask());
  }

  private giveUp(): void {
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
      // A browser that clamps timers makes every timer late. Then late time counts as waiting time (F39).
      const stoodStill = late && !this.wasLate;
      this.wasLate = late;
      if (!stoodStill) return then();
      this.unanswered = 0;
      this.ask();
    });
  }
}
