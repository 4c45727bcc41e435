/** A store that measures its transactions. */
import type { ClockPort } from '../../ports/ports.ts';
import { isFinal } from '../store/persist.ts';
import type { MergedTransactions, ServerStore } from '../store/server-store.ts';
import type { ServerMetrics } from './server-metrics.ts';

/** The label of a transaction with the bodies of several users. */
const SEVERAL = 'several';

export const measuredStore = (store: ServerStore, clock: Pick<ClockPort, 'mono'>, metrics: ServerMetrics): ServerStore => {
  const measured = async <T>(transaction: string, run: () => Promise<T>): Promise<T> => {
    const since = clock.mono();
    try {
      return await run();
    } catch (error) {
      if (!isFinal(error)) metrics.add('tidemark_store_failures_total', 1, { transaction });
      throw error;
    } finally {
      metrics.observe('tidemark_store_seconds', (clock.mono() - since) / 1000, { transaction });
    }
  };
  const { merged, atOnce } = store;
  const several: MergedTransactions | undefined = merged && {
    read: (bodies) => measured(SEVERAL, () => merged.read(bodies)),
    tx: (bodies) => measured(SEVERAL, () => merged.tx(bodies)),
  };
  return {
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(several ? { merged: several } : {}),
    read: (name, body, work) => measured(name, () => store.read(name, body, work)),
    tx: (name, body, work) => measured(name, () => store.tx(name, body, work)),
    close: () => store.close(),
  };
};
