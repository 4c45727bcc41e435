/**
 * Keeps one user's frames within the user's allowance:
 *
 *   frame ─▶ over a limit: refuse it, then read no frame for a while
 *         └▶ within the limits: take a turn and answer it; the answer is charged while it is sent
 */
import type { UserId } from '../../model/ids.ts';
import type { ClientFrame } from '../../protocol/frames.ts';
import { type Busy, chargeAnswer, isCharged, takeCost } from './allowance.ts';
import type { Core } from '../core.ts';
import type { Outgoing } from './outgoing.ts';

/** Longest pause in reading from a client after a busy answer. */
const MAX_PAUSE_MS = 1000;
const FULL: Busy = { why: 'the answer is full: ask for this in another request', ms: 0 };

export class Meter {
  private endPause: () => void = () => undefined;

  /** @param pauses false for the frames of one HTTP request, which are all there already. */
  constructor(
    private readonly core: Core,
    private readonly out: Outgoing,
    private readonly me: UserId,
    private readonly pauses: boolean,
  ) {}

  /** Runs the answer to a frame within the limits. */
  async run(frame: ClientFrame, answer: () => Promise<void>): Promise<void> {
    const { core, out, me } = this;
    const busy = out.isAnswerFull ? FULL : takeCost(core, frame, me);
    if (busy) {
      out.refuse('server/busy', busy.why, 'id' in frame ? frame.id : undefined, busy.ms);
      return this.pauses ? this.pause(Math.min(busy.ms, MAX_PAUSE_MS)) : undefined;
    }
    // A waiting pull does no work meanwhile, so it takes no turn.
    if (frame.type === 'pull' && frame.waitMs) return this.charged(frame, answer);
    return core.turns.during(me, () => this.charged(frame, answer));
  }

  stop(): void {
    this.endPause();
  }

  private async charged(frame: ClientFrame, answer: () => Promise<void>): Promise<void> {
    const { core, out, me } = this;
    // Frames overtake a long answer, and each answer is charged by its own rule.
    const before = out.charge;
    out.charge = isCharged(frame) ? (chars) => chargeAnswer(core, chars, me) : undefined;
    try {
      await answer();
    } finally {
      out.charge = before;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.core.clock.timer(ms, resolve);
      this.endPause = () => {
        cancel();
        resolve();
      };
    });
  }
}
