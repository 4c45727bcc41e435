/**
 * The state of the account, and whether it equals the store. Every transaction first brings the state up to the log header: it applies
 * the log records of other tabs, or restores the snapshot if another tab has compacted the log.
 */
import type { UserId } from '../../model/ids.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { readLog } from '../../log/log-record.ts';
import type { LogHeader } from '../../log/tables.ts';
import { PaintRecord } from '../present/first-paint.ts';
import { applyRecord, refillUnflushed } from '../state/apply-change.ts';
import { KnownHeader } from './log-header.ts';
import { AccountState } from '../state/account-state.ts';
import { readSnapshot } from '../state/snapshot.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

export class SyncedState {
  /** The state after the last commit, with the changes of the transaction that is being decided. Views read it only after a commit. */
  model: AccountState;
  readonly paint = new PaintRecord();
  readonly header: KnownHeader;
  /**
   * Changes read from other tabs' log records that listeners have not been notified of. They are committed, so they are kept even if
   * the current transaction fails.
   */
  private unpublished = nothingDirty();
  /** True while a transaction is decided, and after a failed one: the state may hold changes that the store does not hold. */
  private hasUncommitted = true;
  /** True when no other tab has written since our last transaction. Then the next transaction decides before the header is read back. */
  private isAlone = false;

  constructor(me: UserId, on: ConstructorParameters<typeof KnownHeader>[0]) {
    this.model = new AccountState(me);
    this.header = new KnownHeader(on);
  }

  /** Whether the state must be read again from the start before a decision or a view uses it. */
  get stale(): boolean {
    return this.hasUncommitted;
  }

  /** Begins a decision. If its transaction fails, the state is read again from the start. */
  markUncommitted(version: number): void {
    this.hasUncommitted = true;
    this.model.version = version;
  }

  /** The transaction has committed: the state equals the store. */
  markCommitted(): void {
    this.hasUncommitted = false;
  }

  takeUnpublished(): Dirty {
    const { unpublished } = this;
    this.unpublished = nothingDirty();
    return unpublished;
  }

  /** The header as this writer left it, if a transaction may decide on it before the store answers; otherwise undefined. */
  expected(): LogHeader | undefined {
    return this.hasUncommitted || !this.isAlone ? undefined : this.header.expected(this.model);
  }

  /** Brings the state up to the log header, inside a transaction over `meta` and `log`. Applies committed records only. */
  async catchUp(tx: StoreTx): Promise<LogHeader | undefined> {
    const { unpublished } = this;
    const header = await this.header.read(tx);
    if (!header) return undefined;
    this.header.saw(header);
    this.isAlone = !this.hasUncommitted && this.model.version === header.version && this.model.compactedUpTo === header.compactedUpTo;
    if (this.hasUncommitted || this.model.version < header.compactedUpTo) {
      const snapshot = await readSnapshot(tx);
      this.hasUncommitted = true;
      this.model = AccountState.restore(this.model.me, snapshot);
      this.model.compactedUpTo = header.compactedUpTo;
      // The snapshot includes records that came during the compaction, but their messages are in no page: take them from the log.
      if (snapshot)
        for (const record of await readLog(tx, header.compactedUpTo, { ...header, version: snapshot.version }))
          refillUnflushed(this.model, record);
      for (const id of this.model.conversations.keys()) unpublished.conversations.add(id);
      unpublished.shown = unpublished.known = unpublished.outbox = unpublished.deadLetters = unpublished.settings = true;
    }
    // If another tab compacted the log, its pages hold these messages now.
    else this.model.dropCompacted(header.compactedUpTo);
    const records = await readLog(tx, this.model.version, header);
    for (const record of records) applyRecord(this.model, record, unpublished);
    // The tab that wrote these records wrote the first paint as well.
    if (this.hasUncommitted || records.length > 0) this.paint.forget();
    this.hasUncommitted = false;
    return header;
  }
}
