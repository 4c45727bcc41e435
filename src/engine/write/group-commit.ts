/**
 * One transaction for everything that was asked meanwhile: it checks the journal's head, decides each job on the model that results,
 * and appends one record. Where nobody else writes, the head is as this writer left it: then it decides while the head is asked for,
 * and begins anew should the answer be another one.
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
  /** The leader's number: the write fails with `store/closed` when another leader has come since (I-19). */
  readonly fence?: number;
  /** The decision reads pages. */
  readonly readsPages?: boolean;
  /** Messages the decision will name: looked up for all decisions of a transaction together. */
  readonly lookup?: Lookup;
}

export interface Job {
  readonly name: string;
  readonly options: WriteOptions;
  /** Returns how to answer the caller once the transaction is complete; what the decision threw is an answer as well. */
  readonly decide: (draft: Draft) => Promise<() => void>;
  readonly failed: (error: unknown) => void;
}

/** What a completed transaction leaves to be told. */
export interface Decided {
  readonly dirty: Dirty;
  readonly answers: readonly (() => void)[];
  /** Null: nothing changed, and nothing was written. */
  readonly record: LogRecord | null;
}

/** It was decided on what is not the newest: the transaction is given up, and its jobs are decided again. */
class HeaderMovedError extends Error {}

export class GroupCommit {
  /** Names this writer's transactions. */
  private readonly id: string;
  private runs = 0;
  /** Characters put into the journal since it was folded. */
  logText = 0;

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'random' | 'fault'>,
    private readonly state: SyncedState,
  ) {
    this.id = ports.random.id();
  }

  /** Decides all jobs, and writes what they change; resolves once the transaction is complete. */
  async run(jobs: readonly Job[]): Promise<Decided> {
    try {
      return await this.transact(jobs, this.state.expected());
    } catch (error) {
      if (error instanceof HeaderMovedError) return this.transact(jobs);
      throw error;
    }
  }

  /**
   * @param expected decided on at once.
   * @throws {HeadMovedError} should the head be another one; then it changed nothing.
   */
  private async transact(jobs: readonly Job[], expected?: LogHeader): Promise<Decided> {
    const { store, fault } = this.ports;
    const strict = jobs.some(({ options }) => options.durability === 'strict');
    const tables = jobs.some(({ options }) => options.readsPages)
      ? (['meta', 'log', 'pages', 'indexes'] as const)
      : (['meta', 'log'] as const);
    /** Of the run before, should this one be cut off. */
    let before: Decided | null = null;
    let ahead = expected;
    return store.tx(jobs[0]!.name, tables, 'readwrite', strict ? 'strict' : 'relaxed', async (tx) => {
      const cutOff = before;
      if (cutOff?.record) {
        const header = await this.state.catchUp(tx);
        const kept = header && (await readRecord(tx, cutOff.record.version));
        // It had committed: the answers given then stand, and what it changed was folded just now.
        if (kept?.id === cutOff.record.id) return { ...cutOff, dirty: nothingDirty() };
      }
      // What is decided ahead of the head leaves a model that no second run may build upon.
      const known = ahead;
      ahead = undefined;
      const decided = await this.decide(tx, jobs, known);
      before = decided;
      fault('write:before-commit');
      return decided;
    });
  }

  /** One run of a transaction that decides. */
  private async decide(tx: StoreTx, jobs: readonly Job[], expected: LogHeader | undefined): Promise<Decided> {
    const { state } = this;
    const dirty = nothingDirty();
    const answers: (() => void)[] = [];
    const lookups = jobs.flatMap(({ options }) => options.lookup ?? []);
    // Answered in the order they are asked: what is put below is not in it.
    const headerRead = expected && state.header.read(tx);
    headerRead?.catch(() => undefined);
    // Asked for together with the head: what turns out to have changed is looked up again.
    const ahead = state.stale ? undefined : state.model.index.prefetch(tx, state.model, lookups);
    ahead?.catch(() => undefined);
    const header = expected ?? (await state.catchUp(tx));
    await ahead;
    if (!header) throw new StoreError('store/unavailable', 'the store vanished');
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
