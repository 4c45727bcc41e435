/** What a decision is handed, and what becomes of it: the changes of one transaction. */
import type { StoreTx } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { applyChange } from '../state/apply-change.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Dirty } from '../state/dirty.ts';

/** Handed to a decision: the model as it stands inside the transaction, and the way to change it. */
export interface Draft {
  readonly model: AccountState;
  /** What it returns may be awaited, nothing else may. Read only, but for pages of what is no longer held. */
  readonly tx: StoreTx;
  /** Recorded, and at once in force for what is decided after it. A decision that throws must do so before its first change. */
  change(...changes: Change[]): void;
  /** Whether this transaction made the entry: then it may still grow under its key. */
  isFresh(key: string): boolean;
}

/** A draft, and the list its changes go to. */
export const openDraft = (
  tx: StoreTx,
  model: AccountState,
  dirty: Dirty,
): { readonly draft: Draft; readonly changes: readonly Change[] } => {
  const changes: Change[] = [];
  const fresh = new Set<string>();
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
    isFresh: (key) => fresh.has(key),
  };
  return { draft, changes };
};
