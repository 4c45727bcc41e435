/** What was compared, and what was not the same; and how a row is read, one by one. */
import type { ConversationRow } from '../../src/model/conversation.ts';

/** One kind of thing that was compared, how often, and where it was not the same. */
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

/** What a row says is at most this many ranges; with as many, what lies below them counts as told. */
const TOLD_RANGES = 64;

type Ranges = ConversationRow['uncounted'];

export const covers = (ranges: Ranges, seq: number): boolean =>
  ranges.some(([from, upTo]) => from <= seq && seq <= upTo) || (ranges.length >= TOLD_RANGES && seq < ranges[0]![0]);

/** Counted one by one, by what the row says does not count. */
export const unreadIn = (row: ConversationRow): number => {
  let count = 0;
  for (let seq = row.readUpTo + 1; seq <= row.latestSeq; seq++) if (!covers(row.uncounted, seq)) count++;
  return count;
};
