/** The messages of one conversation that the memory store keeps, by seq and without a gap. Older messages have ended. */
import type { Seq } from '../../../model/ids.ts';
import type { Range } from '../../../model/registers/ranges.ts';
import type { MessageRecord } from '../records.ts';

export class KeptMessages {
  private list: MessageRecord[] = [];

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
    return () => void this.list.pop();
  }

  /** Replaces a message. */
  put(message: MessageRecord): void {
    this.list[message.seq - 1 - this.ended] = message;
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
