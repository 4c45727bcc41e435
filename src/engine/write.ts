/**
 * The one way to write. What is asked while a transaction flies shares the next one (group commit): each gets its own answer once
 * that transaction is complete. Every transaction checks the journal's head, folds what other tabs wrote, decides on the model that
 * results, and appends one record (style.md, "One idea"). Where nobody else writes, the head is as this writer left it: then it
 * decides while the head is asked for, and begins anew should the answer be another one.
 */
import { StoreError } from '../errors.ts';
import type { ReceiptEvent } from '../model/event.ts';
import type { UserId } from '../model/ids.ts';
import type { Durability, Ports, StoreTx } from '../ports/ports.ts';
import { appendToJournal, type JournalRecord, readJournal, readRecord } from '../store/journal.ts';
import { type Head, HEAD_KEY, WHOLE_KEY } from '../store/tables.ts';
import { type Draft, openDraft } from './draft.ts';
import { PaintRecord } from './first-paint.ts';
import { JournalFold } from './fold-journal.ts';
import { createHead, FencedError, KnownHead, type LoggedOutError, sameHead } from './head.ts';
import type { Lookup } from './message-index.ts';
import { HotModel } from './hot-model.ts';
import { healPages } from './make-room.ts';
import { readSnapshot } from './snapshot.ts';
import { nothingTouched, type Touched } from './touched.ts';

export type { Draft } from './draft.ts';

export interface WriteOptions {
  readonly durability: Durability;
  /** The leader's number: the write fails with `store/closed` when another leader has come since (I-19). */
  readonly fence?: number;
  /** The decision reads pages. */
  readonly readsPages?: boolean;
  /** Messages the decision will name: looked up for all decisions of a transaction together. */
  readonly lookup?: Lookup;
}

interface Job {
  readonly name: string;
  readonly options: WriteOptions;
  /** Returns how to answer the caller once the transaction is complete; what the decision threw is an answer as well. */
  readonly decide: (draft: Draft) => Promise<() => void>;
  readonly failed: (error: unknown) => void;
}

/** What a completed transaction leaves to be told. */
interface Decided {
  readonly touched: Touched;
  readonly answers: readonly (() => void)[];
  readonly wrote: boolean;
}

const MAX_JOBS_PER_COMMIT = 2000;

/** How often room is made for one transaction. */
const MAX_ROOM_MADE = 3;

const isFull = (error: unknown): boolean => error instanceof StoreError && error.code === 'store/quota-exceeded';

/** It was decided on what is not the newest: the transaction is given up, and its jobs are decided again. */
class HeadMovedError extends Error {}

export class Writer {
  private jobs: Job[] = [];
  private turns: (() => Promise<void>)[] = [];
  private running = false;
  /** The model may hold what is not in the store: while a transaction is decided, and after one that failed. */
  private stale = true;
  /** The last look at the head found nothing new: so will the next one, most likely. */
  private alone = false;
  private resting: (() => void)[] = [];
  private readonly listeners = new Set<(touched: Touched) => void>();
  /** Called when the store turns out to be no longer this writer's. */
  loggedOut: (end: LoggedOutError) => void = () => undefined;
  /** Gives up what can be had again, in the writer's turn; called when the device is full. */
  makeRoom: () => Promise<boolean> = () => Promise.resolve(false);
  /** In force since the last completed transaction; what is being decided is in it already, and views look only after completion. */
  model: HotModel;
  private readonly fold: JournalFold;
  private readonly paint = new PaintRecord();
  /** Names this writer's transactions. */
  private readonly id: string;
  private runs = 0;
  /** Characters this writer has put into the journal since it was folded. */
  journalText = 0;
  private readonly head = new KnownHead((end) => this.loggedOut(end));

  private constructor(
    private readonly ports: Pick<Ports, 'store' | 'clock' | 'random' | 'bus' | 'log' | 'fault'>,
    me: UserId,
  ) {
    this.model = new HotModel(me);
    this.id = ports.random.id();
    this.fold = new JournalFold(ports, this);
  }

  /** Called when the journal was folded. */
  folded: () => void = () => undefined;

  isFolding(): boolean {
    return this.fold.folding;
  }

  /** Folds now, due or not: when idle, and for tests. */
  foldJournal(): Promise<void> {
    return this.fold.run();
  }

  /**
   * Opens the store's state, making it where there is none.
   *
   * @param news what a store that is made here begins with.
   */
  static async open(
    ports: Pick<Ports, 'store' | 'clock' | 'random' | 'bus' | 'log' | 'fault'>,
    me: UserId,
    news: readonly ReceiptEvent[] = [],
  ): Promise<Writer> {
    const writer = new Writer(ports, me);
    const seen = { whole: true };
    const read = (): Promise<Head | undefined> =>
      ports.store.tx('open', ['meta', 'journal'], 'readonly', 'relaxed', async (tx) => {
        const head = await writer.catchUp(tx, nothingTouched());
        seen.whole = (await tx.get('meta', WHOLE_KEY)) !== undefined;
        return head;
      });
    const found = await read();
    if (!found) {
      await ports.store.tx('create', ['meta', 'journal'], 'readwrite', 'strict', (tx) => createHead(tx, ports.random.id(), news));
      await read();
    }
    // A device that is full now is mended another time.
    if (!seen.whole) await healPages(ports, writer).catch((error: unknown) => ports.log('pages could not be looked through', error));
    return writer;
  }

  /** Of the store, as this writer opened it. */
  get generation(): string {
    return this.head.openedGeneration ?? '';
  }

  /** Called after every completed transaction or catch-up that changed something. */
  onChange(listener: (touched: Touched) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Decides and writes; resolves with the decision's result once durable, rejects with what the decision threw or the store said. */
  write<T>(name: string, options: WriteOptions, decide: (draft: Draft) => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.jobs.push({
        name,
        options,
        decide: async (draft) => {
          try {
            const result = await decide(draft);
            return () => resolve(result);
          } catch (error) {
            if (error instanceof StoreError) throw error;
            return () => reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        failed: reject,
      });
      this.pump();
    });
  }

  /** Calls `fn` when the model shows only what is durable: at once, or after the transaction in flight. */
  atRest(fn: () => void): void {
    if (this.stale) this.resting.push(fn);
    else fn();
  }

  private rested(): void {
    if (this.stale) return;
    for (const fn of this.resting.splice(0)) fn();
  }

  /** Folds what other tabs wrote. */
  refresh(): Promise<void> {
    return this.turn(() => this.catchUpAlone());
  }

  private async catchUpAlone(): Promise<void> {
    const touched = nothingTouched();
    await this.ports.store.tx('refresh', ['meta', 'journal'], 'readonly', 'relaxed', (tx) => this.catchUp(tx, touched));
    this.emit(touched);
  }

  /** Reads with the model as it stands then, and the pages that belong to it. */
  read<T>(name: string, body: (model: HotModel, tx: StoreTx) => Promise<T>): Promise<T> {
    return this.ports.store.tx(name, ['pages', 'indexes'], 'readonly', 'relaxed', (tx) => body(this.model, tx));
  }

  /** Takes the leader's number: every older leader's writes change nothing from here on. */
  async takeFence(): Promise<number> {
    const take = (): Promise<number> => this.ports.store.tx('take-fence', ['meta'], 'readwrite', 'strict', (tx) => this.head.takeFence(tx));
    const fence = await take().catch(async (error: unknown) => {
      if (!isFull(error)) throw error;
      await this.turn(async () => void (await this.makeRoom()));
      return take();
    });
    this.head.tookFence(fence);
    return fence;
  }

  /** Runs it, and again should the device be full and something be found to give up. Only in the writer's turn. */
  async withRoom<T>(run: () => Promise<T>): Promise<T> {
    for (let again = MAX_ROOM_MADE; ; again--) {
      try {
        return await run();
      } catch (error) {
        if (!isFull(error) || again === 0 || !(await this.makeRoom().catch(() => false))) throw error;
      }
    }
  }

  /** Runs between transactions, alone. */
  turn(run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.turns.push(() => run().then(resolve, reject));
      this.pump();
    });
  }

  private pump(): void {
    if (this.running) return;
    this.running = true;
    void (async () => {
      // What is asked in this turn goes together from the start: else the first would fly alone, and the rest behind it.
      await Promise.resolve();
      while (this.jobs.length > 0 || this.turns.length > 0) {
        const jobs = this.jobs.splice(0, MAX_JOBS_PER_COMMIT);
        if (jobs.length > 0) await this.commit(jobs);
        await this.turns.shift()?.();
        this.rested();
      }
      this.running = false;
    })();
    // Nothing in the loop rejects: jobs and turns carry their own failures.
  }

  /** @throws {LoggedOutError} */
  readHead(tx: StoreTx): Promise<Head | undefined> {
    return this.head.read(tx);
  }

  /** Brings the model to the head, inside a transaction over `meta` and `journal`. Only committed facts are folded here. */
  async catchUp(tx: StoreTx, touched: Touched): Promise<Head | undefined> {
    const head = await this.readHead(tx);
    if (!head) return undefined;
    this.head.saw(head);
    this.alone = !this.stale && this.model.version === head.version && this.model.folded === head.folded;
    if (this.stale || this.model.version < head.folded) {
      const snapshot = await readSnapshot(tx);
      this.stale = true;
      this.model = HotModel.restore(this.model.me, snapshot);
      this.model.folded = head.folded;
      // What came while the journal was folded is in the snapshot's state, but its messages are in no page.
      if (snapshot)
        for (const record of await readJournal(tx, head.folded, { ...head, version: snapshot.version })) this.model.refill(record);
      for (const id of this.model.conversations.keys()) touched.conversations.add(id);
      touched.shown = touched.outbox = touched.deadLetters = touched.settings = true;
    }
    // Another tab folded: what it put into pages needs no tail here.
    else this.model.dropFolded(head.folded);
    const records = await readJournal(tx, this.model.version, head);
    for (const record of records) this.model.fold(record, touched);
    // Whoever wrote them wrote the first paint as well.
    if (this.stale || records.length > 0) this.paint.forget();
    this.stale = false;
    return head;
  }

  private async commit(jobs: readonly Job[]): Promise<void> {
    const { bus, fault, log } = this.ports;
    try {
      const done = await this.withRoom(() =>
        this.decided(jobs, this.expectedHead()).catch((error: unknown) => {
          if (error instanceof HeadMovedError) return this.decided(jobs);
          throw error;
        }),
      );
      this.stale = false;
      fault('write:after-commit');
      done.touched.awaited = true;
      this.emit(done.touched);
      for (const answer of done.answers) answer();
      if (done.wrote) {
        bus.post({ type: 'changed' });
        this.fold.whenDue();
      }
    } catch (error) {
      for (const job of jobs) job.failed(error);
      // What was decided is not in the store: the model is read again, so that views show what is.
      if (this.stale) this.turns.push(() => this.catchUpAlone().catch((again: unknown) => log('the store does not answer', again)));
    }
  }

  /** The head as this writer left it, where it may be relied on until it is asked. */
  private expectedHead(): Head | undefined {
    return this.stale || !this.alone ? undefined : this.head.expected(this.model);
  }

  /**
   * One transaction: decides all jobs, and writes what they change.
   *
   * @param expected decided on at once.
   * @throws {HeadMovedError} should the head be another one; then it changed nothing.
   */
  private async decided(jobs: readonly Job[], expected?: Head): Promise<Decided> {
    const { store, fault } = this.ports;
    const strict = jobs.some(({ options }) => options.durability === 'strict');
    const tables = jobs.some(({ options }) => options.readsPages)
      ? (['meta', 'journal', 'pages', 'indexes'] as const)
      : (['meta', 'journal'] as const);
    /** Of the run before, should this one be cut off. */
    let before: { readonly record: JournalRecord; readonly decided: Decided } | null = null;
    let ahead = expected;
    return store.tx(jobs[0]!.name, tables, 'readwrite', strict ? 'strict' : 'relaxed', async (tx) => {
      const touched = nothingTouched();
      const cutOff = before;
      if (cutOff) {
        const head = await this.catchUp(tx, touched);
        const kept = head && (await readRecord(tx, cutOff.record.version));
        // It had committed: the answers given then stand, and what it changed was folded just now.
        if (kept?.id === cutOff.record.id) return { ...cutOff.decided, touched };
      }
      // What is decided ahead of the head leaves a model that no second run may build upon.
      const known = ahead;
      ahead = undefined;
      const decided = await this.decide(tx, jobs, touched, known);
      before = decided.record ? { record: decided.record, decided } : null;
      fault('write:before-commit');
      return decided;
    });
  }

  /** One run of a transaction that decides. */
  private async decide(
    tx: StoreTx,
    jobs: readonly Job[],
    touched: Touched,
    expected: Head | undefined,
  ): Promise<Decided & { readonly record: JournalRecord | null }> {
    const answers: (() => void)[] = [];
    const lookups = jobs.flatMap(({ options }) => options.lookup ?? []);
    // Answered in the order they are asked: what is put below is not in it.
    const asked = expected && this.readHead(tx);
    asked?.catch(() => undefined);
    // Asked for together with the head: what turns out to have changed is looked up again.
    const ahead = this.stale ? undefined : this.model.index.prefetch(tx, this.model, lookups);
    ahead?.catch(() => undefined);
    const head = expected ?? (await this.catchUp(tx, touched));
    await ahead;
    if (!head) throw new StoreError('store/unavailable', 'the store vanished');
    const { model } = this;
    // From here on the model runs ahead of the store: should the transaction fail, it is read again from the start.
    this.stale = true;
    const version = head.version + 1;
    model.version = version;
    const { draft, changes } = openDraft(tx, model, touched);
    if (!expected) await model.index.prefetch(tx, model, lookups);
    for (const job of jobs) {
      const { fence } = job.options;
      if (fence === undefined || fence === head.fence) answers.push(await job.decide(draft));
      else answers.push(() => job.failed(new FencedError()));
    }
    let record: JournalRecord | null = null;
    if (changes.length > 0) {
      record = { version, id: `${this.id}/${++this.runs}`, changes };
      this.journalText += appendToJournal(tx, record);
      tx.put('meta', HEAD_KEY, { ...head, version } satisfies Head);
      if (touched.shown) this.paint.put(tx, model);
    } else model.version = head.version;
    if (expected && !sameHead(await asked, expected)) throw new HeadMovedError();
    return { touched, answers, wrote: record !== null, record };
  }

  emit(touched: Touched): void {
    const { conversations, outbox, deadLetters, settings, events } = touched;
    if (conversations.size === 0 && !outbox && !deadLetters && !settings && events.length === 0) return;
    for (const listener of this.listeners) listener(touched);
  }
}
