/** Folds the journal into pages and a snapshot, in slices between other writes. Every slice may be repeated, and a crash loses none. */
import type { Ports, StoreTx } from '../../ports/ports.ts';
import { type Unpaged, writePages } from '../../log/pages.ts';
import { type LogHeader, HEAD_KEY, PAGE_SIZE } from '../../log/tables.ts';
import type { AccountState } from '../state/account-state.ts';
import { putSnapshot } from '../state/snapshot.ts';

/** Above this many messages outside pages, and at the latest after so many records, the journal is folded. */
const MAX_UNFLUSHED_MESSAGES = 16_384;
const MAX_LOG_RECORDS = 512;
/**
 * Or after so many characters: what lies in the journal cannot be given up when the device is full, and to fold it then takes room. At
 * four times as much Chromium was seen to refuse every write for good.
 */
const MAX_LOG_TEXT = 1024 * 1024;
/** Pages per transaction, so that nobody waits long for a turn. */
const PAGES_PER_SLICE = 64;

/** What the writer lends: its model, and turns between its transactions. */
export interface CompactionHost {
  readonly model: AccountState;
  turn(run: () => Promise<void>): Promise<void>;
  readHeader(tx: StoreTx): Promise<LogHeader | undefined>;
  catchUp(tx: StoreTx): Promise<LogHeader | undefined>;
  emit(): void;
  withRoom<T>(run: () => Promise<T>): Promise<T>;
  logText: number;
  /** The journal was folded: time for what is done when idle. */
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
    this.run().catch((error: unknown) => this.ports.log('the journal could not be folded yet', error));
  }

  /** Resolves when it is folded; one that is under way is not begun again. */
  run(): Promise<void> {
    this.running ??= this.compact()
      .finally(() => (this.running = null))
      .then(() => this.host.onCompacted());
    return this.running;
  }

  private async compact(): Promise<void> {
    const upTo = this.host.model.version;
    this.host.logText = 0;
    for (const slice of slices(unpagedOf(this.host.model, upTo), PAGES_PER_SLICE))
      await this.host.turn(() => this.host.withRoom(() => this.writeSlice(slice)));
    await this.host.turn(() => this.host.withRoom(() => this.finish(upTo)));
  }

  private writeSlice(slice: readonly Unpaged[]): Promise<void> {
    return this.ports.store.tx('page-slice', ['meta', 'pages', 'indexes'], 'readwrite', 'relaxed', async (tx) => {
      // Nothing of an account that was logged out meanwhile is written.
      await this.host.readHeader(tx);
      await writePages(tx, slice);
    });
  }

  /**
   * The state as it stands now, and the end of the records whose messages are in pages. Those that came meanwhile stay: the snapshot
   * has their state, and whoever restores it takes their messages from them.
   */
  private async finish(upTo: number): Promise<void> {
    await this.ports.store.tx('compact', ['meta', 'log'], 'readwrite', 'relaxed', async (tx) => {
      const header = await this.host.catchUp(tx);
      // Another tab may have folded further.
      if (!header || header.compactedUpTo >= upTo) return;
      putSnapshot(tx, this.host.model.snapshot());
      tx.put('meta', HEAD_KEY, { ...header, compactedUpTo: upTo } satisfies LogHeader);
      tx.deleteRange('log', { from: 0, upTo });
    });
    this.host.model.dropCompacted(upTo);
    this.host.emit();
  }
}

/** What came with these records and is in no page yet. */
const unpagedOf = (model: AccountState, upTo: number): Unpaged[] => {
  const out: Unpaged[] = [];
  for (const { id, unflushed, storedSeqs } of model.conversations.values()) {
    const unpaged = { conversationId: id, storedSeqs, ...unflushed.upTo(upTo) };
    if (unpaged.messages.length + unpaged.steps.length + unpaged.counts.length > 0) out.push(unpaged);
  }
  return out;
};

/** Conversations in groups that touch about so many pages. */
function* slices(unpaged: readonly Unpaged[], pages: number): Iterable<Unpaged[]> {
  let slice: Unpaged[] = [];
  let count = 0;
  for (const item of unpaged) {
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
