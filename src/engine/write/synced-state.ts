/** The model, and whether it may be believed: inside every transaction it is brought to the journal's head before anything is decided. */
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
  /** In force since the last completed transaction; what is being decided is in it already, and views look only after completion. */
  model: AccountState;
  readonly paint = new PaintRecord();
  readonly header: KnownHeader;
  /** What came into the model from the store and was not told yet. It came for good, whatever becomes of the transaction that read it. */
  private unpublished = nothingDirty();
  /** The model may hold what is not in the store: while a transaction is decided, and after one that failed. */
  private hasUncommitted = true;
  /** The last look at the head found nothing new: so will the next one, most likely. */
  private isAlone = false;

  constructor(me: UserId, on: ConstructorParameters<typeof KnownHeader>[0]) {
    this.model = new AccountState(me);
    this.header = new KnownHeader(on);
  }

  /** It must be read again from the start before anything is decided or shown. */
  get stale(): boolean {
    return this.hasUncommitted;
  }

  /** Should the transaction that decides fail, the model is read again from the start. */
  markUncommitted(version: number): void {
    this.hasUncommitted = true;
    this.model.version = version;
  }

  /** What was decided is in the store. */
  markCommitted(): void {
    this.hasUncommitted = false;
  }

  takeUnpublished(): Dirty {
    const { unpublished } = this;
    this.unpublished = nothingDirty();
    return unpublished;
  }

  /** The head as this writer left it, where it may be relied on until it is asked. */
  expected(): LogHeader | undefined {
    return this.hasUncommitted || !this.isAlone ? undefined : this.header.expected(this.model);
  }

  /** Brings the model to the head, inside a transaction over `meta` and `log`. Only committed facts are folded here. */
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
      // What came while the journal was folded is in the snapshot's state, but its messages are in no page.
      if (snapshot)
        for (const record of await readLog(tx, header.compactedUpTo, { ...header, version: snapshot.version }))
          refillUnflushed(this.model, record);
      for (const id of this.model.conversations.keys()) unpublished.conversations.add(id);
      unpublished.shown = unpublished.known = unpublished.outbox = unpublished.deadLetters = unpublished.settings = true;
    }
    // Another tab folded: what it put into pages needs no tail here.
    else this.model.dropCompacted(header.compactedUpTo);
    const records = await readLog(tx, this.model.version, header);
    for (const record of records) applyRecord(this.model, record, unpublished);
    // Whoever wrote them wrote the first paint as well.
    if (this.hasUncommitted || records.length > 0) this.paint.forget();
    this.hasUncommitted = false;
    return header;
  }
}
