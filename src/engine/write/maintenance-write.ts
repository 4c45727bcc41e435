/** A record written in a turn between the writer's transactions: what is decided there may read and write pages. */
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { appendToJournal, type Change, type JournalRecord } from '../../log/log-record.ts';
import { type Head, HEAD_KEY, TABLES } from '../../log/tables.ts';
import { foldRecord } from '../state/apply-change.ts';
import { VanishedError } from './log-head.ts';
import type { HotModel } from '../state/account-state.ts';
import { nothingTouched, type Touched } from '../state/dirty.ts';

/** What the writer lends. */
export interface Lent {
  readonly model: HotModel;
  /** Whether pages hold all that the model believes they hold. */
  whole: boolean;
  catchUp(tx: StoreTx): Promise<Head | undefined>;
  /** Tells what came into the model, and this last. */
  emit(touched?: Touched): void;
}

/**
 * @param changesOf on the model at the head; not yet in force there. None: nothing is appended.
 * @throws {VanishedError} where the store is gone.
 */
export const writeAlone = async (
  { store, bus }: Pick<Ports, 'store' | 'bus'>,
  writer: Lent,
  name: string,
  changesOf: (tx: StoreTx, model: HotModel) => Promise<readonly Change[]>,
): Promise<void> => {
  const touched = nothingTouched();
  const written = await store.tx(name, TABLES, 'readwrite', 'relaxed', async (tx): Promise<JournalRecord | null> => {
    const head = await writer.catchUp(tx);
    if (!head) throw new VanishedError();
    const changes = await changesOf(tx, writer.model);
    if (changes.length === 0) return null;
    const record = { version: head.version + 1, changes };
    appendToJournal(tx, record);
    tx.put('meta', HEAD_KEY, { ...head, version: record.version } satisfies Head);
    return record;
  });
  if (written) foldRecord(writer.model, written, touched);
  writer.emit(touched);
  if (written) bus.post({ type: 'changed' });
};
