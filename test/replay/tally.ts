/** Counts comparisons and differences, and reads a row message by message. */
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';

/** One kind of compared value: the number of comparisons, and the differences. */
export interface Comparison {
  readonly what: string;
  readonly compared: number;
  readonly mismatches: readonly string[];
}

export class Tally {
  readonly #kinds = new Map<string, { compared: number; mismatches: string[] }>();

  same(what: string, where: string, found: unknown, recounted: unknown): void {
    let kind = this.#kinds.get(what);
    if (!kind) this.#kinds.set(what, (kind = { compared: 0, mismatches: [] }));
    kind.compared++;
    if (found !== recounted) kind.mismatches.push(`${what}, ${where}: ${String(found)}, recounted ${String(recounted)}`);
  }

  get comparisons(): Comparison[] {
    return [...this.#kinds].map(([what, kind]) => ({ what, ...kind }));
  }
}

/** Maximum number of ranges in a row. In a row with this many ranges, messages below the ranges count as covered. */
const TOLD_RANGES = 64;

type Ranges = ConversationRow['uncounted'];

export const covers = (ranges: Ranges, seq: number): boolean =>
  ranges.some(([from, upTo]) => from <= seq && seq <= upTo) || (ranges.length >= TOLD_RANGES && seq < ranges[0]![0]);

/** The unread messages of a row, each counted. */
export const unreadIn = (row: ConversationRow): number => {
  let count = 0;
  for (let seq = row.readUpTo + 1; seq <= row.latestSeq; seq++) if (!covers(row.uncounted, seq)) count++;
  return count;
};
