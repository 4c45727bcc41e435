/** Runs a write transaction, and runs the whole transaction again if the database refuses it (F72). */
import { RejectedError, UsageError } from '../../errors.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { ServerStore, ServerTx, Work } from './server-store.ts';

const ATTEMPTS = 5;

/** The transaction was decided from something that has changed: its caller decides again. */
export class Overtaken extends Error {}

/** Whether the transaction fails at every attempt: its body refuses what it was asked for. */
export const isFinal = (error: unknown): boolean =>
  error instanceof Overtaken || error instanceof UsageError || error instanceof RejectedError;

/** Rejects with the last failure after five attempts. Then no write of the transaction is in effect. */
export const persist = async <T>(
  { store, clock }: { readonly store: ServerStore; readonly clock: ClockPort },
  name: string,
  body: (tx: ServerTx) => Promise<T>,
  work?: Work,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.tx(name, body, work);
    } catch (error) {
      if (attempt === ATTEMPTS || isFinal(error)) throw error;
      await new Promise<void>((resolve) => clock.timer(5 * 2 ** attempt, resolve));
    }
  }
};
