/**
 * The queue of one client's requests to its worker. Calls, queries, log-out and close are posted in the order in which
 * the page made them, each to the worker that runs at that moment. The requests wait here while no worker runs.
 */
import type { WorkerLife } from './worker-life.ts';

interface Request {
  /** Posts the request at once. Resolves with the answer. */
  readonly cross: (life: WorkerLife) => Promise<unknown>;
  readonly refuse: (error: unknown) => void;
  /** True if the request may end the client. Later requests then wait for its answer. */
  readonly mayEnd: boolean;
}

export class RequestQueue {
  private waiting: Request[] = [];
  private unanswered = 0;
  private isCrossing = false;

  /** @param current returns the worker that runs or starts now. Rejects if there is none. */
  constructor(private readonly current: () => Promise<WorkerLife>) {}

  /** True if no request waits in the queue and every request has its answer. */
  get isIdle(): boolean {
    return this.unanswered === 0;
  }

  /** @param ask posts the request synchronously. */
  add<T>(ask: (life: WorkerLife) => Promise<T>, mayEnd = false): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      const cross = async (life: WorkerLife): Promise<void> => {
        const asked = ask(life);
        resolve(asked);
        await Promise.allSettled([asked]);
      };
      this.waiting.push({ cross, refuse: reject, mayEnd });
    });
    const answered = (): void => void this.unanswered--;
    this.unanswered++;
    answer.then(answered, answered);
    void this.cross();
    return answer;
  }

  private async cross(): Promise<void> {
    if (this.isCrossing) return;
    this.isCrossing = true;
    while (this.waiting.length > 0)
      try {
        const life = await this.current();
        const { cross, mayEnd } = this.waiting.shift()!;
        const answered = cross(life);
        if (mayEnd) await answered;
      } catch (error) {
        // Without a worker, every waiting request is rejected. Its caller may repeat the call.
        for (const { refuse } of this.waiting.splice(0)) refuse(error);
      }
    this.isCrossing = false;
  }
}
