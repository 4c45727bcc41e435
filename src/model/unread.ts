/** The unread count: derived from a summary and a position, never incremented (I-12, I-13). */
import type { ConversationRow, ReadBy } from './conversation.ts';
import type { ConversationId, Seq } from './ids.ts';
import { above, NO_RANGES, range, type Ranges, size, subtract } from './ranges.ts';

export interface Unread {
  readonly unreadCount: number;
  readonly exact: boolean;
}

/** Why a count is what it is: for people who look for the reason. */
export interface UnreadExplanation extends Unread {
  readonly conversationId: ConversationId;
  /** The position in force, inclusive: the server's, or a pending one above it. */
  readonly readUpTo: Seq;
  /** What the server has, and which device of mine put it there when (epoch ms, the server's clock). */
  readonly server: { readonly readUpTo: Seq; readonly by: ReadBy | null };
  /** Entries of this conversation that the server has not answered. */
  readonly pending: readonly { readonly key: string; readonly position: Seq; readonly at: number; readonly sent: boolean }[];
  readonly latestSeq: Seq;
  /** The places counted; empty where only their number is known. */
  readonly counted: Ranges;
  /** Of those, the ones whose messages are not on this device: counted all the same. */
  readonly notHeld: Ranges;
}

/** Nothing at or below this counts as unread. */
export const countingBase = (row: Pick<ConversationRow, 'joinedAt' | 'firstSeq'>, readUpTo: Seq): Seq =>
  Math.max(readUpTo, row.joinedAt, row.firstSeq - 1);

/**
 * Messages above the position that count for me: exact with or without the messages themselves.
 *
 * @param readUpTo the position in force: the row's own, or a pending one above it.
 */
export const unreadAt = (row: ConversationRow, readUpTo: Seq): Unread => {
  const base = countingBase(row, readUpTo);
  const { counted } = row;
  if (!counted || base >= counted.upTo)
    return { unreadCount: Math.max(0, row.latestSeq - base - size(above(row.uncounted, base))), exact: true };
  const later = row.latestSeq - counted.upTo - size(above(row.uncounted, counted.upTo));
  if (base === counted.at) return { unreadCount: counted.count + Math.max(0, later), exact: true };
  // Somewhere within the stretch that was only counted: at worst every uncounted message lies above the base.
  const uncounted = counted.upTo - counted.at - counted.count;
  return { unreadCount: Math.max(0, counted.upTo - base - uncounted) + Math.max(0, later), exact: false };
};

/** The places that count above a position; none where the row gives their number alone. */
export const countedAt = (row: ConversationRow, readUpTo: Seq): Ranges => {
  const base = countingBase(row, readUpTo);
  const from = row.counted && base < row.counted.upTo ? row.latestSeq : base;
  return from >= row.latestSeq ? NO_RANGES : subtract(range(from + 1, row.latestSeq), row.uncounted);
};
