/** The set of calls that wait for an answer. */
import type { ClockPort } from '../ports/ports.ts';

export class Unanswered {
  readonly open = new Map<Promise<unknown>, (error: Error) => void>();

  /** @returns the answer, or rejects with the error of {@link Unanswered.refuse} if that comes first. */
  add<T>(answer: Promise<T>): Promise<T> {
    let refuse: (error: Error) => void = () => undefined;
    const call = new Promise<T>((resolve, reject) => {
      refuse = reject;
      answer.then(resolve, reject);
    });
    const done = (): void => void this.open.delete(call);
    this.open.set(call, refuse);
    call.then(done, done);
    return call;
  }

  /** Resolves when every call that waits now has been answered or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.open.keys());
  }

  /** Like {@link Unanswered.settled}, but resolves after `ms` at the latest. */
  settledWithin(ms: number, clock: Pick<ClockPort, 'timer'>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.timer(ms, resolve);
      void this.settled().then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Refuses every call that waits. */
  refuse(error: Error): void {
    for (const refuse of this.open.values()) refuse(error);
  }
}
