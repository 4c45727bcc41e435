/**
 * A draft collects the changes of one transaction. Decisions see the changes at once, in the draft's own copy of what they change. The
 * state gets the changes after the commit. Other tabs apply the log record, with the same result.
 *
 *   decisions ─change─▶ draft ──▶ log record ─┬─ commit ─▶ the state takes the changes of the draft ──▶ views
 *                         │                   └─ abort ──▶ the draft is forgotten
 *                         └─ reads the rest of the state
 */
import type { StoreTx } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { applyChange } from '../state/apply-change.ts';
import type { AccountState } from '../state/account-state.ts';
import { type Dirty, nothingDirty } from '../state/dirty.ts';

/** The argument of a decision: the state with the changes of the draft, and the way to change it. */
export interface Draft {
  readonly model: AccountState;
  /**
   * A decision may await only the promises of `tx`. It only reads, with one exception: it may delete pages of messages
   * no longer stored.
   */
  readonly tx: StoreTx;
  /** Records changes, and shows them in `model` at once, so later decisions see them. A decision that throws must throw before its first change. */
  change(...changes: Change[]): void;
  /**
   * A new key for an entry: the id of this log record, and a number. A device that comes back makes thousands of keys,
   * and a random key costs more.
   */
  newKey(): string;
  /** Whether this transaction created the entry. If so, the entry may still change under its key. */
  isFresh(key: string): boolean;
}

/** Opens a draft of the log record `id`. `changes` and `dirty` grow with the draft. */
export const openDraft = (
  tx: StoreTx,
  state: AccountState,
  { version, id }: { readonly version: number; readonly id: string },
): { readonly draft: Draft; readonly changes: readonly Change[]; readonly dirty: Readonly<Dirty> } => {
  const model = state.fork();
  model.version = version;
  const dirty = nothingDirty();
  const changes: Change[] = [];
  const fresh = new Set<string>();
  let keys = 0;
  const draft: Draft = {
    model,
    tx,
    change: (...more) => {
      for (const change of more) {
        applyChange(model, change, dirty);
        changes.push(change);
        if (change.t === 'enqueue') fresh.add(change.entry.key);
        else if (change.t === 'receipts') fresh.add(change.key);
      }
    },
    newKey: () => `${id}/${++keys}`,
    isFresh: (key) => fresh.has(key),
  };
  return { draft, changes, dirty };
};
