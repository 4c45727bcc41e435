/**
 * The writer is the one way to write to the store of an account. Callers put decisions and turns into one queue; the writer serves the
 * queue in order, and the background last.
 *
 *   calls, sync           queue                 writer                                    callers
 *   write(decide a) ─▶ ┌────────────┐
 *   write(decide b) ─▶ │ a  b       │ ─▶ one transaction (group commit):        ─▶ answer a, answer b
 *   question(ask)   ─▶ │      turn  │      catch up with the log header
 *   write(decide c) ─▶ │         c  │      run a and b on a draft
 *                      └────────────┘      append one log record, commit
 *                                        then the state applies the record
 *                                     ─▶ the turn runs alone                    ─▶ answer of the question
 *                                     ─▶ one transaction for c                  ─▶ answer c
 *
 * Decisions that follow each other share a transaction. Each caller gets its own answer after the commit. A turn runs between two
 * transactions: a question, catching up with other tabs, a slice of a compaction, an eviction. So a question sees the effect of every
 * earlier call, and of no later call. Messages that the user did not ask for, and the upkeep of the store, wait in a lane of their own
 * (`write-queue.ts`).
 */
import { StoreError } from '../../errors.ts';
import type { LogRecord } from '../../log/log-record.ts';
import type { ConversationId, UserId } from '../../model/ids.ts';
import type { Ranges } from '../../model/registers/ranges.ts';
import type { Ports, StoreKey, StoreTx } from '../../ports/ports.ts';
import { pagesOf } from '../../log/pages.ts';
import { type LogHeader, pageKey, PAGES_INTACT_KEY } from '../../log/tables.ts';
import type { Draft } from './draft.ts';
import { LogCompaction } from './compact-log.ts';
import { GroupCommit, type Job, type Lane, type WriteOptions } from './group-commit.ts';
import { createLogHeader, type LoggedOutError, WipedError } from './log-header.ts';
import type { AccountState } from '../state/account-state.ts';
import { repairPages } from './repair-pages.ts';
import { giveUpReserve } from './reserve.ts';
import { hasLostTexts, repairTexts } from './repair-texts.ts';
import { SyncedState } from './synced-state.ts';
import { WriteQueue } from './write-queue.ts';
import { addDirty, nothingDirty, type Dirty } from '../state/dirty.ts';
import { errorDetails } from '../../logging.ts';

/** The maximum number of evictions for a single transaction. */
const MAX_ROOM_MADE = 3;

const isFull = (error: unknown): boolean => error instanceof StoreError && error.code === 'store/quota-exceeded';

type WriterPorts = Pick<Ports, 'store' | 'clock' | 'random' | 'bus' | 'log' | 'fault'>;

export class Writer {
  private readonly queue = new WriteQueue((jobs) => this.commit(jobs));
  private readonly listeners = new Set<(dirty: Dirty) => void>();
  private readonly unchangedListeners = new Set<(dirty: Dirty) => void>();
  /** The writer calls this when the account was logged out, or its store wiped, since the writer opened the store. */
  loggedOut: (end: LoggedOutError) => void = () => undefined;
  /** The writer calls this when a newer release of the app has written the store. */
  newerSchema: (error: StoreError) => void = () => undefined;
  /** Evicts cached messages. The writer calls this in its turn when the device is full; true means that messages were evicted. */
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

  /** False from the moment pages or bodies are deleted until the eviction is in the log. */
  pagesIntact = true;

  /** The committed state, as far as this tab knows. Decisions change a draft of it. */
  get model(): AccountState {
    return this.state.model;
  }

  /** The writer calls this after every compaction. */
  onCompacted: () => void = () => undefined;

  isCompacting(): boolean {
    return this.compaction.isRunning;
  }

  /** Characters that this writer has appended to the log since the last compaction. */
  get logText(): number {
    return this.group.logText;
  }

  set logText(count: number) {
    this.group.logText = count;
  }

  /** Compacts the log now, due or not. Called in idle time and by tests. */
  compactLog(): Promise<void> {
    return this.compaction.run();
  }

  /**
   * Reads the state from the store. Creates the store if there is none.
   *
   * @param first the first changes of a store that is created here, in the transaction that creates the store. null, for a host without
   *   a page: only a page creates a store, and a log-out may have removed the one that the host found ({@link WipedError}).
   */
  static async open(ports: WriterPorts, me: UserId, first: LogRecord['changes'] | null = []): Promise<Writer> {
    const writer = new Writer(ports, me);
    const read = (): Promise<LogHeader | undefined> =>
      ports.store.tx('open', ['meta', 'log'], 'readonly', 'relaxed', async (tx) => {
        const header = await writer.catchUp(tx);
        writer.pagesIntact = !writer.state.readLosses && (await tx.get('meta', PAGES_INTACT_KEY)) !== undefined;
        return header;
      });
    const found = await read();
    if (!found) {
      if (!first) throw new WipedError();
      await ports.store.tx('create', ['meta', 'log'], 'readwrite', 'strict', (tx) => createLogHeader(tx, ports.random.id(), first));
      await read();
    }
    if (hasLostTexts(writer.model)) await repairTexts(ports, writer);
    if (!writer.pagesIntact) await writer.repair();
    writer.logText = writer.state.readText;
    writer.compaction.whenDue();
    return writer;
  }

  /** On a full device the repair fails, and the writer repeats it after its next commit. */
  private repair(doubtful?: readonly StoreKey[]): Promise<void> {
    return repairPages(this.ports, this, doubtful).catch((error: unknown) =>
      this.ports.log('warn', 'pages-not-repaired', errorDetails(error)),
    );
  }

  /** A reader did not find all of these messages, which count as stored. Those that no page holds are stored no more. */
  missed(id: ConversationId, seqs: Ranges): Promise<void> {
    return this.turn(() => this.repair(pagesOf(seqs).map((page) => pageKey(id, page))));
  }

  /** The generation of the store at the time this writer opened it. */
  get generation(): string {
    return this.state.header.openedGeneration ?? '';
  }

  /** Calls `listener` after every commit and every catch-up that changed the state. */
  onChange(listener: (dirty: Dirty) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Calls `listener` before the answer of a call that changed nothing: the call relies on a state that the views may not show yet, for
   * example on a change of another tab.
   */
  onUnchanged(listener: (dirty: Dirty) => void): () => void {
    this.unchangedListeners.add(listener);
    return () => this.unchangedListeners.delete(listener);
  }

  /** Queues a decision. Resolves with its result after the commit; rejects with the error of the decision or of the store. */
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
    });
  }

  /** Reads the log records of other tabs into the state. */
  refresh(): Promise<void> {
    return this.turn(() => this.catchUpAlone());
  }

  private async catchUpAlone(): Promise<void> {
    await this.ports.store.tx('refresh', ['meta', 'log'], 'readonly', 'relaxed', (tx) => this.catchUp(tx));
    this.emit();
  }

  /**
   * Asks in order: `ask` begins after the answer of every earlier call, and before any later call is decided. Later calls do not wait
   * for the promise that `ask` returns.
   */
  question<T>(ask: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.turn(async () => resolve(ask())).catch(reject);
    });
  }

  /**
   * Asks in order, as {@link Writer.question}, and later calls wait for the answer, so it is true of one moment. `ask` waits for nothing
   * that is queued behind it.
   */
  questionAlone<T>(ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.turn(() => ask().then(resolve)).catch(reject);
    });
  }

  /** Reads in order, as {@link Writer.question}. Later calls wait for the end of the read, so the result is true of one moment. */
  readInOrder<T>(name: string, body: (model: AccountState, tx: StoreTx) => Promise<T>): Promise<T> {
    return this.questionAlone(() => this.read(name, body));
  }

  /** Reads with the current state and its pages. */
  read<T>(name: string, body: (model: AccountState, tx: StoreTx) => Promise<T>): Promise<T> {
    return this.ports.store.tx(name, ['pages', 'indexes'], 'readonly', 'relaxed', (tx) => body(this.model, tx));
  }

  /** Raises the fencing token. From here on the writes of every older leader change nothing (I-19). */
  async takeFence(): Promise<number> {
    const take = (): Promise<number> =>
      this.ports.store.tx('take-fence', ['meta'], 'readwrite', 'strict', (tx) => this.state.header.takeFence(tx));
    const fence = await take().catch(async (error: unknown) => {
      if (!isFull(error)) throw error;
      let taken = 0;
      await this.turn(async () => void (taken = await this.withRoom(take)));
      return taken;
    });
    this.state.header.noteFence(fence);
    return fence;
  }

  /**
   * Runs `run`. If the device is full, runs it again after an eviction, and at last without the reserve, unless `run` needs that. Call this
   * in the writer's turn only.
   */
  async withRoom<T>(run: () => Promise<T>, needsReserve = false): Promise<T> {
    for (let again = MAX_ROOM_MADE; ; again--) {
      try {
        return await run();
      } catch (error) {
        if (!isFull(error)) throw error;
        if (again === MAX_ROOM_MADE) this.ports.log('warn', 'device-full');
        const isRoomMade = again > 0 && (await this.makeRoom().catch(() => false));
        if (!isRoomMade && (needsReserve || !(await giveUpReserve(this.ports.store).catch(() => false)))) throw error;
      }
    }
  }

  /** Runs `run` alone, between two transactions. */
  turn(run: () => Promise<void>, lane: Lane = 'user'): Promise<void> {
    return this.queue.turn(run, lane);
  }

  /** Resolves when everything queued so far has been served. */
  async drained(): Promise<void> {
    const nothing = (): Promise<void> => Promise.resolve();
    await Promise.all([this.turn(nothing), this.turn(nothing, 'background')]);
  }

  /** Brings the state up to the log header, inside a transaction over `meta` and `log`. */
  catchUp(tx: StoreTx): Promise<LogHeader | undefined> {
    return this.state.catchUp(tx);
  }

  private async commit(jobs: readonly Job[]): Promise<void> {
    const { bus, fault, log } = this.ports;
    try {
      const needsReserve = jobs.some(({ options }) => options.keepsReserve);
      const done = await this.withRoom(() => this.group.run(jobs), needsReserve);
      fault('write:after-commit');
      done.dirty.awaited = true;
      this.emit(done.dirty);
      for (const answer of done.answers) answer();
      if (done.record) {
        bus.post({ type: 'changed' });
        if (!this.pagesIntact) this.queue.turnNext(() => this.repair());
        this.compaction.whenDue();
      }
    } catch (error) {
      // What needs no reserve finds room without the rest.
      const others = isFull(error) ? jobs.filter(({ options }) => !options.keepsReserve) : [];
      const isPart = others.length > 0 && others.length < jobs.length;
      for (const job of jobs) if (!isPart || job.options.keepsReserve) job.failed(error);
      if (isPart) return this.commit(others);
      // A closed store is no trouble: the account was closed, or logged out.
      if (error instanceof StoreError && error.code !== 'store/closed') log('warn', 'write-not-stored', errorDetails(error));
      // The store may have committed before the connection was lost: read whether the log holds the record.
      this.queue.turnNext(() => this.catchUpAlone().catch((again: unknown) => log('warn', 'store-not-read', errorDetails(again))));
    }
  }

  emit(last = nothingDirty()): void {
    const dirty = this.state.takeUnpublished();
    addDirty(dirty, last);
    const { conversations, shown, known, outbox, deadLetters, settings, asOf, events } = dirty;
    const isNews = conversations.size > 0 || shown || known || outbox || deadLetters || settings || asOf || events.length > 0;
    const listeners = isNews ? this.listeners : dirty.awaited ? this.unchangedListeners : [];
    for (const listener of listeners) listener(dirty);
  }
}
