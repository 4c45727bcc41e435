/** The source of workers: the app's factory, or the package's own script. */
import { type ReceiptsError, WorkerError } from '../errors.ts';

export const unavailable = (why: string): WorkerError => new WorkerError('worker/unavailable', `the worker does not start: ${why}`);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface WorkerSource {
  /** Starts a worker. Called for the first worker and for each replacement. May throw. */
  make(): Worker;
  /**
   * Called when the worker of `make` did not start. Never rejects.
   *
   * @returns null if `make` has another way to start a worker, to be tried at once; else the error for the callers.
   */
  failed(error: ReceiptsError): Promise<ReceiptsError | null>;
}

/** A started worker, and its first error event. The event may come before {@link WorkerLife} is loaded. */
export interface StartedWorker {
  readonly worker: Worker;
  /** Resolves with the message of the worker's first error event, which is empty in most browsers. */
  readonly failed: Promise<string>;
}

/** May throw, like {@link WorkerSource.make}. */
export const startWorker = (source: Pick<WorkerSource, 'make'>): StartedWorker => {
  const worker = source.make();
  return { worker, failed: new Promise((resolve) => worker.addEventListener('error', ({ message }) => resolve(message), { once: true })) };
};

/** The app's own factory: a single way to start a worker. */
export const sourceOf = (make: () => Worker): WorkerSource => ({ make, failed: async (error) => error });
