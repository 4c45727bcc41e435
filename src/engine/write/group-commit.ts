/**
 * Group commit: one transaction for all queued jobs. It reads the log header, catches up with other tabs, decides each job on a draft
 * of the state, and appends one log record.
 *
 *   no other tab has written lately:  decide, and read the header meanwhile ─▶ same header: commit
 *                                                                           └▶ other header: abort, decide again
 *   otherwise:                        read the header ─▶ catch up ─▶ decide ─▶ commit
 */
import { StoreError } from '../../errors.ts';
import type { Durability, Ports, StoreTx, TableName } from '../../ports/ports.ts';
import { appendToLog, type LogRecord, readRecordId } from '../../log/log-record.ts';
import { type LogHeader, LOG_HEADER_KEY } from '../../log/tables.ts';
import { evictNew, isReserveSpent, keepReserve } from './reserve.ts';
import { type Draft, openDraft } from './draft.ts';
import { FencedError, sameHeader } from './log-header.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Lookup } from '../state/message-index.ts';
import type { Drafted, SyncedState } from './synced-state.ts';
import { nothingDirty, type Dirty } from '../state/dirty.ts';

/** The background brings what the user did not ask for, and waits for everything else. */
export type Lane = 'user' | 'background';

export interface WriteOptions {
  readonly durability: Durability;
  /** The fencing token of the leader. The write fails with `store/closed` when another tab has become the leader since (I-19). */
  readonly fence?: number;
  /** Default: the lane of the user. */
  readonly lane?: Lane;
  /** The decision reads pages. */
  readonly readsPages?: boolean;
  /** The decision stores a text that waits for the server, so it needs the reserve. */
  readonly keepsReserve?: boolean;
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
  /** The appended record; null if the decisions changed nothing. */
  readonly record: LogRecord | null;
}

/** The result of a run of a transaction, before its commit. */
interface DecidedRun {
  readonly answers: readonly (() => void)[];
  readonly drafted: Drafted | null;
}

/**
 * Whether the changes are a part of a catch-up, and not its last one. The totals stay as they were until the last part
 * (F113), and so does the first paint.
 */
const isPartOfCatchUp = ({ rowsBeforeCatchUp }: AccountState, changes: LogRecord['changes']): boolean =>
  rowsBeforeCatchUp.size > 0 && changes.some((change) => change.t === 'cursor' && change.ahead);

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

  /** Decides all jobs and writes their changes; resolves after the commit, when the state has taken the record. */
  async run(jobs: readonly Job[]): Promise<Decided> {
    const { state } = this;
    const expected = state.expected();
    const { answers, drafted } = (expected && (await this.decideAhead(jobs, expected))) ?? (await this.decideCaughtUp(jobs));
    return { dirty: drafted ? state.committed(drafted) : nothingDirty(), answers, record: drafted?.record ?? null };
  }

  /** @returns undefined if another tab wrote first: the stored header differs from `expected`, and the transaction was aborted. */
  private async decideAhead(jobs: readonly Job[], expected: LogHeader): Promise<DecidedRun | undefined> {
    const moved = new Error('another tab has written first');
    try {
      return await this.transact(jobs, async (tx) => {
        // The store answers requests in order, so this read does not see the header that is put below.
        const read = this.state.header.read(tx);
        read.catch(() => undefined);
        const decided = await this.decide(tx, jobs, expected);
        if (!sameHeader(await read, expected)) throw moved;
        return decided;
      });
    } catch (error) {
      if (error !== moved) throw error;
      return undefined;
    }
  }

  private decideCaughtUp(jobs: readonly Job[]): Promise<DecidedRun> {
    return this.transact(jobs, async (tx) => {
      // The messages are looked up together with the header. If the header has moved, they are looked up again.
      const lookedUp = this.lookUp(tx, jobs);
      lookedUp.catch(() => undefined);
      const header = await this.state.catchUp(tx);
      await lookedUp;
      if (!header) throw new StoreError('store/unavailable', 'the store of this account is gone; reload the page');
      return this.decide(tx, jobs, header);
    });
  }

  private transact(jobs: readonly Job[], decide: (tx: StoreTx) => Promise<DecidedRun>): Promise<DecidedRun> {
    const { store, fault } = this.ports;
    const strict = jobs.some(({ options }) => options.durability === 'strict');
    const tables: TableName[] = ['meta', 'log'];
    if (jobs.some(({ options }) => options.readsPages)) tables.push('pages', 'indexes');
    if (jobs.some(({ options }) => options.keepsReserve)) tables.push('reserve');
    /** The result of the previous run of this transaction: the store runs it again after a lost connection. */
    let before: DecidedRun | null = null;
    return store.tx(jobs[0]!.name, tables, 'readwrite', strict ? 'strict' : 'relaxed', async (tx) => {
      const cutOff = before;
      if (cutOff?.drafted) {
        const { record } = cutOff.drafted;
        const header = await this.state.catchUp(tx);
        // The previous run has committed. Its answers stand, and `catchUp` has just applied its record.
        if (header && (await readRecordId(tx, record.version)) === record.id) return cutOff;
      }
      before = await decide(tx);
      fault('write:before-commit');
      return before;
    });
  }

  private lookUp(tx: StoreTx, jobs: readonly Job[]): Promise<void> {
    const { model } = this.state;
    return model.index.prefetch(
      tx,
      model,
      jobs.flatMap(({ options }) => options.lookup ?? []),
    );
  }

  /** Decides the jobs on a draft of the state at `header`, and appends the record. */
  private async decide(tx: StoreTx, jobs: readonly Job[], header: LogHeader): Promise<DecidedRun> {
    const { reserveBytes } = this.ports.store;
    await this.lookUp(tx, jobs);
    if (jobs.some(({ options }) => options.keepsReserve)) await keepReserve(tx, reserveBytes);
    const version = header.version + 1;
    const id = `${this.id}/${++this.runs}`;
    const { draft, changes, dirty } = openDraft(tx, this.state.model, { version, id });
    const answers: (() => void)[] = [];
    for (const job of jobs) {
      const { fence } = job.options;
      if (fence === undefined || fence === header.fence) answers.push(await job.decide(draft));
      else answers.push(() => job.failed(new FencedError()));
    }
    if (changes.length === 0) return { answers, drafted: null };
    const isSpent = changes.some(({ t }) => t === 'messages') && (await isReserveSpent(tx, reserveBytes, this.state.model));
    const record = { version, id, changes: isSpent ? evictNew(draft, changes) : changes };
    this.logText += appendToLog(tx, record);
    tx.put('meta', LOG_HEADER_KEY, { ...header, version } satisfies LogHeader);
    const painted = dirty.shown && !isPartOfCatchUp(draft.model, changes) ? this.state.paint.put(tx, draft.model) : null;
    return { answers, drafted: { record, model: draft.model, dirty, painted } };
  }
}
