/**
 * One client's requests to its worker: calls, questions, log-out and close cross in the order in which the page made them, each to the
 * worker that runs then. While no worker runs, they wait here.
 */
import type { WorkerLife } from './worker-life.ts';
import { Unanswered } from './unanswered.ts';

interface Request {
  /** Posts it, at once; resolves with its answer. */
  readonly cross: (life: WorkerLife) => Promise<unknown>;
  readonly refuse: (error: unknown) => void;
  /** Later requests wait for its answer: it may end the client. */
  readonly mayEnd: boolean;
}

export class RequestQueue {
  private waiting: Request[] = [];
  private readonly unanswered = new Unanswered();
  private isCrossing = false;

  /** @param current the worker that runs or is about to; rejects where none does. */
  constructor(private readonly current: () => Promise<WorkerLife>) {}

  /** Nothing waits to cross, and every request has its answer. */
  get isIdle(): boolean {
    return this.unanswered.isEmpty;
  }

  /** @param ask posts the request in the turn in which it is called. */
  add<T>(ask: (life: WorkerLife) => Promise<T>, mayEnd = false): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      const cross = async (life: WorkerLife): Promise<void> => {
        const asked = ask(life);
        resolve(asked);
        await Promise.allSettled([asked]);
      };
      this.waiting.push({ cross, refuse: reject, mayEnd });
    });
    void this.cross();
    return this.unanswered.add(answer);
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
        // No worker runs: each waiting request is told so, and each may be made again.
        for (const { refuse } of this.waiting.splice(0)) refuse(error);
      }
    this.isCrossing = false;
  }
}
