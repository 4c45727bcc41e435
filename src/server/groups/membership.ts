/** Who is in a group: joins, leaves and roles as changes of member rows. A re-joiner keeps position, receipts and what was counted. */
import { UNMARKED, UNSET } from '../../model/flag.ts';
import type { Seq, UserId } from '../../model/ids.ts';
import { intersect, NO_RANGES, range, union } from '../../model/ranges.ts';
import { NO_RECEIPTS_SENT } from '../../model/receipt.ts';
import { type MemberRecord, NO_END, type Role, type ServerTx } from '../store/server-store.ts';

/** What is wanted of a group: `null` for whoever is to be in it no more. */
export type Wanted = ReadonlyMap<UserId, Role | null>;

const joined = (
  conversationId: number,
  userId: UserId,
  before: MemberRecord | undefined,
  role: Role,
  head: Seq,
  version: number,
): MemberRecord => ({
  ...(before ?? { conversationId, userId, readUpTo: 0, readBy: null, ...NO_RECEIPTS_SENT, muted: UNSET, marked: UNMARKED }),
  ...(before ? { awaySince: before.awaySince || before.version, backSince: version } : { awaySince: 0, backSince: 0 }),
  joinedAt: head,
  present: union(before?.present ?? NO_RANGES, [[head + 1, NO_END]]),
  role,
  version,
});

const left = (before: MemberRecord, head: Seq, version: number): MemberRecord => ({
  ...before,
  // Unread counts begin above it: for who is gone there are none.
  joinedAt: head,
  present: intersect(before.present, range(1, head)),
  role: null,
  version,
});

/**
 * Brings a group to what is wanted, making it where somebody is to be in it; what is so already stays untouched.
 *
 * @param others what becomes of members that are not named.
 * @returns whom it changed something for.
 */
export const changeMembers = async (
  tx: ServerTx,
  groupId: string,
  wanted: Wanted,
  others: 'stay' | 'leave',
): Promise<readonly UserId[]> => {
  let group = await tx.lockGroup(groupId);
  if (!group) {
    if (others === 'leave' ? wanted.size === 0 : wanted.size > 0 && [...wanted.values()].every((role) => role === null)) return [];
    await tx.createGroup(groupId);
    group = await tx.lockGroup(groupId);
  }
  if (!group) throw new Error(`group ${groupId} was made and is not there`);
  const { id, latestSeq } = group;
  // One who joins a large group costs one row, not a look at everybody.
  const rows = others === 'leave' ? await tx.members([id]) : await tx.membersNamed(id, [...wanted.keys()]);
  const members = new Map(rows.map((member) => [member.userId, member]));
  const goal = new Map(wanted);
  if (others === 'leave') for (const userId of members.keys()) if (!goal.has(userId)) goal.set(userId, null);

  const changed: MemberRecord[] = [];
  for (const [userId, role] of goal) {
    const before = members.get(userId);
    const now = before?.role ?? null;
    // A transaction with a later version may have held the group before this one.
    const version = Math.max(before?.version ?? 0, tx.version);
    if (now === role) continue;
    if (role === null) changed.push(left(before!, latestSeq, version));
    else if (now === null) changed.push(joined(id, userId, before, role, latestSeq, version));
    else changed.push({ ...before!, role });
  }
  if (changed.length > 0) await tx.putMembers(changed);
  return changed.map(({ userId }) => userId);
};
