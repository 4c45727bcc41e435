/** The unread count: derived from a summary and a position, never incremented (I-12, I-13). */
import type { ConversationRow } from './conversation.ts';
import type { Seq } from './ids.ts';
import { above, size } from './ranges.ts';

export interface Unread {
  readonly unreadCount: number;
  readonly exact: boolean;
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
