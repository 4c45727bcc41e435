/**
 * Retention: removes old messages beyond the limits of the app from this device, after each compaction and once after the start. Each
 * slice removes messages from `storedSeqs` and from their pages in one transaction. Rows, positions and receipts do not change, so no
 * count changes and no receipt is sent twice. The newest message of a conversation always stays.
 */
import type { ConversationId, Seq } from '../../model/ids.ts';
import { fromSeqs, intersect, newestSeqs, NO_RANGES, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import type { Retention } from '../../model/api/retention.ts';
import type { Cancel, Ports, StoreTx } from '../../ports/ports.ts';
import type { Change } from '../../log/log-record.ts';
import { pagesOf, shrinkPages } from '../../log/pages.ts';
import { PAGE_SIZE, pageOf } from '../../log/tables.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { readWithoutReceipts } from '../present/read-messages.ts';
import { beyondBytes, removeParts } from './byte-cap.ts';
import { writeAlone } from '../write/maintenance-write.ts';
import type { Writer } from '../write/writer.ts';
import { errorDetails } from '../../logging.ts';
import { PAGES_PER_SLICE } from '../write/compact-log.ts';

/** Delay after the start, so that the first reads and the connection come first. */
export const START_AFTER_MS = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The messages of one conversation beyond the limits, as far as one slice has looked. */
interface Beyond {
  readonly seqs: Ranges;
  /** Number of pages that the slice reads or writes. */
  readonly pages: number;
  /** True if no other message of the conversation is beyond the limits. */
  readonly done: boolean;
}

const onPage = (seqs: Ranges, page: number): Ranges => intersect(seqs, [[page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 1]]);

export class RetentionTask {
  private running = false;
  private closed = false;
  /** The oldest stored message of a conversation. If this message is young enough, all are. */
  private readonly oldest = new Map<ConversationId, { readonly seq: Seq; readonly sentAt: number }>();

  constructor(
    private readonly ports: Pick<Ports, 'store' | 'clock' | 'bus' | 'log'>,
    private readonly writer: Writer,
    private readonly limits: Retention,
  ) {}

  /** @returns a function to stop the retention. */
  start(): Cancel {
    const run = (): void => {
      this.run().catch((error: unknown) => this.ports.log('warn', 'messages-not-evicted', errorDetails(error)));
    };
    this.writer.onCompacted = run;
    const cancel = this.ports.clock.timer(START_AFTER_MS, run);
    return () => {
      this.closed = true;
      this.writer.onCompacted = () => undefined;
      cancel();
    };
  }

  async run(): Promise<void> {
    // A running compaction writes pages of the state at its start. It calls `run` again at its end.
    if (this.running || this.writer.isCompacting()) return;
    this.running = true;
    try {
      const cutoff = this.cutoff();
      const ids = [...this.writer.model.conversations.values()]
        .filter((conversation) => this.mayExceed(conversation, cutoff))
        .map(({ id }) => id);
      while (ids.length > 0 && this.mayGoOn()) await this.writer.turn(() => this.slice(ids, cutoff), 'background');
      if (this.limits.bytes !== undefined) await this.keepBytes(this.limits.bytes);
    } finally {
      this.running = false;
    }
  }

  private mayGoOn(): boolean {
    return !this.closed && !this.writer.isCompacting();
  }

  private async keepBytes(limit: number): Promise<void> {
    const { writer, ports } = this;
    if (!this.mayGoOn()) return;
    const parts = await writer.questionAlone(() => writer.read('measure-pages', (model, tx) => beyondBytes(tx, model, limit)));
    for (let from = 0; from < parts.length && this.mayGoOn(); from += PAGES_PER_SLICE) {
      const some = parts.slice(from, from + PAGES_PER_SLICE);
      await writer.turn(() => writeAlone(ports, writer, 'retention', (tx, model) => removeParts(tx, model, some)), 'background');
    }
    if (parts.length > 0)
      ports.log('info', 'messages-evicted', { messages: parts.reduce((n, { seqs }) => n + size(seqs), 0), cause: 'retention' });
  }

  /** The oldest time to keep, by the server's time of the newest message: a wrong device clock would empty the device. */
  private cutoff(): number | null {
    const { days } = this.limits;
    if (days === undefined) return null;
    let newest = 0;
    for (const { latest } of this.writer.model.conversations.values()) newest = Math.max(newest, latest?.sentAt ?? 0);
    return newest - days * DAY_MS;
  }

  private mayExceed({ id, storedSeqs }: ConversationState, cutoff: number | null): boolean {
    if (storedSeqs.length === 0) return false;
    if (size(storedSeqs) > (this.limits.messagesPerConversation ?? Infinity)) return true;
    const known = this.oldest.get(id);
    return cutoff !== null && !(known?.seq === storedSeqs[0]![0] && known.sentAt >= cutoff);
  }

  /** Handles as many conversations as fit one transaction, and takes finished ones off the list. */
  private async slice(ids: ConversationId[], cutoff: number | null): Promise<void> {
    const { writer, ports } = this;
    let evicted = 0;
    await writeAlone(ports, writer, 'retention', async (tx, model) => {
      evicted = 0;
      const changes: Change[] = [];
      for (let room = PAGES_PER_SLICE; room > 0 && ids.length > 0;) {
        const conversation = model.get(ids[0]!);
        const { seqs, pages, done } = conversation ? await this.beyond(tx, conversation, cutoff, room) : { seqs: [], pages: 0, done: true };
        if (conversation && seqs.length > 0) {
          changes.push({ t: 'evict', conversationId: conversation.id, seqs });
          evicted += size(seqs);
          await shrinkPages(tx, conversation.id, pagesOf(seqs), subtract(conversation.storedSeqs, seqs));
        }
        room -= Math.max(1, pages);
        if (done) ids.shift();
        // The next slice must see the state after this one.
        else break;
      }
      return changes;
    });
    if (evicted > 0) ports.log('info', 'messages-evicted', { messages: evicted, cause: 'retention' });
  }

  private async beyond(tx: StoreTx, conversation: ConversationState, cutoff: number | null, room: number): Promise<Beyond> {
    const { storedSeqs, newest } = conversation;
    const maxMessages = this.limits.messagesPerConversation;
    let kept = maxMessages === undefined ? storedSeqs : newestSeqs(storedSeqs, maxMessages);
    let read = 0;
    let young = cutoff === null;
    while (!young && kept.length > 0 && read < room) {
      const here = onPage(kept, pageOf(kept[0]![0]));
      const stay = (await readWithoutReceipts(tx, conversation, here)).filter(
        ({ seq, sentAt }) => sentAt >= cutoff! || seq === newest?.seq,
      );
      read++;
      kept = subtract(kept, subtract(here, fromSeqs(stay.map(({ seq }) => seq))));
      young = stay.length > 0;
      if (stay[0]) this.oldest.set(conversation.id, { seq: stay[0].seq, sentAt: stay[0].sentAt });
    }
    const all = subtract(storedSeqs, newest ? union(kept, [[newest.seq, newest.seq]]) : kept);
    const pages = pagesOf(all);
    const some = pages.slice(0, room);
    const seqs = some.length === pages.length ? all : some.reduce<Ranges>((sum, page) => union(sum, onPage(all, page)), NO_RANGES);
    return { seqs, pages: Math.max(read, some.length), done: some.length === pages.length && (young || kept.length === 0) };
  }
}
