/** The unread count and the count of mentions, derived from the server's row and a read position, and never incremented (I-12, I-13). */
import type { ConversationRow, ReadBy } from './conversation.ts';
import { clearedUnder, countsAbove, type Mark } from '../registers/flag.ts';
import type { ConversationId, MessageId, Seq } from '../ids.ts';
import { above, intersect, NO_RANGES, range, type Ranges, size, subtract, union } from '../registers/ranges.ts';

export interface Unread {
  readonly unreadCount: number;
  readonly exact: boolean;
}

/** The first unread message of a conversation, and the number of unread messages, at one moment. */
export interface FirstUnread {
  /** The place of the message in its conversation. */
  readonly seq: Seq;
  /** `null` while this device does not store the message. */
  readonly messageId: MessageId | null;
  /** The number of unread messages at that moment. */
  readonly count: number;
}

/** The parts of an unread count, to explain its value to people. */
export interface UnreadExplanation extends Unread {
  /** The conversation. */
  readonly conversationId: ConversationId;
  /** The read position in force, inclusive: the position of the server, or a pending position above it. */
  readonly readUpTo: Seq;
  /** The message from which on the user marked the conversation unread; null without such a mark. */
  readonly markedFrom: Seq | null;
  /**
   * The position at the server, with its device and time. `readUpTo` is inclusive; `by` names the device and the time,
   * null if the server does not know them.
   */
  readonly server: { readonly readUpTo: Seq; readonly by: ReadBy | null };
  /**
   * Pending entries of this conversation. `at`: epoch ms by this device's clock. `key` is the idempotency key,
   * `position` the position that the entry sets, `sent` whether the entry is on its way.
   */
  readonly pending: readonly {
    readonly key: string;
    readonly position: Seq;
    /** Messages cleared one by one by the entry. */
    readonly cleared: Ranges;
    readonly at: number;
    readonly sent: boolean;
  }[];
  /** The newest message known to this device; 0 if there is none. */
  readonly latestSeq: Seq;
  /**
   * Messages above the position that do not count: own, not countable, recalled, cleared one by one, or of a sender who does not count. If
   * the server told only the number of unread messages, these are the cleared ones alone.
   */
  readonly uncounted: Ranges;
  /** The counted messages; empty if only their number is known. */
  readonly counted: Ranges;
  /** The counted messages not stored on this device. */
  readonly notHeld: Ranges;
}

/** Messages at or below this `seq` never count as unread. */
export const countingBase = (row: Pick<ConversationRow, 'joinedAt' | 'firstSeq'>, readUpTo: Seq): Seq =>
  Math.max(readUpTo, row.joinedAt, row.firstSeq - 1);

/** The row says for each message above this `seq` whether it counts. */
const coveredAbove = (row: ConversationRow): Seq =>
  countingBase(row, row.marked.counted ? row.readUpTo : countsAbove(row.marked, row.readUpTo));

/** Messages cleared one by one, at a position and under a mark. */
interface Cleared {
  /** Those that do not count. */
  readonly inForce: Ranges;
  /** Those about which a number in the row may be wrong: they were cleared since, or a mark counts them again since. */
  readonly changed: { readonly since: Ranges; readonly again: Ranges };
}

const clearedAt = (row: ConversationRow, readUpTo: Seq, mark: Mark, pending: Ranges): Cleared => {
  const inForce = clearedUnder(mark, readUpTo, union(row.cleared, pending));
  const atServer = clearedUnder(row.marked, row.readUpTo, row.cleared);
  return { inForce, changed: { since: subtract(inForce, atServer), again: subtract(atServer, inForce) } };
};

/** How far a number in the row may be too high in `(base, upTo]`, and whether it may be too low. */
const doubt = ({ changed: { since, again } }: Cleared, base: Seq, upTo: Seq): { readonly tooHigh: number; readonly tooLow: boolean } => {
  const part = range(base + 1, upTo);
  return { tooHigh: size(intersect(since, part)), tooLow: intersect(again, part).length > 0 };
};

/** The number of messages that count above a base that the row covers. */
const countAbove = (row: ConversationRow, base: Seq, cleared: Cleared): Unread => {
  const { counted } = row;
  const uncounted = union(row.uncounted, cleared.inForce);
  const numberAbove = (seq: Seq): number => size(subtract(range(seq + 1, row.latestSeq), uncounted));
  if (!counted || base >= counted.upTo) return { unreadCount: numberAbove(base), exact: true };
  const later = numberAbove(counted.upTo);
  const { tooHigh, tooLow } = doubt(cleared, base, counted.upTo);
  if (base === counted.at) return { unreadCount: Math.max(0, counted.count - tooHigh) + later, exact: tooHigh === 0 && !tooLow };
  // The base is inside the range of which only the number is known. The lower bound: all messages that do not count are above the base.
  const notCounted = counted.upTo - counted.at - counted.count;
  return { unreadCount: Math.max(0, counted.upTo - base - notCounted - tooHigh) + later, exact: false };
};

/** The number of unread messages that mention me, at a read position, from the row alone. The parameters are those of {@link unreadAt}. */
export const mentionsAt = (
  row: ConversationRow,
  readUpTo: Seq,
  mark: Mark = row.marked,
  pending: Ranges = NO_RANGES,
): { readonly mentionCount: number; readonly exact: boolean } => {
  const base = countingBase(row, readUpTo);
  const cleared = clearedAt(row, readUpTo, mark, pending);
  const { mentionsCounted: counted } = row;
  if (!counted) return { mentionCount: size(subtract(above(row.mentions, base), union(row.uncounted, cleared.inForce))), exact: true };
  if (base >= counted.upTo) return { mentionCount: 0, exact: counted.upTo >= row.latestSeq };
  // Only the number is known. The lower bound: every message up to the base and every message cleared above it mentions me.
  const { tooHigh, tooLow } = doubt(cleared, base, counted.upTo);
  const maybe = base - counted.at + tooHigh;
  return { mentionCount: Math.max(0, counted.count - maybe), exact: maybe === 0 && !tooLow };
};

/**
 * Computes the unread count at a read position from the row alone, without messages.
 *
 * @param readUpTo the position in force: the row's own position, or a pending position above it.
 * @param mark the mark in force: the row's own mark, or a pending mark that wins over it.
 * @param pending messages that this device cleared one by one, beside those that the row names.
 */
export const unreadAt = (row: ConversationRow, readUpTo: Seq, mark: Mark = row.marked, pending: Ranges = NO_RANGES): Unread => {
  const base = countingBase(row, countsAbove(mark, readUpTo));
  const covered = coveredAbove(row);
  const cleared = clearedAt(row, readUpTo, mark, pending);
  if (base >= covered) return countAbove(row, base, cleared);
  // This device marked messages unread that the row does not cover yet.
  const { upTo, count, exact } = mark.counted ?? { upTo: 0, count: 0, exact: false };
  const from = Math.max(upTo, covered);
  const marked = range(base + 1, from);
  // Messages that have ended since the mark may be among the counted ones.
  const mayHaveEnded = base > countsAbove(mark, readUpTo);
  const maybeCounted = size(intersect(cleared.inForce, marked));
  const later = countAbove(row, from, cleared);
  return {
    unreadCount: Math.max(0, Math.min(count, size(marked)) - maybeCounted) + later.unreadCount,
    exact: exact && later.exact && covered <= upTo && maybeCounted === 0 && !mayHaveEnded,
  };
};

/** True if the row does not name the messages that count above this base: it does not cover them, or carries their number alone. */
const isUnnamed = (row: ConversationRow, base: Seq): boolean =>
  base < coveredAbove(row) || (row.counted !== null && base < row.counted.upTo);

/** The unread messages; none if only their number is known. The parameters are those of {@link unreadAt}. */
export const countedAt = (row: ConversationRow, readUpTo: Seq, mark: Mark = row.marked, pending: Ranges = NO_RANGES): Ranges => {
  const base = countingBase(row, countsAbove(mark, readUpTo));
  if (isUnnamed(row, base)) return NO_RANGES;
  return subtract(range(base + 1, row.latestSeq), union(row.uncounted, clearedAt(row, readUpTo, mark, pending).inForce));
};

/** The messages above the position that do not count. If the row does not name them, these are the cleared ones. */
export const uncountedAt = (row: ConversationRow, readUpTo: Seq, mark: Mark = row.marked, pending: Ranges = NO_RANGES): Ranges => {
  const base = countingBase(row, countsAbove(mark, readUpTo));
  const { inForce } = clearedAt(row, readUpTo, mark, pending);
  return intersect(range(base + 1, row.latestSeq), isUnnamed(row, base) ? inForce : union(row.uncounted, inForce));
};
