/** Folds the journal into pages and a snapshot, in slices between other writes. Every slice may be repeated, and a crash loses none. */
import type { ConversationId } from '../model/ids.ts';
import type { Ports, StoreTx } from '../ports/ports.ts';
import type { KeptMessage } from '../store/journal.ts';
import { type Unpaged, writePages } from '../store/pages.ts';
import { type Head, HEAD_KEY, PAGE_SIZE, SNAPSHOT_KEY } from '../store/tables.ts';
import { type HotModel, nothingTouched, type Touched } from './hot-model.ts';

/** Above this many messages outside pages, and at the latest after so many records, the journal is folded. */
const FOLD_MESSAGES = 8192;
const FOLD_RECORDS = 512;
/** Pages per transaction, so that nobody waits long for a turn. */
const PAGES_PER_SLICE = 64;

/** What the writer lends: its model, and turns between its transactions. */
export interface FoldHost {
  readonly model: HotModel;
  turn(run: () => Promise<void>): Promise<void>;
  catchUp(tx: StoreTx, touched: Touched): Promise<Head | undefined>;
  emit(touched: Touched): void;
}

export class JournalFold {
  private folding = false;
  private foldedSeen = 0;

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'log'>,
    private readonly host: FoldHost,
  ) {}

  whenDue(): void {
    const { model } = this.host;
    if (this.folding || (model.unpaged < FOLD_MESSAGES && model.version - this.foldedSeen < FOLD_RECORDS)) return;
    this.run().catch((error: unknown) => this.ports.log('the journal could not be folded yet', error));
  }

  async run(): Promise<void> {
    if (this.folding) return;
    this.folding = true;
    try {
      const paged = new Map<ConversationId, Set<KeptMessage>>();
      for (const slice of slices(unpagedOf(this.host.model, paged), PAGES_PER_SLICE)) {
        await this.host.turn(() => this.ports.store.tx('page-slice', ['pages'], 'readwrite', 'relaxed', (tx) => writePages(tx, slice)));
        for (const { conversationId, messages } of slice) {
          const done = paged.get(conversationId) ?? new Set();
          for (const message of messages) done.add(message);
          paged.set(conversationId, done);
        }
      }
      await this.host.turn(() => this.finish(paged));
    } finally {
      this.folding = false;
    }
  }

  /** What came meanwhile into its pages, all steps, the snapshot, and the end of the records: one transaction. */
  private async finish(paged: Map<ConversationId, Set<KeptMessage>>): Promise<void> {
    const touched = nothingTouched();
    const folded = await this.ports.store.tx('fold', ['meta', 'journal', 'pages'], 'readwrite', 'relaxed', async (tx) => {
      const head = await this.host.catchUp(tx, touched);
      if (!head) return 0;
      const { model } = this.host;
      await writePages(tx, unpagedOf(model, paged, true));
      tx.put('meta', SNAPSHOT_KEY, model.snapshot());
      tx.put('meta', HEAD_KEY, { ...head, folded: head.version } satisfies Head);
      tx.deleteRange('journal', { from: 0, upTo: head.version });
      return head.version;
    });
    this.host.model.dropFolded(folded);
    this.foldedSeen = folded;
    this.host.emit(touched);
  }
}

/** What no page holds, less what `paged` says was just written. */
const unpagedOf = (model: HotModel, paged: ReadonlyMap<ConversationId, ReadonlySet<KeptMessage>>, steps = false): Unpaged[] => {
  const out: Unpaged[] = [];
  for (const conversation of model.conversations.values()) {
    const done = paged.get(conversation.id);
    const messages = [...conversation.tail.values()].map(({ value }) => value).filter((message) => !done?.has(message));
    const due = steps ? conversation.steps.map(({ value }) => value) : [];
    if (messages.length > 0 || due.length > 0) out.push({ conversationId: conversation.id, messages, steps: due, held: conversation.held });
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
