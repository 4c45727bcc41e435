/** Waits inside of a transaction for work outside of it. IndexedDB ends a transaction that has nothing to do. */
import { StoreError } from '../errors.ts';
import type { ClockPort, StoreTx, TableName } from '../ports/ports.ts';

/** Work that has not ended for this long never will. */
const SILENT_MS = 10_000;

/** Asks for a record that does not exist, again and again, until `work` settles: its result comes inside of the transaction. */
export const held = async <T>(tx: StoreTx, table: TableName, work: Promise<T>, clock: Pick<ClockPort, 'mono'>): Promise<T> => {
  const until = clock.mono() + SILENT_MS;
  let isBusy = true as boolean;
  const settle = (): void => void (isBusy = false);
  work.then(settle, settle);
  while (isBusy) {
    await tx.get(table, '');
    if (clock.mono() > until) throw new StoreError('store/unavailable', 'encryption hangs; repeat the call');
  }
  return work;
};
