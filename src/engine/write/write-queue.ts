/**
 * The writer's queue: decisions and turns, served in order. Decisions that follow each other are served together. A turn is served alone.
 *
 *   a  b  turn  c  ─▶ serve a and b, run the turn, serve c
 */
import type { Job } from './group-commit.ts';

const MAX_JOBS_PER_COMMIT = 2000;

/** A task between two transactions, without other work beside. It never rejects. */
type Turn = () => Promise<void>;

export class WriteQueue {
  private items: (Job | Turn)[] = [];
  private isRunning = false;

  /** @param commit serves decisions. It never rejects. */
  constructor(private readonly commit: (jobs: readonly Job[]) => Promise<void>) {}

  push(job: Job): void {
    this.items.push(job);
    this.pump();
  }

  /** Runs `run` alone, after all queued work. */
  turn(run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.items.push(() => run().then(resolve, reject));
      this.pump();
    });
  }

  /** Runs `turn` before everything that is queued. Call this while the queue serves. */
  turnNext(turn: Turn): void {
    this.items.unshift(turn);
  }

  private pump(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    void (async () => {
      // One microtask later all calls of the same turn of the event loop are queued, and share the first transaction.
      await Promise.resolve();
      while (this.items.length > 0) {
        const jobs = this.nextJobs();
        if (jobs.length > 0) await this.commit(jobs);
        else await (this.items.shift() as Turn)();
      }
      this.isRunning = false;
    })();
    // The loop never rejects: every job and every turn handles its own failure.
  }

  /** Takes the decisions before the next turn out of the queue. */
  private nextJobs(): readonly Job[] {
    const jobs: Job[] = [];
    for (const item of this.items) {
      if (typeof item === 'function' || jobs.length === MAX_JOBS_PER_COMMIT) break;
      jobs.push(item);
    }
    this.items.splice(0, jobs.length);
    return jobs;
  }
}
