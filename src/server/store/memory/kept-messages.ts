/**
 * The messages of one conversation that the memory store keeps, by seq and without a gap. Older messages have ended. A user may have many
 * unread messages, and each pull asks for what is new and for what does not count. So both are found without a look at all messages.
 */
import type { Seq, UserId } from '../../../model/ids.ts';
import type { Range } from '../../../model/registers/ranges.ts';
import type { MessageRecord } from '../records.ts';

/** A message that counts for all users but its sender, and mentions none. */
const isPlain = ({ countable, recalled, mentions, uncountedFor }: MessageRecord): boolean =>
  countable && !recalled && mentions === null && uncountedFor.length === 0;

export class KeptMessages {
  private list: MessageRecord[] = [];
  /** The runs of consecutive messages of each sender, in their order. */
  private readonly runs = new Map<UserId, [Seq, Seq][]>();
  /** The messages that are or were not plain. */
  private readonly special = new Set<Seq>();
  /** The messages with a version above that of a later message. */
  private readonly outOfOrder = new Set<Seq>();

  /** @param ended the newest seq that has ended; 0 if none has. */
  constructor(private ended: Seq) {}

  get all(): readonly MessageRecord[] {
    return this.list;
  }

  get(seq: Seq): MessageRecord | undefined {
    return this.list[seq - 1 - this.ended];
  }

  within([from, upTo]: Range): MessageRecord[] {
    return this.list.slice(Math.max(0, from - 1 - this.ended), Math.max(0, upTo - this.ended));
  }

  /** @throws if the message leaves a gap. @returns a function that undoes the write. */
  add(message: MessageRecord): () => void {
    if (message.seq !== this.ended + this.list.length + 1) throw new Error(`the seq of message ${message.id} leaves a gap`);
    this.list.push(message);
    const undo = this.addToRun(message);
    if (!isPlain(message)) this.special.add(message.seq);
    for (let i = this.list.length - 2; i >= 0 && this.list[i]!.version > message.version; i--) this.outOfOrder.add(this.list[i]!.seq);
    return () => {
      this.list.pop();
      undo();
    };
  }

  /** Replaces a message. */
  put(message: MessageRecord): void {
    this.list[message.seq - 1 - this.ended] = message;
    if (!isPlain(message)) this.special.add(message.seq);
    this.outOfOrder.add(message.seq);
  }

  /** The messages with a higher version, in no order. */
  changedAfter(version: number): readonly MessageRecord[] {
    const changed: MessageRecord[] = [];
    let i = this.list.length - 1;
    for (; i >= 0; i--) {
      const message = this.list[i]!;
      if (message.version > version) changed.push(message);
      else if (!this.outOfOrder.has(message.seq)) break;
    }
    const below = this.list[i]?.seq ?? 0;
    for (const seq of this.outOfOrder) {
      const message = seq < below ? this.get(seq) : undefined;
      if (message && message.version > version) changed.push(message);
    }
    return changed;
  }

  /** The parts of the range in which all messages are of the sender. */
  ofSender(sender: UserId, [from, upTo]: Range): readonly Range[] {
    const [first, last] = [Math.max(from, this.ended + 1), Math.min(upTo, this.ended + this.list.length)];
    const runs = this.runs.get(sender) ?? [];
    const found: Range[] = [];
    for (let i = runs.length - 1; i >= 0 && runs[i]![1] >= first; i--)
      if (runs[i]![0] <= last) found.push([Math.max(runs[i]![0], first), Math.min(runs[i]![1], last)]);
    return found.reverse();
  }

  /** All messages of the range that may mention a user, or may not count for a user beside their sender. */
  specialIn([from, upTo]: Range): readonly MessageRecord[] {
    return [...this.special].filter((seq) => from <= seq && seq <= upTo).flatMap((seq) => this.get(seq) ?? []);
  }

  private addToRun({ seq, senderId }: MessageRecord): () => void {
    let runs = this.runs.get(senderId);
    if (!runs) this.runs.set(senderId, (runs = []));
    const last = runs[runs.length - 1];
    if (last?.[1] === seq - 1) {
      last[1] = seq;
      return () => void last[1]--;
    }
    runs.push([seq, seq]);
    return () => void runs.pop();
  }

  /** Removes the messages up to this one. @returns these messages, and a function that undoes the write. */
  end(upTo: Seq): { readonly removed: readonly MessageRecord[]; readonly undo: () => void } {
    const { list, ended } = this;
    const removed = this.within([ended + 1, upTo]);
    this.list = list.slice(removed.length);
    this.ended += removed.length;
    return {
      removed,
      undo: () => {
        this.list = list;
        this.ended = ended;
      },
    };
  }
}
