/**
 * Compaction: moves messages from the log into pages, and the rest of the state into a new snapshot.
 *
 *   log records 1…v ─▶ slice by slice: messages into pages ─▶ one transaction: snapshot, compactedUpTo = v, records 1…v deleted
 *
 * Each slice is a turn of its own, so other writes run in between. A slice may be repeated, and a crash loses nothing: the records stay
 * until the last transaction.
 */
import type { ConversationId, Seq } from '../../model/ids.ts';
import { contains, NO_RANGES } from '../../model/ranges.ts';
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { type UnflushedConversation, writePages } from '../../log/pages.ts';
import { type LogHeader, LOG_HEADER_KEY, PAGE_SIZE } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import { putSnapshot } from '../state/snapshot.ts';
import { errorDetails } from '../../logging.ts';

/** The log is compacted above this many unflushed messages, or this many records. */
const MAX_UNFLUSHED_MESSAGES = 16_384;
const MAX_LOG_RECORDS = 512;
/**
 * The log is compacted above this many characters, too. Messages in the log cannot be evicted when the device is full, and a compaction
 * itself needs room. At four times this size Chromium was seen to refuse every write for good.
 */
const MAX_LOG_TEXT = 1024 * 1024;
/** Pages per transaction, so that other writes wait only briefly for their turn. */
export const PAGES_PER_SLICE = 64;

/** The part of the writer for compactions. */
export interface CompactionHost {
  readonly model: AccountState;
  turn(run: () => Promise<void>): Promise<void>;
  catchUp(tx: StoreTx): Promise<LogHeader | undefined>;
  emit(): void;
  withRoom<T>(run: () => Promise<T>): Promise<T>;
  logText: number;
  /** A compaction has ended: retention may run now. */
  onCompacted(): void;
}

export class LogCompaction {
  private running: Promise<void> | null = null;

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'log' | 'fault'>,
    private readonly host: CompactionHost,
  ) {}

  get isRunning(): boolean {
    return this.running !== null;
  }

  whenDue(): void {
    if (this.isRunning) return;
    const { model, logText } = this.host;
    const due =
      model.unflushedCount >= MAX_UNFLUSHED_MESSAGES || model.version - model.compactedUpTo >= MAX_LOG_RECORDS || logText >= MAX_LOG_TEXT;
    if (!due && !this.ports.fault('compaction:due')) return;
    this.run().catch((error: unknown) => this.ports.log('warn', 'log-not-compacted', errorDetails(error)));
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
    for (const slice of slices(unflushedOf(this.host.model, upTo), PAGES_PER_SLICE))
      await this.host.turn(() => this.host.withRoom(() => this.writeSlice(slice)));
    await this.host.turn(() => this.host.withRoom(() => this.finish(upTo)));
  }

  private writeSlice(slice: readonly UnflushedConversation[]): Promise<void> {
    return this.ports.store.tx('page-slice', ['meta', 'log', 'pages', 'indexes'], 'readwrite', 'relaxed', async (tx) => {
      // Throws if the account was logged out meanwhile: no page is written for it.
      await this.host.catchUp(tx);
      const { model } = this.host;
      // Messages may have been evicted or dropped since the compaction began.
      const isStored = (id: ConversationId, seq: Seq): boolean => contains(model.get(id)?.storedSeqs ?? NO_RANGES, seq);
      await writePages(
        tx,
        slice.map((item) => ({ ...item, messages: item.messages.filter(({ seq }) => isStored(item.conversationId, seq)) })),
      );
    });
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
      putSnapshot(tx, this.host.model.snapshot());
      tx.put('meta', LOG_HEADER_KEY, { ...header, compactedUpTo: upTo } satisfies LogHeader);
      tx.deleteRange('log', { from: 0, upTo });
    });
    this.host.model.dropCompacted(upTo);
    this.ports.log('debug', 'log-compacted', { version: upTo });
    this.host.emit();
  }
}

/** Messages and receipts of these records without a page. */
const unflushedOf = (model: AccountState, upTo: number): UnflushedConversation[] => {
  const out: UnflushedConversation[] = [];
  for (const { id, unflushed, storedSeqs } of model.conversations.values()) {
    const item = { conversationId: id, storedSeqs, ...unflushed.upTo(upTo) };
    if (item.messages.length + item.steps.length + item.counts.length > 0) out.push(item);
  }
  return out;
};

/** Groups of conversations. Each group touches about `pages` pages. */
function* slices(unflushed: readonly UnflushedConversation[], pages: number): Iterable<UnflushedConversation[]> {
  let slice: UnflushedConversation[] = [];
  let count = 0;
  for (const item of unflushed) {
    slice.push(item);
    count += 1 + Math.floor(item.messages.length / PAGE_SIZE);
    if (count >= pages) {
      yield slice;
      slice = [];
      count = 0;
    }
  }
  if (slice.length > 0) yield slice;
}
