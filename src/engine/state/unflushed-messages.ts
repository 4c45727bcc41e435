/**
 * The unflushed messages and receipts of one conversation, each with its record's version. They are in log records and
 * in no page.
 */
import type { MessageId, Seq } from '../../model/ids.ts';
import { contains, intersect, type Ranges } from '../../model/registers/ranges.ts';
import { joinGroupReceipts, type ReceiptAtSeq, type ReceiptStep } from '../../model/message/receipt.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { joinMessages, type PageNews, pagesOf, withReceipt, withStep } from '../../log/pages.ts';
import { PAGE_SIZE, pageOf } from '../../log/tables.ts';
import { LayeredMap } from './layered-map.ts';

interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

export class UnflushedMessages {
  /**
   * Seqs by id. Of a draft: the messages added in it, from its first change on. Else of all messages, made at the first question, because a
   * backlog asks for none; a removed message may stay in it.
   */
  private seqById: Map<MessageId, Seq> | null = null;

  constructor(
    private messages = new Map<Seq, Versioned<KeptMessage>>(),
    private steps: readonly Versioned<ReceiptStep>[] = [],
    /** Group receipts by seq, also of messages that come later. */
    private receipts = new Map<Seq, Versioned<ReceiptAtSeq>>(),
    /** The messages of which this is a draft. */
    private readonly below: UnflushedMessages | null = null,
  ) {}

  /** A copy for a draft. These messages stay unchanged. */
  fork(): UnflushedMessages {
    return new UnflushedMessages(this.messages, this.steps, this.receipts, this);
  }

  /** Call this before a change of the maps: a draft shares the maps below until then. */
  private own(): void {
    if (!this.below || this.seqById) return;
    this.seqById = new Map();
    this.messages = new LayeredMap(this.messages);
    this.receipts = new LayeredMap(this.receipts);
  }

  /** Takes the changes of a copy. The copy is not used any more. */
  adopt(copy: UnflushedMessages): void {
    this.steps = copy.steps;
    for (const map of [copy.messages, copy.receipts]) if (map instanceof LayeredMap) map.settle();
    copy.seqById?.forEach((seq, id) => this.seqById?.set(id, seq));
  }

  /** Number of messages. */
  get size(): number {
    return this.messages.size;
  }

  get seqs(): Iterable<Seq> {
    return this.messages.keys();
  }

  /** The version of the record of each message. */
  get versions(): [Seq, number][] {
    return [...this.messages].map(([seq, { version }]) => [seq, version]);
  }

  /** The messages as they came, without receipts. */
  get all(): KeptMessage[] {
    return [...this.messages.values()].map(({ value }) => value);
  }

  /** The message as it came, without receipts: see {@link over}. */
  get(seq: Seq): KeptMessage | undefined {
    return this.messages.get(seq)?.value;
  }

  find(id: MessageId): KeptMessage | undefined {
    const seq = this.seqOf(id);
    const message = seq === undefined ? undefined : this.get(seq);
    return message?.id === id ? message : undefined;
  }

  private seqOf(id: MessageId): Seq | undefined {
    if (this.below) return this.seqById?.get(id) ?? this.below.seqOf(id);
    if (!this.seqById) {
      this.seqById = new Map();
      for (const message of this.all) this.seqById.set(message.id, message.seq);
    }
    return this.seqById.get(id);
  }

  receiptAt(seq: Seq): ReceiptAtSeq | undefined {
    return this.receipts.get(seq)?.value;
  }

  /** The current form of a message: the newest version of it, with all unflushed receipts. */
  over(message: KeptMessage): KeptMessage {
    const newest = this.get(message.seq) ?? message;
    const dated = this.steps.reduce<readonly KeptMessage[]>((list, { value }) => withStep(list, value), [newest])[0]!;
    return withReceipt(dated, this.receiptAt(message.seq));
  }

  addMessages(messages: readonly KeptMessage[], version: number): void {
    this.own();
    for (const message of messages) {
      const before = this.get(message.seq);
      this.messages.set(message.seq, { version, value: before ? joinMessages(before, message) : message });
      this.seqById?.set(message.id, message.seq);
    }
  }

  addStep(step: ReceiptStep, version: number): void {
    this.steps = [...this.steps, { version, value: step }];
  }

  addReceipts(receipts: readonly ReceiptAtSeq[], version: number): void {
    this.own();
    for (const receipt of receipts) {
      const before = this.receiptAt(receipt.seq) ?? receipt;
      this.receipts.set(receipt.seq, { version, value: { seq: receipt.seq, ...joinGroupReceipts(before, receipt) } });
    }
  }

  remove(seqs: Ranges): void {
    this.own();
    for (const seq of this.messages.keys()) if (contains(seqs, seq)) this.messages.delete(seq);
  }

  clear(): void {
    this.own();
    this.messages.clear();
    this.steps = [];
    this.receipts.clear();
  }

  /**
   * The pages that the records up to version `last` change.
   *
   * @param storedSeqs all stored messages, in pages or not: a receipt changes only existing pages.
   */
  pagesUpTo(last: number, storedSeqs: Ranges): ReadonlySet<number> {
    const pages = new Set<number>();
    for (const [seq, { version }] of this.messages) if (version <= last) pages.add(pageOf(seq));
    for (const { version, value } of this.steps)
      if (version <= last) for (const page of pagesOf(intersect([value.range], storedSeqs))) pages.add(page);
    for (const [seq, { version }] of this.receipts) if (version <= last && contains(storedSeqs, seq)) pages.add(pageOf(seq));
    return pages;
  }

  /** Everything unflushed on this page, also of records after a compaction's last one: another tab may have put it there already. */
  onPage(page: number): Pick<PageNews, 'messages' | 'steps' | 'counts'> {
    const [from, upTo] = [page * PAGE_SIZE, (page + 1) * PAGE_SIZE - 1];
    const messages: KeptMessage[] = [];
    const counts: ReceiptAtSeq[] = [];
    for (let seq = from; seq <= upTo; seq++) {
      const message = this.get(seq);
      if (message) messages.push(message);
      const receipt = this.receiptAt(seq);
      if (receipt) counts.push(receipt);
    }
    const steps = this.steps.flatMap(({ value }) => (value.range[0] <= upTo && value.range[1] >= from ? [value] : []));
    return { messages, steps, counts };
  }

  /** Forgets messages and receipts of the records up to version `last`: pages hold them now. */
  dropUpTo(last: number): void {
    this.own();
    for (const map of [this.messages, this.receipts] as Map<Seq, Versioned<unknown>>[])
      for (const [seq, { version }] of map) if (version <= last) map.delete(seq);
    if (!this.below) this.seqById = null;
    this.steps = this.steps.filter(({ version }) => version > last);
  }
}
