/**
 * The jobs of one connection, in their order. Between two pages of a long answer, the jobs run that overtake long answers:
 *
 *   pull ─▶ page ─▶ page ─▶ page …
 *                ▲       a chat is opened: its fetch need not wait for the whole catch-up
 *              fetch
 */
export interface QueuedJob {
  readonly run: () => Promise<void> | void;
  /** The length of the client's frame; 0 for a job of the server. */
  readonly chars: number;
  readonly overtakes: () => boolean;
}

export class JobQueue {
  private readonly waiting: QueuedJob[] = [];
  /** The length of all frames that wait or run. */
  chars = 0;
  /** Resolves when all jobs are done. */
  work: Promise<void> = Promise.resolve();

  constructor(private readonly runOne: (job: QueuedJob) => Promise<void>) {}

  get length(): number {
    return this.waiting.length;
  }

  add(job: QueuedJob): void {
    this.waiting.push(job);
    this.chars += job.chars;
    this.work = this.work.then(() => this.take(0));
  }

  /** Queues a job of the server behind all earlier frames. */
  addOwn(run: QueuedJob['run']): void {
    this.add({ run, chars: 0, overtakes: () => false });
  }

  /** Runs the waiting jobs that overtake, in their order. */
  async letOvertake(): Promise<void> {
    for (;;) {
      const at = this.waiting.findIndex((job) => job.overtakes());
      if (at < 0) return;
      await this.take(at);
    }
  }

  private async take(at: number): Promise<void> {
    // The turn of an overtaking job is empty: the job has run already.
    const [job] = this.waiting.splice(at, 1);
    if (!job) return;
    await this.runOne(job);
    this.chars -= job.chars;
  }
}
