/** Whether clients should be sent to this server, as a load balancer asks. */
import type { Core } from './core.ts';

/** `store-silent`: the store does not answer. `draining`: `close()` of the server runs, or has run. */
export type Readiness = 'starting' | 'ready' | 'store-silent' | 'draining';

/** The time in which the store must answer a small question. */
const ANSWER_WITHIN_MS = 2000;

/**
 * Creates a function to ask whether the store answers in time. Calls at the same time share one question, so a crowd
 * of calls is no load for the store.
 */
export const createStoreProbe = ({ store, clock }: Pick<Core, 'store' | 'clock'>): (() => Promise<boolean>) => {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    let cancel: (() => void) | undefined;
    const late = new Promise<boolean>((resolve) => (cancel = clock.timer(ANSWER_WITHIN_MS, () => resolve(false))));
    const answered = store.read('ready', async () => true).catch(() => false);
    const answers = await Promise.race([answered, late]);
    cancel?.();
    asking = undefined;
    return answers;
  };
  return () => (asking ??= ask());
};
