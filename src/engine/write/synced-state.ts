/** The model, and whether it may be believed: inside every transaction it is brought to the journal's head before anything is decided. */
import type { UserId } from '../../model/ids.ts';
import type { StoreTx } from '../../ports/ports.ts';
import { readJournal } from '../../log/log-record.ts';
import type { Head } from '../../log/tables.ts';
import { PaintRecord } from '../present/first-paint.ts';
import { foldRecord, refillTails } from '../state/apply-change.ts';
import { KnownHead } from './log-head.ts';
import { HotModel } from '../state/account-state.ts';
import { readSnapshot } from '../state/snapshot.ts';
import { nothingTouched, type Touched } from '../state/dirty.ts';

export class ModelAtHead {
  /** In force since the last completed transaction; what is being decided is in it already, and views look only after completion. */
  model: HotModel;
  readonly paint = new PaintRecord();
  readonly head: KnownHead;
  /** What came into the model from the store and was not told yet. It came for good, whatever becomes of the transaction that read it. */
  private untold = nothingTouched();
  /** The model may hold what is not in the store: while a transaction is decided, and after one that failed. */
  private isAhead = true;
  /** The last look at the head found nothing new: so will the next one, most likely. */
  private isAlone = false;

  constructor(me: UserId, on: ConstructorParameters<typeof KnownHead>[0]) {
    this.model = new HotModel(me);
    this.head = new KnownHead(on);
  }

  /** It must be read again from the start before anything is decided or shown. */
  get stale(): boolean {
    return this.isAhead;
  }

  /** Should the transaction that decides fail, the model is read again from the start. */
  runAhead(version: number): void {
    this.isAhead = true;
    this.model.version = version;
  }

  /** What was decided is in the store. */
  settle(): void {
    this.isAhead = false;
  }

  takeUntold(): Touched {
    const { untold } = this;
    this.untold = nothingTouched();
    return untold;
  }

  /** The head as this writer left it, where it may be relied on until it is asked. */
  expected(): Head | undefined {
    return this.isAhead || !this.isAlone ? undefined : this.head.expected(this.model);
  }

  /** Brings the model to the head, inside a transaction over `meta` and `journal`. Only committed facts are folded here. */
  async catchUp(tx: StoreTx): Promise<Head | undefined> {
    const { untold } = this;
    const head = await this.head.read(tx);
    if (!head) return undefined;
    this.head.saw(head);
    this.isAlone = !this.isAhead && this.model.version === head.version && this.model.folded === head.folded;
    if (this.isAhead || this.model.version < head.folded) {
      const snapshot = await readSnapshot(tx);
      this.isAhead = true;
      this.model = HotModel.restore(this.model.me, snapshot);
      this.model.folded = head.folded;
      // What came while the journal was folded is in the snapshot's state, but its messages are in no page.
      if (snapshot)
        for (const record of await readJournal(tx, head.folded, { ...head, version: snapshot.version })) refillTails(this.model, record);
      for (const id of this.model.conversations.keys()) untold.conversations.add(id);
      untold.shown = untold.known = untold.outbox = untold.deadLetters = untold.settings = true;
    }
    // Another tab folded: what it put into pages needs no tail here.
    else this.model.dropFolded(head.folded);
    const records = await readJournal(tx, this.model.version, head);
    for (const record of records) foldRecord(this.model, record, untold);
    // Whoever wrote them wrote the first paint as well.
    if (this.isAhead || records.length > 0) this.paint.forget();
    this.isAhead = false;
    return head;
  }
}
