/** A draft collects the changes of one transaction, and applies each of them to the state at once. */
import type { StoreTx } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { applyChange } from '../state/apply-change.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Dirty } from '../state/dirty.ts';

/** The argument of a decision: the state inside the transaction, and the way to change it. */
export interface Draft {
  readonly model: AccountState;
  /** A decision may await the promises of `tx`, and no other. It only reads, except that it may delete pages of messages that are no longer stored. */
  readonly tx: StoreTx;
  /** Records changes and applies them at once, so later decisions see them. A decision that throws must throw before its first change. */
  change(...changes: Change[]): void;
  /** Whether this transaction created the entry. If so, the entry may still change under its key. */
  isFresh(key: string): boolean;
}

/** Opens a draft. The second value is the list of its changes. */
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
