/** The unread count and the count of mentions, derived from the server's row and a read position, and never incremented (I-12, I-13). */
import type { ConversationRow, ReadBy } from './conversation.ts';
import { countsAbove, type Mark } from './flag.ts';
import type { ConversationId, Seq } from './ids.ts';
import { above, NO_RANGES, range, type Ranges, size, subtract } from './ranges.ts';

export interface Unread {
  readonly unreadCount: number;
  readonly exact: boolean;
}

/** The parts of an unread count, to explain its value to people. */
export interface UnreadExplanation extends Unread {
  readonly conversationId: ConversationId;
  /** The read position in force, inclusive: the position of the server, or a pending position above it. */
  readonly readUpTo: Seq;
  /** The message from which on the user marked the conversation unread; null without such a mark. */
  readonly markedFrom: Seq | null;
  /** The position at the server, with its device and time. */
  readonly server: { readonly readUpTo: Seq; readonly by: ReadBy | null };
  /** Pending entries of this conversation. `at`: epoch ms by this device's clock. */
  readonly pending: readonly { readonly key: string; readonly position: Seq; readonly at: number; readonly sent: boolean }[];
  readonly latestSeq: Seq;
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

/** The number of messages that count above a base that the row covers. */
const countAbove = (row: ConversationRow, base: Seq): Unread => {
  const { counted } = row;
  if (!counted || base >= counted.upTo)
    return { unreadCount: Math.max(0, row.latestSeq - base - size(above(row.uncounted, base))), exact: true };
  const later = row.latestSeq - counted.upTo - size(above(row.uncounted, counted.upTo));
  if (base === counted.at) return { unreadCount: counted.count + Math.max(0, later), exact: true };
  // The base is inside the range of which only the number is known. The lower bound: all uncounted messages are above the base.
  const uncounted = counted.upTo - counted.at - counted.count;
  return { unreadCount: Math.max(0, counted.upTo - base - uncounted) + Math.max(0, later), exact: false };
};

/** The number of unread messages that mention me, at a read position, from the row alone. */
export const mentionsAt = (row: ConversationRow, readUpTo: Seq): { readonly mentionCount: number; readonly exact: boolean } => {
  const base = countingBase(row, readUpTo);
  const { mentionsCounted: counted } = row;
  if (!counted) return { mentionCount: size(subtract(above(row.mentions, base), row.uncounted)), exact: true };
  if (base >= counted.upTo) return { mentionCount: 0, exact: counted.upTo >= row.latestSeq };
  // The base is inside the range of which only the number is known. The lower bound: every message up to the base mentions me.
  return { mentionCount: Math.max(0, counted.count - (base - counted.at)), exact: base === counted.at };
};

/**
 * Computes the unread count at a read position from the row alone, without messages.
 *
 * @param readUpTo the position in force: the row's own position, or a pending position above it.
 * @param mark the mark in force: the row's own mark, or a pending mark that wins over it.
 */
export const unreadAt = (row: ConversationRow, readUpTo: Seq, mark: Mark = row.marked): Unread => {
  const base = countingBase(row, countsAbove(mark, readUpTo));
  const covered = coveredAbove(row);
  if (base >= covered) return countAbove(row, base);
  // This device marked messages unread that the row does not cover yet.
  const { upTo, count, exact } = mark.counted ?? { upTo: 0, count: 0, exact: false };
  const later = countAbove(row, Math.max(upTo, covered));
  return { unreadCount: count + later.unreadCount, exact: exact && later.exact && covered <= upTo };
};

/** The unread messages; none if only their number is known. The parameters are those of {@link unreadAt}. */
export const countedAt = (row: ConversationRow, readUpTo: Seq, mark: Mark = row.marked): Ranges => {
  const base = countingBase(row, countsAbove(mark, readUpTo));
  if (base < coveredAbove(row)) return NO_RANGES;
  const from = row.counted && base < row.counted.upTo ? row.latestSeq : base;
  return from >= row.latestSeq ? NO_RANGES : subtract(range(from + 1, row.latestSeq), row.uncounted);
};
