/**
 * The unflushed messages and receipts of one conversation, each with its record's version. They are in log records and
 * in no page.
 */
import type { MessageId, Seq } from '../../model/ids.ts';
import { contains, type Ranges } from '../../model/ranges.ts';
import { joinGroupReceipts, type ReceiptAtSeq, type ReceiptStep } from '../../model/receipt.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { joinMessages, withReceipt, withStep } from '../../log/pages.ts';
import { LayeredMap } from './layered-map.ts';

interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

const upToVersion = <T>(list: Iterable<Versioned<T>>, last: number): T[] =>
  [...list].flatMap(({ version, value }) => (version <= last ? [value] : []));

export class UnflushedMessages {
  constructor(
    private readonly messages = new Map<Seq, Versioned<KeptMessage>>(),
    private readonly seqById = new Map<MessageId, Seq>(),
    private steps: Versioned<ReceiptStep>[] = [],
    /** Group receipts by seq, also of messages that come later. */
    private readonly receipts = new Map<Seq, Versioned<ReceiptAtSeq>>(),
  ) {}

  /** A copy for a draft. These messages stay unchanged. */
  fork(): UnflushedMessages {
    const { messages, seqById, steps, receipts } = this;
    return new UnflushedMessages(new LayeredMap(messages), new LayeredMap(seqById), [...steps], new LayeredMap(receipts));
  }

  /** Number of messages. */
  get size(): number {
    return this.messages.size;
  }

  get seqs(): Iterable<Seq> {
    return this.messages.keys();
  }

  get ids(): ReadonlyMap<MessageId, Seq> {
    return this.seqById;
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
    const seq = this.seqById.get(id);
    return seq === undefined ? undefined : this.get(seq);
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
    for (const message of messages) {
      const before = this.get(message.seq);
      this.messages.set(message.seq, { version, value: before ? joinMessages(before, message) : message });
      this.seqById.set(message.id, message.seq);
    }
  }

  addStep(step: ReceiptStep, version: number): void {
    this.steps.push({ version, value: step });
  }

  addReceipts(receipts: readonly ReceiptAtSeq[], version: number): void {
    for (const receipt of receipts) {
      const before = this.receiptAt(receipt.seq) ?? receipt;
      this.receipts.set(receipt.seq, { version, value: { seq: receipt.seq, ...joinGroupReceipts(before, receipt) } });
    }
  }

  remove(seqs: Ranges): void {
    for (const [seq, { value }] of this.messages) if (contains(seqs, seq)) this.removeSeq(seq, value.id);
  }

  clear(): void {
    this.messages.clear();
    this.seqById.clear();
    this.steps = [];
    this.receipts.clear();
  }

  /** Messages and receipts of the records up to version `last`, to be put into pages. */
  upTo(last: number): { messages: KeptMessage[]; steps: ReceiptStep[]; counts: ReceiptAtSeq[] } {
    return {
      messages: upToVersion(this.messages.values(), last),
      steps: upToVersion(this.steps, last),
      // All receipts: a receipt of a later record may include one of an earlier record.
      counts: [...this.receipts.values()].map(({ value }) => value),
    };
  }

  /** Forgets messages and receipts of the records up to version `last`: pages hold them now. */
  dropUpTo(last: number): void {
    for (const [seq, { version, value }] of this.messages) if (version <= last) this.removeSeq(seq, value.id);
    for (const [seq, { version }] of this.receipts) if (version <= last) this.receipts.delete(seq);
    if (this.steps.length > 0) this.steps = this.steps.filter(({ version }) => version > last);
  }

  private removeSeq(seq: Seq, id: MessageId): void {
    this.messages.delete(seq);
    this.seqById.delete(id);
  }
}
