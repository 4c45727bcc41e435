/**
 * Entries confirmed by the server in the last days. After a loss of history at the server, for example with a copy
 * restored from a backup, the device offers them again (F67). The list is bounded by age, number and size; the oldest
 * entries leave first (I-22).
 */
import type { MessageId } from '../../model/ids.ts';
import type { OutboxEntry } from '../../model/outbox-entry.ts';
import { LayeredMap } from './layered-map.ts';

/** Greatest age of a kept entry, measured from the newest entry by the device's own clock. The clock decides nothing else here. */
const KEPT_MS = 3 * 24 * 60 * 60 * 1000;
const MAX_KEPT = 2000;
/** Characters of message bodies and mentions that are kept. */
const MAX_KEPT_TEXT = 512 * 1024;

const textOf = (entry: OutboxEntry): number =>
  entry.kind === 'message' ? entry.message.body.length + JSON.stringify(entry.message.mentions ?? '').length : 0;

export class RecentlyConfirmed {
  private constructor(
    private readonly entries: Map<string, OutboxEntry>,
    private text: number,
  ) {}

  static of(entries: readonly OutboxEntry[] = []): RecentlyConfirmed {
    const text = entries.reduce((sum, entry) => sum + textOf(entry), 0);
    return new RecentlyConfirmed(new Map(entries.map((entry) => [entry.key, entry])), text);
  }

  /** A copy for a draft. This list stays unchanged. */
  fork(): RecentlyConfirmed {
    return new RecentlyConfirmed(new LayeredMap(this.entries), this.text);
  }

  /** Takes the changes of a copy. The copy is not used any more. */
  adopt(copy: RecentlyConfirmed): void {
    (copy.entries as LayeredMap<string, OutboxEntry>).settle();
    this.text = copy.text;
  }

  /** Oldest first. */
  get all(): readonly OutboxEntry[] {
    return [...this.entries.values()];
  }

  keep(entry: OutboxEntry): void {
    this.entries.set(entry.key, entry);
    this.text += textOf(entry);
    for (const [, oldest] of this.entries) {
      if (this.entries.size <= MAX_KEPT && this.text <= MAX_KEPT_TEXT && entry.at - oldest.at <= KEPT_MS) break;
      this.take(oldest.key);
    }
  }

  /** Forgets a recalled message: a server without the message must not get the message back. */
  forgetMessage(id: MessageId): void {
    for (const entry of this.entries.values()) if (entry.kind === 'message' && entry.message.id === id) this.take(entry.key);
  }

  take(key: string): OutboxEntry | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.text -= textOf(entry);
    return entry;
  }
}
