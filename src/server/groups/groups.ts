/**
 * Keeps the members of groups: the server's own groups, changed by calls like `createGroup`, or a copy of the
 * host's groups. In both cases every check reads the store's table, in the transaction of its effect (I-25).
 *
 *   createGroup, addMember, removeMember ──┐
 *                                          ├─▶ member rows in the store ─▶ hints to the changed members
 *   directory.members of the host ─────────┘
 *     (at the first use, every 30 s in use, after membersChanged)
 */
import { UsageError } from '../../errors.ts';
import { type ConversationId, conversationTarget, requireId, type UserId } from '../../model/ids.ts';
import { readOptions } from '../../model/option-names.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { HintBus } from '../bus/bus.ts';
import type { Directory, GroupMember } from './directory.ts';
import { changeMembers, type Wanted } from './membership.ts';
import { persist } from '../store/persist.ts';
import type { Role } from '../store/records.ts';
import type { ServerStore } from '../store/server-store.ts';
import { errorDetails, type Log } from '../../logging.ts';

/** The members of a host's group in use are read again after this time. */
const MIRROR_FOR_MS = 30_000;
/** Number of groups with a remembered time of refresh. A forgotten group is refreshed once more. */
const MAX_REMEMBERED = 10_000;

/** Calls of the host about groups. Every call may be repeated: a repeated call changes nothing. */
export interface GroupDoor {
  /**
   * Creates a group with these members, or adds the missing members to an existing group. @throws {UsageError} if
   * `directory.members` is set. `groupId` is the group's id without `group:`, and `members` are its users with their
   * roles.
   */
  createGroup(group: { readonly groupId: string; readonly members: readonly GroupMember[] }): Promise<void>;
  /**
   * Adds a member, or changes the member's role. Default: `member`. @throws {UsageError} if `directory.members` is
   * set. `role` is `member` or `admin`.
   */
  addMember(groupId: string, userId: UserId, options?: { readonly role?: Role }): Promise<void>;
  /**
   * Removes a member. Afterwards the group does not exist for this user. @throws {UsageError} if
   * `directory.members` is set.
   */
  removeMember(groupId: string, userId: UserId): Promise<void>;
  /**
   * Reads `directory.members` again; resolves when the change is stored. Without `directory.members` the call
   * does nothing.
   */
  membersChanged(groupId: string): Promise<void>;
}

export interface Groups extends GroupDoor {
  /**
   * Refreshes the host's groups before use, in the turns of the store's user. The promise never rejects.
   *
   * @returns groups with unknown members: the server has never read them and cannot read them now.
   */
  mirror(groupIds: readonly string[], store: ServerStore): Promise<ReadonlySet<string>>;
  /** `membersChanged` ran for these groups, here or on another server: an answer that the directory gave before may be old. */
  distrust(groupIds: readonly string[]): void;
}

/** The groups named by entries, wants or the like. */
export const groupIdsIn = (named: readonly { readonly conversationId: ConversationId }[]): readonly string[] => [
  ...new Set(named.flatMap(({ conversationId }) => (conversationId.startsWith('group:') ? [conversationTarget(conversationId)] : []))),
];

const roleOf = (role: unknown): Role => {
  if (role === undefined || role === 'member' || role === 'admin') return role ?? 'member';
  throw new UsageError('usage/invalid-argument', `role must be "member" or "admin"; got ${JSON.stringify(role)}`);
};

/**
 * The members in the argument of a call. A directory's answer may have further fields, the argument of a call
 * may not.
 */
const wantedOf = (members: readonly GroupMember[]): Wanted => {
  // An untyped caller may pass any value.
  if (!Array.isArray(members)) throw new UsageError('usage/invalid-argument', 'members must be a list of { userId, role? }');
  return new Map(
    members.map((member: GroupMember | undefined) => {
      const { userId, role } = readOptions(member, 'a member', { userId: 1, role: 1 });
      return [requireId(userId, "a member's userId"), roleOf(role)];
    }),
  );
};

/** The usable members of a directory's answer. A member with an invalid id or role is left out and logged. */
const membersIn = (answer: unknown, core: Pick<GroupsOptions, 'log'>): Wanted => {
  if (!Array.isArray(answer))
    throw new UsageError('usage/invalid-option', `directory.members must answer an array of { userId, role? }; got ${typeof answer}`);
  const wanted = new Map<UserId, Role>();
  for (const member of answer as readonly (Partial<GroupMember> | null)[]) {
    try {
      wanted.set(requireId(member?.userId, 'userId'), roleOf(member?.role));
    } catch (error) {
      core.log('warn', 'member-left-out', errorDetails(error));
    }
  }
  return wanted;
};

interface Refresh {
  at: number;
  /** An earlier refresh succeeded. */
  known: boolean;
  running: Promise<void> | undefined;
  /** The directory may have answered the running refresh too early. */
  isOld: boolean;
}

export interface GroupsOptions {
  readonly store: ServerStore;
  readonly clock: ClockPort;
  readonly bus: HintBus;
  readonly directory: Directory | undefined;
  readonly log: Log;
}

export const createGroups = (core: GroupsOptions): Groups => {
  const { directory, clock, bus } = core;
  const refreshes = new Map<string, Refresh>();

  const change = async (groupId: string, wanted: Wanted, others: 'stay' | 'leave', store = core.store): Promise<void> => {
    const userIds = await persist({ store, clock }, 'members', (tx) => changeMembers(tx, groupId, wanted, others));
    if (userIds.length > 0) bus.publish({ kind: 'changes', userIds });
  };
  const requireOwn = (groupId: string): string => {
    if (directory?.members)
      throw new UsageError('usage/invalid-option', 'directory.members says who is in a group: change it there and call membersChanged');
    return requireId(groupId, 'groupId');
  };

  const notRead = (error: unknown): void => core.log('warn', 'members-not-read', errorDetails(error));
  const refresh = async (groupId: string, store: ServerStore): Promise<void> => {
    if (directory?.members) await change(groupId, membersIn(await directory.members(groupId), core), 'leave', store);
  };
  /** Runs one refresh of a group at a time; later callers wait for the running refresh. */
  const refreshOnce = (groupId: string, afresh: boolean, store = core.store): Promise<void> => {
    const last = refreshes.get(groupId);
    if (last?.running && !afresh) return last.running;
    const before = last?.running?.catch(() => undefined) ?? Promise.resolve();
    const running = before.then(() => refresh(groupId, store));
    const entry: Refresh = { at: clock.mono(), known: last?.known ?? false, running, isOld: false };
    refreshes.delete(groupId);
    refreshes.set(groupId, entry);
    if (refreshes.size > MAX_REMEMBERED) for (const oldest of [...refreshes.keys()].slice(0, MAX_REMEMBERED / 2)) refreshes.delete(oldest);
    const done = (known: boolean): void => {
      entry.known ||= known;
      entry.running = undefined;
      if (entry.isOld && refreshes.get(groupId) === entry) refreshOnce(groupId, true).catch(notRead);
    };
    running.then(
      () => done(true),
      () => done(false),
    );
    return running;
  };

  return {
    createGroup: async (group) => {
      const { groupId, members } = readOptions(group, 'createGroup', { groupId: 1, members: 1 });
      await change(requireOwn(groupId), wantedOf(members), 'stay');
    },
    addMember: async (groupId, userId, how) => {
      const { role } = readOptions(how, 'addMember', { role: 1 });
      await change(requireOwn(groupId), wantedOf([{ userId, role: roleOf(role) }]), 'stay');
    },
    removeMember: async (groupId, userId) => change(requireOwn(groupId), new Map([[requireId(userId, 'userId'), null]]), 'stay'),
    membersChanged: async (groupId) => {
      requireId(groupId, 'groupId');
      if (!directory?.members) return;
      bus.publish({ kind: 'members', groupIds: [groupId] });
      await refreshOnce(groupId, true);
    },
    distrust: (groupIds) => {
      for (const groupId of groupIds) {
        const entry = refreshes.get(groupId);
        if (entry?.running) entry.isOld = true;
        else if (entry) entry.at = -Infinity;
      }
    },
    mirror: async (groupIds, store) => {
      const unknown = new Set<string>();
      if (!directory?.members) return unknown;
      await Promise.all(
        groupIds.map(async (groupId) => {
          const last = refreshes.get(groupId);
          if (last?.known && !last.running && clock.mono() - last.at < MIRROR_FOR_MS) return;
          try {
            await refreshOnce(groupId, false, store);
          } catch (error) {
            // The members known from an earlier refresh stay in force.
            if (!refreshes.get(groupId)?.known) unknown.add(groupId);
            notRead(error);
          }
        }),
      );
      return unknown;
    },
  };
};
