/**
 * Group commit: one transaction for all queued jobs. It reads the log header, catches up with other tabs, decides each job on the
 * state, and appends one log record.
 *
 *   no other tab has written lately:  decide, and read the header meanwhile ─▶ same header: commit
 *                                                                           └▶ other header: abort, decide again
 *   otherwise:                        read the header ─▶ catch up ─▶ decide ─▶ commit
 */
import { StoreError } from '../../errors.ts';
import type { Durability, Ports, StoreTx } from '../../ports/ports.ts';
import { appendToLog, type LogRecord, readRecord } from '../../log/log-record.ts';
import { type LogHeader, HEAD_KEY } from '../../log/tables.ts';
import { type Draft, openDraft } from './draft.ts';
import { FencedError, sameHeader } from './log-header.ts';
import type { Lookup } from '../state/message-index.ts';
import type { SyncedState } from './synced-state.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

export interface WriteOptions {
  readonly durability: Durability;
  /** The fencing token of the leader. The write fails with `store/closed` when another tab has become the leader since (I-19). */
  readonly fence?: number;
  /** The decision reads pages. */
  readonly readsPages?: boolean;
  /** Messages that the decision names. The writer looks up the messages of all decisions of a transaction together. */
  readonly lookup?: Lookup;
}

export interface Job {
  readonly name: string;
  readonly options: WriteOptions;
  /** Runs the decision, and returns a function that answers the caller after the commit. An error of the decision is an answer too. */
  readonly decide: (draft: Draft) => Promise<() => void>;
  readonly failed: (error: unknown) => void;
}

/** The result of a completed transaction. */
export interface Decided {
  readonly dirty: Dirty;
  readonly answers: readonly (() => void)[];
  /** The record that was appended; null if the decisions changed nothing. */
  readonly record: LogRecord | null;
}

/** Another tab wrote first, so the decision used an old state. The transaction is aborted, and its jobs are decided again. */
class HeaderMovedError extends Error {}

export class GroupCommit {
  /** Identifies this writer's log records. */
  private readonly id: string;
  private runs = 0;
  /** Characters appended to the log since the last compaction. */
  logText = 0;

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'random' | 'fault'>,
    private readonly state: SyncedState,
  ) {
    this.id = ports.random.id();
  }

  /** Decides all jobs and writes their changes; resolves after the commit. */
  async run(jobs: readonly Job[]): Promise<Decided> {
    try {
      return await this.transact(jobs, this.state.expected());
    } catch (error) {
      if (error instanceof HeaderMovedError) return this.transact(jobs);
      throw error;
    }
  }

  /**
   * @param expected the header to decide on before the store answers.
   * @throws {HeaderMovedError} if the stored header differs from `expected`. Then the store is unchanged.
   */
  private async transact(jobs: readonly Job[], expected?: LogHeader): Promise<Decided> {
    const { store, fault } = this.ports;
    const strict = jobs.some(({ options }) => options.durability === 'strict');
    const tables = jobs.some(({ options }) => options.readsPages)
      ? (['meta', 'log', 'pages', 'indexes'] as const)
      : (['meta', 'log'] as const);
    /** The result of the previous run of this transaction: the store runs it again after a lost connection. */
    let before: Decided | null = null;
    let ahead = expected;
    return store.tx(jobs[0]!.name, tables, 'readwrite', strict ? 'strict' : 'relaxed', async (tx) => {
      const cutOff = before;
      if (cutOff?.record) {
        const header = await this.state.catchUp(tx);
        const kept = header && (await readRecord(tx, cutOff.record.version));
        // The previous run has committed. Its answers stand, and `catchUp` has just applied its record.
        if (kept?.id === cutOff.record.id) return { ...cutOff, dirty: nothingDirty() };
      }
      // Only the first run may decide ahead of the header. After a failed run the state holds uncommitted changes.
      const known = ahead;
      ahead = undefined;
      const decided = await this.decide(tx, jobs, known);
      before = decided;
      fault('write:before-commit');
      return decided;
    });
  }

  /** One run of the transaction: reads the header, decides the jobs, appends the record. */
  private async decide(tx: StoreTx, jobs: readonly Job[], expected: LogHeader | undefined): Promise<Decided> {
    const { state } = this;
    const dirty = nothingDirty();
    const answers: (() => void)[] = [];
    const lookups = jobs.flatMap(({ options }) => options.lookup ?? []);
    // The store answers requests in order, so this read does not see the header that is put below.
    const headerRead = expected && state.header.read(tx);
    headerRead?.catch(() => undefined);
    // The messages are looked up together with the header. If the header has moved, they are looked up again.
    const ahead = state.stale ? undefined : state.model.index.prefetch(tx, state.model, lookups);
    ahead?.catch(() => undefined);
    const header = expected ?? (await state.catchUp(tx));
    await ahead;
    if (!header)
      throw new StoreError('store/unavailable', 'the store of this account is gone: no log header was found; reload to create it again');
    const { model } = state;
    const version = header.version + 1;
    state.markUncommitted(version);
    const { draft, changes } = openDraft(tx, model, dirty);
    if (!expected) await model.index.prefetch(tx, model, lookups);
    for (const job of jobs) {
      const { fence } = job.options;
      if (fence === undefined || fence === header.fence) answers.push(await job.decide(draft));
      else answers.push(() => job.failed(new FencedError()));
    }
    let record: LogRecord | null = null;
    if (changes.length > 0) {
      record = { version, id: `${this.id}/${++this.runs}`, changes };
      this.logText += appendToLog(tx, record);
      tx.put('meta', HEAD_KEY, { ...header, version } satisfies LogHeader);
      if (dirty.shown) state.paint.put(tx, model);
    } else model.version = header.version;
    if (expected && !sameHeader(await headerRead, expected)) throw new HeaderMovedError();
    return { dirty, answers, record };
  }
}
