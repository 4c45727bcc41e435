/** The calls of one open view, one after another. A call outlives the death of the worker. */
import type { WorkerConnection } from '../../bridge/connect.ts';
import { WorkerError } from '../../errors.ts';

export interface ViewCalls {
  /** Runs one call after another. A failed write is repeated with the next arrival or the next look at the page. */
  readonly add: (run: () => Promise<void>) => void;
  /** Waits for the answer. Rejects when the view closes, so the call ends. */
  readonly wait: <T>(answer: Promise<T>) => Promise<T>;
  /** Resolves when all calls so far have ended. */
  readonly underWay: () => Promise<void>;
  /** Ends all waits. Calls that wait for their turn still run. */
  readonly close: () => void;
}

export const viewCalls = (connection: Pick<WorkerConnection, 'isUp' | 'up'>): ViewCalls => {
  let last = Promise.resolve();
  let close!: () => void;
  const whenClosed = new Promise<never>((_, reject) => (close = reject));
  // A close without a waiting call is no unhandled rejection.
  whenClosed.catch(() => undefined);
  const wait = <T>(answer: Promise<T>): Promise<T> => Promise.race([whenClosed, answer]);

  /** Repeats the call on the next worker after a worker's death: every call is safe to repeat. */
  const outlive = async (run: () => Promise<void>): Promise<void> => {
    for (;;)
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof WorkerError) || connection.isUp) throw error;
        await wait(connection.up());
      }
  };

  return {
    add: (run) => {
      last = last.then(() => outlive(run)).catch(() => undefined);
    },
    wait,
    underWay: () => last,
    close,
  };
};
