/** The outbox's records, and their copy in memory. */
import type { PendingReceipts } from './pending.ts';

/** Receipts refused for good. */
export interface OutboxDeadLetter {
  /** The dead letter's id, for `dismiss`. */
  readonly id: string;
  /** The receipts that the backend refused. */
  readonly receipts: PendingReceipts;
  /** The backend's code, as the adapter named it. */
  readonly code: string;
  /** Epoch ms by this device's clock. */
  readonly at: number;
}

/** The place up to which the backend has taken receipts of this device. */
export interface Taken {
  readonly upTo: number;
  readonly at: number;
}

/** Older dead letters are dropped. */
export const MAX_DEAD_LETTERS = 100;
/** Older places are dropped. */
export const MAX_TAKEN = 1000;

export const FENCE = 'fence';
export const pendingKey = (conversation: string): string => `pending:${conversation}`;
export const takenKey = (conversation: string): string => `taken:${conversation}`;
export const deadKey = (id: string): string => `dead:${id}`;

export class Records {
  readonly pending = new Map<string, PendingReceipts>();
  readonly taken = new Map<string, Taken>();
  readonly dead = new Map<string, OutboxDeadLetter>();

  /** Replaces the copy by the records of the store. */
  load(records: ReadonlyMap<string, unknown>): void {
    for (const map of [this.pending, this.taken, this.dead]) map.clear();
    for (const [key, record] of records) this.set(key, record);
  }

  /** @param record undefined for a deleted record. */
  set(key: string, record: unknown): void {
    const [, kind, id] = /^(pending|taken|dead):([^]*)$/.exec(key) ?? [];
    if (kind === undefined || id === undefined) return;
    const map: Map<string, unknown> = this[kind as 'pending' | 'taken' | 'dead'];
    if (record === undefined) map.delete(id);
    else map.set(id, record);
  }

  /** The keys of records over the limits, oldest first. */
  surplus(): string[] {
    const oldest = <T extends { readonly at: number }>(map: ReadonlyMap<string, T>, most: number): string[] =>
      [...map.entries()]
        .sort(([, a], [, b]) => a.at - b.at)
        .slice(0, Math.max(0, map.size - most))
        .map(([id]) => id);
    return [...oldest(this.dead, MAX_DEAD_LETTERS).map(deadKey), ...oldest(this.taken, MAX_TAKEN).map(takenKey)];
  }
}
