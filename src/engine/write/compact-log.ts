/**
 * Compaction: moves messages from the log into pages, and the rest of the state into a new snapshot.
 *
 *   log records 1…v ─▶ slice by slice: messages into pages ─▶ one transaction: snapshot, compactedUpTo = v, records 1…v deleted
 *
 * Each slice is a turn of its own, so other writes run in between. A slice may be repeated, and a crash loses nothing: the records stay
 * until the last transaction. `log-size.ts` says when a compaction is due.
 */
import type { ConversationId } from '../../model/ids.ts';
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { cutLog } from '../../log/log-record.ts';
import { writePages } from '../../log/pages.ts';
import { type LogHeader, LOG_HEADER_KEY } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import { putSnapshot } from '../state/snapshot.ts';
import { errorDetails } from '../../logging.ts';
import { StoreError } from '../../errors.ts';
import type { Lane } from './group-commit.ts';
import { exceeds, LARGE_LOG, type LogSize, mayGrowTo, REST_MS, SMALL_LOG } from './log-size.ts';

/** Pages per transaction, at most, so that other writes wait only briefly for their turn. */
export const PAGES_PER_SLICE = 64;
const MIN_PAGES_PER_SLICE = 16;
/** A slice is to take this long. The next slice follows the speed of the device. */
const SLICE_MS = 16;

/** The part of the writer for compactions. */
export interface CompactionHost {
  readonly model: AccountState;
  turn(run: () => Promise<void>, lane: Lane): Promise<void>;
  catchUp(tx: StoreTx): Promise<LogHeader | undefined>;
  emit(): void;
  withRoom<T>(run: () => Promise<T>): Promise<T>;
  logText: number;
  /** A compaction has ended: retention may run now. */
  onCompacted(): void;
}

interface PageOf {
  readonly id: ConversationId;
  readonly page: number;
}

export class LogCompaction {
  private running: Promise<void> | null = null;
  private isGrowing = false;
  private largest: LogSize = LARGE_LOG;
  private pagesPerSlice = MIN_PAGES_PER_SLICE;

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'clock' | 'log' | 'fault'>,
    private readonly host: CompactionHost,
  ) {}

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** The size of the log, as far as this tab knows. */
  private get size(): LogSize {
    const { model, logText } = this.host;
    return { messages: model.unflushedCount, records: model.version - model.compactedUpTo, text: logText };
  }

  /** Call this after every commit. */
  whenDue(): void {
    if (this.isRunning) return;
    const { size } = this;
    if (exceeds(size, this.largest) || this.ports.fault('compaction:due')) this.begin();
    else if (!this.isGrowing && exceeds(size, SMALL_LOG)) void this.grow();
  }

  private begin(): void {
    this.run().catch((error: unknown) => {
      // A closed store is no trouble: the account was closed, or logged out.
      if (!(error instanceof StoreError && error.code === 'store/closed')) this.ports.log('warn', 'log-not-compacted', errorDetails(error));
    });
  }

  /** The log has outgrown its small size. It is compacted when it rests, or when it fills its share of the device's room. */
  private async grow(): Promise<void> {
    const { store, clock } = this.ports;
    const isDue = (size: LogSize): boolean => !this.isRunning && exceeds(this.size, size);
    this.isGrowing = true;
    do {
      const { version } = this.host.model;
      this.largest = mayGrowTo(await store.room().catch(() => null));
      if (isDue(this.largest)) break;
      await new Promise<void>((resolve) => void clock.timer(REST_MS, resolve));
      if (this.host.model.version === version) break;
    } while (isDue(SMALL_LOG));
    this.isGrowing = false;
    this.largest = LARGE_LOG;
    if (isDue(SMALL_LOG)) this.begin();
  }

  /** Compacts the log, or joins the compaction under way. Resolves at its end. */
  run(): Promise<void> {
    this.running ??= this.compact()
      .finally(() => (this.running = null))
      .then(() => this.host.onCompacted());
    return this.running;
  }

  private async compact(): Promise<void> {
    const upTo = this.host.model.version;
    this.host.logText = 0;
    const pages = changedPages(this.host.model, upTo);
    while (pages.length > 0) await this.host.turn(() => this.host.withRoom(() => this.writeSlice(pages)), 'background');
    await this.host.turn(() => this.host.withRoom(() => this.finish(upTo)), 'background');
  }

  /** Writes the first of these pages, and takes them off the list. */
  private async writeSlice(pages: PageOf[]): Promise<void> {
    const { store, clock } = this.ports;
    const slice = pages.slice(0, this.pagesPerSlice);
    const began = clock.mono();
    await store.tx('page-slice', ['meta', 'log', 'pages', 'indexes'], 'readwrite', 'relaxed', async (tx) => {
      // Throws if the account was logged out meanwhile: no page is written for it.
      await this.host.catchUp(tx);
      const { model } = this.host;
      // Messages that were evicted or dropped since the compaction began are in the state no more.
      await writePages(
        tx,
        slice.flatMap(({ id, page }) => {
          const conversation = model.get(id);
          return conversation ? [{ conversationId: id, page, ...conversation.unflushed.onPage(page) }] : [];
        }),
      );
    });
    pages.splice(0, slice.length);
    const ms = clock.mono() - began;
    if (ms > SLICE_MS) this.pagesPerSlice = Math.max(MIN_PAGES_PER_SLICE, Math.floor((slice.length * SLICE_MS) / ms));
    else if (ms < SLICE_MS / 2) this.pagesPerSlice = Math.min(PAGES_PER_SLICE, this.pagesPerSlice * 2);
  }

  /**
   * Writes the snapshot and deletes the records with messages in pages. Records written during the compaction stay: the
   * snapshot includes their state, and a tab with the snapshot takes their messages from the records.
   */
  private async finish(upTo: number): Promise<void> {
    await this.ports.store.tx('compact', ['meta', 'log'], 'readwrite', 'relaxed', async (tx) => {
      const header = await this.host.catchUp(tx);
      // Another tab may have compacted further.
      if (!header || header.compactedUpTo >= upTo) return;
      await putSnapshot(tx, this.host.model.snapshot());
      tx.put('meta', LOG_HEADER_KEY, { ...header, compactedUpTo: upTo } satisfies LogHeader);
      cutLog(tx, upTo);
    });
    this.host.model.dropCompacted(upTo);
    this.ports.log('debug', 'log-compacted', { version: upTo });
    this.host.emit();
  }
}

/** The pages that the records up to `upTo` change. */
const changedPages = (model: AccountState, upTo: number): PageOf[] =>
  [...model.conversations.values()].flatMap(({ id, unflushed, storedSeqs }) =>
    [...unflushed.pagesUpTo(upTo, storedSeqs)].map((page) => ({ id, page })),
  );
