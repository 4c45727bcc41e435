/**
 * Changes the members of a group: joins, departures and roles, as changes of member rows. A returning member
 * keeps position, receipts and past stays.
 */
import { UsageError } from '../../errors.ts';
import type { Seq, UserId } from '../../model/ids.ts';
import { intersect, NO_RANGES, range, union } from '../../model/registers/ranges.ts';
import { type MemberRecord, NEW_REGISTERS, NO_END, type Role } from '../store/records.ts';
import type { ServerTx } from '../store/server-store.ts';

/** The desired members: a role for each user, `null` to remove the user. */
export type Wanted = ReadonlyMap<UserId, Role | null>;

const joined = (
  conversationId: number,
  userId: UserId,
  before: MemberRecord | undefined,
  role: Role,
  latestSeq: Seq,
  version: number,
): MemberRecord => ({
  ...(before ?? {
    conversationId,
    userId,
    ...NEW_REGISTERS,
  }),
  // A row from before the first join holds flags alone.
  ...(before && before.moves > 0 ? { awaySince: before.awaySince || before.version, backSince: version } : { awaySince: 0, backSince: 0 }),
  joinedAt: latestSeq,
  present: union(before?.present ?? NO_RANGES, [[latestSeq + 1, NO_END]]),
  role,
  moves: (before?.moves ?? 0) + 1,
  version,
});

/** The row of a member who leaves. */
export const leftGroup = (before: MemberRecord, latestSeq: Seq, version: number): MemberRecord => ({
  ...before,
  // Unread counts begin above this seq, so a former member has none.
  joinedAt: latestSeq,
  present: intersect(before.present, range(1, latestSeq)),
  role: null,
  moves: before.moves + 1,
  version,
});

/**
 * Changes a group to the desired members, and creates the group if a member joins. Members already as desired
 * stay untouched.
 *
 * @param others the fate of members not named in `wanted`.
 * @returns users with a change.
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
    await tx.createGroups([groupId]);
    group = await tx.lockGroup(groupId);
  }
  if (!group || group.groupId === null) throw new Error(`the store created the group "${groupId}" and does not find it`);
  const { id, latestSeq } = group;
  // A join to a large group reads one row, not the rows of all members.
  const rows = others === 'leave' ? await tx.members([id]) : await tx.membersNamed(id, [...wanted.keys()]);
  const members = new Map(rows.map((member) => [member.userId, member]));
  const goal = new Map(wanted);
  for (const userId of await tx.deletedUsers([...wanted.keys()])) {
    if (others === 'stay' && wanted.get(userId) !== null)
      throw new UsageError('usage/invalid-argument', `user "${userId}" was deleted and joins no group`);
    goal.set(userId, null);
  }
  if (others === 'leave') for (const userId of members.keys()) if (!goal.has(userId)) goal.set(userId, null);

  const changed: MemberRecord[] = [];
  for (const [userId, role] of goal) {
    const before = members.get(userId);
    const now = before?.role ?? null;
    // A transaction with a later version may have changed the group before this one.
    const version = Math.max(before?.version ?? 0, group.version, tx.version);
    if (now === role) continue;
    if (role === null) changed.push(leftGroup(before!, latestSeq, version));
    else if (now === null) changed.push(joined(id, userId, before, role, latestSeq, version));
    else changed.push({ ...before!, role });
  }
  if (changed.length > 0) await tx.putMembers(changed);
  return changed.map(({ userId }) => userId);
};
