/** The total unread count of users, as their devices derive it from their rows. */
import type { UserId } from '../../model/ids.ts';
import { clearedUnder, countsAbove } from '../../model/registers/flag.ts';
import { range, size, subtract } from '../../model/registers/ranges.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import { reopeningRanges, type UnreadPlace } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';

/** Whether a place is archived, and no message has taken it out of the archive. */
const isArchived = async (tx: ServerReadTx, place: UnreadPlace): Promise<boolean> => {
  const { userId, conversationId, archived } = place.member;
  if (!archived.value) return false;
  const later = reopeningRanges(place, place.member).map((one) => ({ conversationId, range: one }));
  return (await tx.firstCounting(userId, later)).every((seq) => seq === 0);
};

/**
 * The total of each of these users, over the conversations that the user has neither muted nor archived. A user without a
 * total has more than `atMost` messages above the positions: counting them would cost too much.
 */
export const unreadTotals = async (tx: ServerReadTx, userIds: readonly UserId[], atMost: number): Promise<ReadonlyMap<UserId, number>> => {
  const open: { readonly userId: UserId; readonly conversationId: number; readonly parts: ReturnType<typeof subtract> }[] = [];
  for (const place of await tx.unreadPlaces(userIds)) {
    const { userId, conversationId, joinedAt, readUpTo, marked, muted, cleared } = place.member;
    const base = countingBase({ joinedAt, firstSeq: place.firstSeq }, countsAbove(marked, readUpTo));
    if (muted.value || base >= place.latestSeq || (await isArchived(tx, place))) continue;
    open.push({ userId, conversationId, parts: subtract(range(base + 1, place.latestSeq), clearedUnder(marked, readUpTo, cleared)) });
  }
  const totals = new Map([...new Set(userIds)].map((userId) => [userId, 0]));
  const add = (userId: UserId, messages: number): void => void totals.set(userId, totals.get(userId)! + messages);
  for (const { userId, parts } of open) add(userId, size(parts));
  for (const [userId, total] of totals) if (total > atMost) totals.delete(userId);
  const counted = open
    .filter(({ userId }) => totals.has(userId))
    .flatMap(({ userId, conversationId, parts }) => parts.map((part) => ({ userId, conversationId, range: part })));
  for (const [i, messages] of (await tx.uncountedIn(counted)).entries()) add(counted[i]!.userId, -messages);
  return totals;
};
