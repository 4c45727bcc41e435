/**
 * The one way to write: a queue of decisions and turns, served in the order in which they were asked for. Decisions that follow each
 * other share a transaction (group commit); each gets its own answer once that transaction is complete. A turn runs between
 * transactions, alone: questions, catching up, folding, making room. So a question knows every call before it, and no call after it.
 */
import { StoreError } from '../../errors.ts';
import type { ReceiptEvent } from '../../model/event.ts';
import type { UserId } from '../../model/ids.ts';
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { type LogHeader, PAGES_INTACT_KEY } from '../../log/tables.ts';
import type { Draft } from './draft.ts';
import { LogCompaction } from './compact-log.ts';
import { GroupCommit, type Job, type WriteOptions } from './group-commit.ts';
import { createLogHeader, type LoggedOutError } from './log-header.ts';
import type { AccountState } from '../state/account-state.ts';
import { repairPages } from './repair-pages.ts';
import { SyncedState } from './synced-state.ts';
import { addDirty, nothingDirty, type Dirty } from '../state/dirty.ts';

const MAX_JOBS_PER_COMMIT = 2000;

/** How often room is made for one transaction. */
const MAX_ROOM_MADE = 3;

const isFull = (error: unknown): boolean => error instanceof StoreError && error.code === 'store/quota-exceeded';

/** Runs alone, between transactions. Never rejects. */
type Turn = () => Promise<void>;

type WriterPorts = Pick<Ports, 'store' | 'clock' | 'random' | 'bus' | 'log' | 'fault'>;

export class Writer {
  private queue: (Job | Turn)[] = [];
  private running = false;
  private waitingForCommit: (() => void)[] = [];
  private readonly listeners = new Set<(dirty: Dirty) => void>();
  /** Called when the store turns out to be no longer this writer's. */
  loggedOut: (end: LoggedOutError) => void = () => undefined;
  /** Called when a newer release turns out to have written the store. */
  newerSchema: (error: StoreError) => void = () => undefined;
  /** Gives up what can be had again, in the writer's turn; called when the device is full. */
  makeRoom: () => Promise<boolean> = () => Promise.resolve(false);
  private readonly state: SyncedState;
  private readonly group: GroupCommit;
  private readonly compaction: LogCompaction;

  private constructor(
    private readonly ports: WriterPorts,
    me: UserId,
  ) {
    this.state = new SyncedState(me, { ended: (end) => this.loggedOut(end), newerSchema: (error) => this.newerSchema(error) });
    this.group = new GroupCommit(ports, this.state);
    this.compaction = new LogCompaction(ports, this);
  }

  /** False from when pages are given up for want of room until that is written down. */
  pagesIntact = true;

  /** In force since the last completed transaction; what is being decided is in it already, and views look only after completion. */
  get model(): AccountState {
    return this.state.model;
  }

  /** Called when the journal was folded. */
  onCompacted: () => void = () => undefined;

  isCompacting(): boolean {
    return this.compaction.isRunning;
  }

  /** Characters this writer has put into the journal since it was folded. */
  get logText(): number {
    return this.group.logText;
  }

  set logText(count: number) {
    this.group.logText = count;
  }

  /** Folds now, due or not: when idle, and for tests. */
  compactLog(): Promise<void> {
    return this.compaction.run();
  }

  /**
   * Opens the store's state, making it where there is none.
   *
   * @param news what a store that is made here begins with.
   */
  static async open(ports: WriterPorts, me: UserId, news: readonly ReceiptEvent[] = []): Promise<Writer> {
    const writer = new Writer(ports, me);
    const read = (): Promise<LogHeader | undefined> =>
      ports.store.tx('open', ['meta', 'log'], 'readonly', 'relaxed', async (tx) => {
        const header = await writer.catchUp(tx);
        writer.pagesIntact = (await tx.get('meta', PAGES_INTACT_KEY)) !== undefined;
        return header;
      });
    const found = await read();
    if (!found) {
      await ports.store.tx('create', ['meta', 'log'], 'readwrite', 'strict', (tx) => createLogHeader(tx, ports.random.id(), news));
      await read();
    }
    if (!writer.pagesIntact) await writer.repair();
    return writer;
  }

  /** On a device that is full it is done once something could be written. */
  private repair(): Promise<void> {
    return repairPages(this.ports, this).catch((error: unknown) => this.ports.log('pages could not be looked through', error));
  }

  /** Of the store, as this writer opened it. */
  get generation(): string {
    return this.state.header.openedGeneration ?? '';
  }

  /** Called after every completed transaction or catch-up that changed something. */
  onChange(listener: (dirty: Dirty) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Decides and writes; resolves with the decision's result once durable, rejects with what the decision threw or the store said. */
  write<T>(name: string, options: WriteOptions, decide: (draft: Draft) => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.queue.push({
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
  whenCommitted(fn: () => void): void {
    if (this.state.stale) this.waitingForCommit.push(fn);
    else fn();
  }

  private callWaiting(): void {
    if (this.state.stale) return;
    for (const fn of this.waitingForCommit.splice(0)) fn();
  }

  /** Folds what other tabs wrote. */
  refresh(): Promise<void> {
    return this.turn(() => this.catchUpAlone());
  }

  private async catchUpAlone(): Promise<void> {
    await this.ports.store.tx('refresh', ['meta', 'log'], 'readonly', 'relaxed', (tx) => this.catchUp(tx));
    this.emit();
  }

  /**
   * Asks in order: `ask` begins when every call made before is durable or refused, and before any later call is decided. Later calls
   * do not wait for what `ask` returns.
   *
   * @throws {StoreError} where the model must be read again and the store does not answer.
   */
  question<T>(ask: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = async (): Promise<void> => {
        if (this.state.stale) await this.catchUpAlone();
        resolve(ask());
      };
      this.turn(begin).catch(reject);
    });
  }

  /** Reads in order, as {@link Writer.question}; later calls wait until it is read, so that it is true of one moment. */
  readInOrder<T>(name: string, body: (model: AccountState, tx: StoreTx) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.turn(() => this.read(name, body).then(resolve)).catch(reject);
    });
  }

  /** Reads with the model as it stands then, and the pages that belong to it. */
  read<T>(name: string, body: (model: AccountState, tx: StoreTx) => Promise<T>): Promise<T> {
    return this.ports.store.tx(name, ['pages', 'indexes'], 'readonly', 'relaxed', (tx) => body(this.model, tx));
  }

  /** Takes the leader's number: every older leader's writes change nothing from here on. */
  async takeFence(): Promise<number> {
    const take = (): Promise<number> =>
      this.ports.store.tx('take-fence', ['meta'], 'readwrite', 'strict', (tx) => this.state.header.takeFence(tx));
    const fence = await take().catch(async (error: unknown) => {
      if (!isFull(error)) throw error;
      await this.turn(async () => void (await this.makeRoom()));
      return take();
    });
    this.state.header.tookFence(fence);
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
      this.queue.push(() => run().then(resolve, reject));
      this.pump();
    });
  }

  private pump(): void {
    if (this.running) return;
    this.running = true;
    void (async () => {
      // What is asked in this turn goes together from the start: else the first would fly alone, and the rest behind it.
      await Promise.resolve();
      while (this.queue.length > 0) {
        const jobs = this.nextJobs();
        if (jobs.length > 0) await this.commit(jobs);
        else await (this.queue.shift() as Turn)();
        this.callWaiting();
      }
      this.running = false;
    })();
    // Nothing in the loop rejects: jobs and turns carry their own failures.
  }

  /** Takes the decisions before the next turn out of the queue. */
  private nextJobs(): readonly Job[] {
    const jobs: Job[] = [];
    for (const item of this.queue) {
      if (typeof item === 'function' || jobs.length === MAX_JOBS_PER_COMMIT) break;
      jobs.push(item);
    }
    this.queue.splice(0, jobs.length);
    return jobs;
  }

  /** @throws {LoggedOutError} */
  readHeader(tx: StoreTx): Promise<LogHeader | undefined> {
    return this.state.header.read(tx);
  }

  /** Brings the model to the head, inside a transaction over `meta` and `log`. */
  catchUp(tx: StoreTx): Promise<LogHeader | undefined> {
    return this.state.catchUp(tx);
  }

  private async commit(jobs: readonly Job[]): Promise<void> {
    const { bus, fault, log } = this.ports;
    try {
      const done = await this.withRoom(() => this.group.run(jobs));
      this.state.markCommitted();
      fault('write:after-commit');
      done.dirty.awaited = true;
      this.emit(done.dirty);
      for (const answer of done.answers) answer();
      if (done.record) {
        bus.post({ type: 'changed' });
        if (!this.pagesIntact) this.queue.unshift(() => this.repair());
        this.compaction.whenDue();
      }
    } catch (error) {
      for (const job of jobs) job.failed(error);
      // What was decided is not in the store: the model is read again, so that views show what is.
      if (this.state.stale)
        this.queue.unshift(() => this.catchUpAlone().catch((again: unknown) => log('the store does not answer', again)));
    }
  }

  emit(last = nothingDirty()): void {
    const dirty = this.state.takeUnpublished();
    addDirty(dirty, last);
    const { conversations, shown, known, outbox, deadLetters, settings, events } = dirty;
    if (conversations.size === 0 && !shown && !known && !outbox && !deadLetters && !settings && events.length === 0) return;
    for (const listener of this.listeners) listener(dirty);
  }
}
