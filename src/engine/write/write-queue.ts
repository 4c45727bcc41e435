/**
 * The writer's queue: decisions and turns, in two lanes. Work of the background waits for all other work. In each lane the order stays.
 * Decisions that follow each other are served together. A turn is served alone.
 *
 *   lane of the user        a  b  turn  c  ─▶ serve a and b, run the turn, serve c ┐
 *   lane of the background  d  e  turn     ─▶ when the other lane is empty         ┴─▶ one transaction or turn at a time
 */
import type { Job, Lane } from './group-commit.ts';

const MAX_JOBS_PER_COMMIT = 2000;
/** A frame of the server may have a thousand messages, and a call of the user waits for the transaction under way. */
const MAX_BACKGROUND_JOBS_PER_COMMIT = 2;
/** After so many servings in a row the background is served once, so a page that writes without a pause still gets its messages. */
const MAX_IN_A_ROW = 8;

/** A task between two transactions, without other work beside. It never rejects. */
type Turn = () => Promise<void>;

export class WriteQueue {
  private readonly lanes: Readonly<Record<Lane, (Job | Turn)[]>> = { user: [], background: [] };
  private inARow = 0;
  private isRunning = false;

  /** @param commit serves decisions. It never rejects. */
  constructor(private readonly commit: (jobs: readonly Job[]) => Promise<void>) {}

  push(job: Job): void {
    this.lanes[job.options.lane ?? 'user'].push(job);
    this.pump();
  }

  /** Runs `run` alone, after all queued work of the lane. */
  turn(run: () => Promise<void>, lane: Lane): Promise<void> {
    return new Promise((resolve, reject) => {
      this.lanes[lane].push(() => run().then(resolve, reject));
      this.pump();
    });
  }

  /** Runs `turn` before everything that is queued. Call this while the queue serves. */
  turnNext(turn: Turn): void {
    this.lanes.user.unshift(turn);
  }

  private pump(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void (async () => {
      // One microtask later all calls of the same turn of the event loop are queued, and share the first transaction.
      await Promise.resolve();
      for (let lane = this.nextLane(); lane; lane = this.nextLane()) {
        const jobs = this.nextJobs(lane);
        if (jobs.length > 0) await this.commit(jobs);
        else await (this.lanes[lane].shift() as Turn)();
      }
      this.isRunning = false;
    })();
    // The loop never rejects: every job and every turn handles its own failure.
  }

  private nextLane(): Lane | undefined {
    const { user, background } = this.lanes;
    const isBackground = background.length > 0 && (user.length === 0 || this.inARow >= MAX_IN_A_ROW);
    this.inARow = isBackground || user.length === 0 ? 0 : this.inARow + 1;
    return isBackground ? 'background' : user.length > 0 ? 'user' : undefined;
  }

  /** Takes the decisions before the next turn out of the lane. */
  private nextJobs(lane: Lane): readonly Job[] {
    const max = lane === 'user' ? MAX_JOBS_PER_COMMIT : MAX_BACKGROUND_JOBS_PER_COMMIT;
    const jobs: Job[] = [];
    for (const item of this.lanes[lane]) {
      if (typeof item === 'function' || jobs.length === max) break;
      jobs.push(item);
    }
    this.lanes[lane].splice(0, jobs.length);
    return jobs;
  }
}
