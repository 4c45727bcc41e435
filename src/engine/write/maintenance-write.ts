/** Writes one log record in a turn between the writer's transactions. Unlike a decision, a maintenance write may write pages. */
import type { Durability, Ports, StoreTx } from '../../ports/ports.ts';
import { appendToLog, type Change, type LogRecord } from '../../log/log-record.ts';
import { type LogHeader, LOG_HEADER_KEY, TABLES } from '../../log/tables.ts';
import { applyRecord } from '../state/apply-change.ts';
import { WipedError } from './log-header.ts';
import type { AccountState } from '../state/account-state.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

/** The part of the writer for maintenance. */
export interface MaintenanceHost {
  readonly model: AccountState;
  /** True if the pages hold every message of `storedSeqs`. */
  pagesIntact: boolean;
  catchUp(tx: StoreTx): Promise<LogHeader | undefined>;
  /** Notifies listeners of changes read from other tabs, and then of `dirty`. */
  emit(dirty?: Dirty): void;
}

/**
 * Brings the state up to the log header, asks for changes and appends them as one record.
 *
 * @param changesOf returns the changes for the state after the commit. An empty list appends nothing.
 * @throws {WipedError} if the store is gone.
 */
export const writeAlone = async (
  { store, bus }: Pick<Ports, 'store' | 'bus'>,
  writer: MaintenanceHost,
  name: string,
  changesOf: (tx: StoreTx, model: AccountState) => Promise<readonly Change[]>,
  durability: Durability = 'relaxed',
): Promise<void> => {
  const dirty = nothingDirty();
  const written = await store.tx(name, TABLES, 'readwrite', durability, async (tx): Promise<LogRecord | null> => {
    const header = await writer.catchUp(tx);
    if (!header) throw new WipedError();
    const changes = await changesOf(tx, writer.model);
    if (changes.length === 0) return null;
    const record = { version: header.version + 1, changes };
    appendToLog(tx, record);
    tx.put('meta', LOG_HEADER_KEY, { ...header, version: record.version } satisfies LogHeader);
    return record;
  });
  if (written) applyRecord(writer.model, written, dirty);
  writer.emit(dirty);
  if (written) bus.post({ type: 'changed' });
};
