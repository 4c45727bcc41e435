/**
 * The state of the account, kept equal to the store. Every transaction first brings the state up to the log header: the
 * writer applies the log records of other tabs, or restores the snapshot after another tab's compaction.
 */
import type { UserId } from '../../model/ids.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { hasLostBodies, type LogRecord, readLog, type ReadLog } from '../../log/log-record.ts';
import type { LogHeader } from '../../log/tables.ts';
import { type PaintedState, PaintRecord } from '../present/first-paint.ts';
import { applyRecord, refillUnflushed } from '../state/apply-change.ts';
import { KnownHeader } from './log-header.ts';
import { AccountState } from '../state/account-state.ts';
import { readSnapshot } from '../state/snapshot.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

/** The changes of one transaction: the record in the log, and the draft of the state that has them. */
export interface Drafted {
  readonly record: LogRecord;
  readonly model: AccountState;
  readonly dirty: Dirty;
  readonly painted: PaintedState | null;
}

export class SyncedState {
  /** The committed state, as far as this tab knows. Decisions change a draft of it. */
  model: AccountState;
  readonly paint = new PaintRecord();
  readonly header: KnownHeader;
  /** Characters of all log records that were read. */
  readText = 0;
  /** True if a record that was read misses bodies: a full device has deleted them, and their eviction may not be recorded yet. */
  readLosses = false;
  /**
   * Changes read from other tabs' log records and not yet reported to listeners. The changes are committed, so a
   * failing transaction keeps them.
   */
  private unpublished = nothingDirty();
  /** True when no other tab has written since our last transaction. Then the next transaction decides before the header is read back. */
  private isAlone = false;

  constructor(me: UserId, on: ConstructorParameters<typeof KnownHeader>[0]) {
    this.model = new AccountState(me);
    this.header = new KnownHeader(on);
  }

  takeUnpublished(): Dirty {
    const { unpublished } = this;
    this.unpublished = nothingDirty();
    return unpublished;
  }

  /** The header of this writer's last commit, if a transaction may decide before the store answers; otherwise undefined. */
  expected(): LogHeader | undefined {
    return this.isAlone ? this.header.expected(this.model) : undefined;
  }

  /** Brings the state up to the log header, inside a transaction over `meta` and `log`. Applies committed records only. */
  async catchUp(tx: StoreTx): Promise<LogHeader | undefined> {
    const { unpublished } = this;
    const header = await this.header.read(tx);
    if (!header) return undefined;
    this.header.noteRead(header);
    this.isAlone = this.model.version === header.version && this.model.compactedUpTo === header.compactedUpTo;
    if (this.isAlone) return header;
    // Another tab wrote these records, and the first paint with them.
    this.paint.forget();
    if (this.model.version < header.compactedUpTo) {
      const { eventCount } = this.model;
      this.model = await this.restore(tx, header);
      // The snapshot keeps events that another tab has received already, for this tab.
      unpublished.events.push(...this.model.events.filter(({ number }) => number > eventCount));
      for (const id of this.model.conversations.keys()) unpublished.conversations.add(id);
      unpublished.shown = unpublished.known = unpublished.outbox = unpublished.deadLetters = unpublished.settings = true;
      unpublished.asOf = true;
    }
    // If another tab compacted the log, its pages hold these messages now.
    else this.model.dropCompacted(header.compactedUpTo);
    const records = this.took(await readLog(tx, this.model.version, header));
    for (const record of records) applyRecord(this.model, record, unpublished);
    return header;
  }

  private took({ records, text }: ReadLog): readonly LogRecord[] {
    this.readText += text;
    this.readLosses ||= records.some(hasLostBodies);
    return records;
  }

  private async restore(tx: StoreTx, header: LogHeader): Promise<AccountState> {
    const snapshot = await readSnapshot(tx);
    const model = AccountState.restore(this.model.me, snapshot);
    model.compactedUpTo = header.compactedUpTo;
    // The snapshot includes records that came during the compaction, but their messages are in no page: take them from the log.
    if (!snapshot) return model;
    const more = await readLog(tx, header.compactedUpTo, { ...header, version: snapshot.version });
    for (const record of this.took(more)) refillUnflushed(model, record);
    return model;
  }

  /** Takes the changes of a draft into the state after their commit, unless a catch-up has read their record. @returns what changed. */
  committed({ record, model, dirty, painted }: Drafted): Dirty {
    if (record.version <= this.model.version) return nothingDirty();
    this.model.adopt(model);
    if (painted) this.paint.wrote(painted);
    return dirty;
  }
}
