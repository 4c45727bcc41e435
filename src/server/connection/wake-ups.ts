/**
 * Decides when a connection pulls its news. While news waits for a pull, no second pull is needed. All receipts of an
 * interval are one step. What an answer has told the client already waits for the next pull: it only moves the client's cursor.
 *
 *   changes  ─▶ pull ─┐
 *   receipts ─▶ pull ─┴─▶ receipts, receipts ─▶ at the end of the interval: pull
 *   told     ─▶ told, told ─▶ any pull, or at the end of a longer interval: pull
 */
import type { Cancel, ClockPort } from '../../ports/ports.ts';

/** Receipts of group messages within this time reach their sender in one step. */
const RECEIPTS_EVERY_MS = 250;
/**
 * A client that sends entries all the time sends no ping, which would find a lost hint: its own changes find it. 500 clients that began
 * together would pull together, and the server would answer nobody else meanwhile. So the server gives each connection moments of its own.
 */
const TOLD_WITHIN_MS = 5000;

export class WakeUps {
  /** A pull waits in the queue. */
  private isQueued = false;
  private receiptsAt = -Infinity;
  private cancelReceipts: Cancel | undefined;
  private cancelTold: Cancel | undefined;

  /**
   * @param phase the moment of this connection in each longer interval, from 0 to 1.
   * @param queuePull queues a pull, and calls `begun` when the pull begins.
   */
  constructor(
    private readonly clock: ClockPort,
    private readonly phase: number,
    private readonly queuePull: (begun: () => void) => void,
  ) {}

  /** Pulls behind the jobs of the queue. If a first pull is running, this pull follows and sends the changes written since. */
  wake(): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.cancelTold?.();
    this.cancelTold = undefined;
    this.queuePull(() => (this.isQueued = false));
  }

  /** Pulls within the longer interval: an answer has told the client the news. */
  wakeForTold(): void {
    const sinceMoment = (this.clock.mono() + this.phase * TOLD_WITHIN_MS) % TOLD_WITHIN_MS;
    if (!this.isQueued) this.cancelTold ??= this.clock.timer(TOLD_WITHIN_MS - sinceMoment, () => this.wake());
  }

  /** Pulls at once after a quiet time, otherwise at the end of the interval. */
  wakeForReceipts(): void {
    if (this.cancelReceipts) return;
    const left = this.receiptsAt + RECEIPTS_EVERY_MS - this.clock.mono();
    if (left > 0) this.cancelReceipts = this.clock.timer(left, () => this.pullReceipts());
    else this.pullReceipts();
  }

  stop(): void {
    this.cancelReceipts?.();
    this.cancelTold?.();
  }

  private pullReceipts(): void {
    this.cancelReceipts = undefined;
    this.receiptsAt = this.clock.mono();
    this.wake();
  }
}
