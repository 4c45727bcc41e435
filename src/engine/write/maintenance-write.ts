/** A record written in a turn between the writer's transactions: what is decided there may read and write pages. */
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { appendToLog, type Change, type LogRecord } from '../../log/log-record.ts';
import { type LogHeader, HEAD_KEY, TABLES } from '../../log/tables.ts';
import { applyRecord } from '../state/apply-change.ts';
import { WipedError } from './log-header.ts';
import type { AccountState } from '../state/account-state.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

/** What the writer lends. */
export interface MaintenanceHost {
  readonly model: AccountState;
  /** Whether pages hold all that the model believes they hold. */
  pagesIntact: boolean;
  catchUp(tx: StoreTx): Promise<LogHeader | undefined>;
  /** Tells what came into the model, and this last. */
  emit(dirty?: Dirty): void;
}

/**
 * @param changesOf on the model at the head; not yet in force there. None: nothing is appended.
 * @throws {VanishedError} where the store is gone.
 */
export const writeAlone = async (
  { store, bus }: Pick<Ports, 'store' | 'bus'>,
  writer: MaintenanceHost,
  name: string,
  changesOf: (tx: StoreTx, model: AccountState) => Promise<readonly Change[]>,
): Promise<void> => {
  const dirty = nothingDirty();
  const written = await store.tx(name, TABLES, 'readwrite', 'relaxed', async (tx): Promise<LogRecord | null> => {
    const header = await writer.catchUp(tx);
    if (!header) throw new WipedError();
    const changes = await changesOf(tx, writer.model);
    if (changes.length === 0) return null;
    const record = { version: header.version + 1, changes };
    appendToLog(tx, record);
    tx.put('meta', HEAD_KEY, { ...header, version: record.version } satisfies LogHeader);
    return record;
  });
  if (written) applyRecord(writer.model, written, dirty);
  writer.emit(dirty);
  if (written) bus.post({ type: 'changed' });
};
