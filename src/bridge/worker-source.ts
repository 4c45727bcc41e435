/** Where workers come from. */
import { type ReceiptsError, WorkerError } from '../errors.ts';

export const unavailable = (why: string): WorkerError => new WorkerError('worker/unavailable', `the worker does not start: ${why}`);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface WorkerSource {
  /** Starts a worker. Called for the first one and for each that follows one that died. May throw. */
  make(): Worker;
  /**
   * Called when the worker that `make` gave, or failed to give, did not start. Never rejects.
   *
   * @returns null when `make` has another way to start one, to be tried at once; else the error that callers are told.
   */
  failed(error: ReceiptsError): Promise<ReceiptsError | null>;
}

/** The app's own factory: one way. */
export const sourceOf = (make: () => Worker): WorkerSource => ({ make, failed: async (error) => error });
