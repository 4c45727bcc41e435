/**
 * Groups and who is in them: the server's own, told by `createGroup` and its like, or the host's, mirrored. Either way every check is
 * made against the store's table, in the transaction of its effect (I-25).
 */
import { UsageError } from '../../errors.ts';
import { type ConversationId, conversationTarget, requireId, type UserId } from '../../model/ids.ts';
import { readOptions } from '../../model/option-names.ts';
import type { ClockPort } from '../../ports/ports.ts';
import type { HintBus } from '../bus.ts';
import type { Directory, GroupMember } from './directory.ts';
import { changeMembers, type Wanted } from './membership.ts';
import { persist } from '../store/persist.ts';
import type { Role, ServerStore } from '../store/server-store.ts';

/** A mirrored group in use is looked at anew after this long. */
const MIRROR_FOR_MS = 30_000;
/** Groups whose last look is remembered; a forgotten one is looked at once more. */
const MAX_REMEMBERED = 10_000;

/** What a host may do with groups. All of it may be repeated: what is so already stays as it is. */
export interface GroupDoor {
  /** Makes a group with these members, or adds to it whoever is missing. @throws {UsageError} where the groups are the host's own. */
  createGroup(group: { readonly groupId: string; readonly members: readonly GroupMember[] }): Promise<void>;
  /** Adds a member, or changes their role. Default: `member`. @throws {UsageError} where the groups are the host's own. */
  addMember(groupId: string, userId: UserId, options?: { readonly role?: Role }): Promise<void>;
  /** From here on the group does not exist for them. @throws {UsageError} where the groups are the host's own. */
  removeMember(groupId: string, userId: UserId): Promise<void>;
  /** Looks at the host's `directory.members` now; resolves when it is in force. Without one there is nothing to look at. */
  membersChanged(groupId: string): Promise<void>;
}

export interface Groups extends GroupDoor {
  /**
   * Brings the host's groups up to date before they are used, in the turns of the store's user. Never rejects.
   *
   * @returns Groups that were never seen and cannot be asked for now: nothing is known of them.
   */
  mirror(groupIds: readonly string[], store: ServerStore): Promise<ReadonlySet<string>>;
}

/** The groups that entries, wants or the like name. */
export const groupIdsIn = (named: readonly { readonly conversationId: ConversationId }[]): readonly string[] => [
  ...new Set(named.flatMap(({ conversationId }) => (conversationId.startsWith('group:') ? [conversationTarget(conversationId)] : []))),
];

const roleOf = (role: unknown): Role => {
  if (role === undefined || role === 'member' || role === 'admin') return role ?? 'member';
  throw new UsageError('usage/invalid-argument', `role must be "member" or "admin"; got ${JSON.stringify(role)}`);
};

/** The members that a call names. A directory's answer may have further fields, the argument of a call may not. */
const wantedOf = (members: readonly GroupMember[]): Wanted => {
  // A caller without types may give any value.
  if (!Array.isArray(members)) throw new UsageError('usage/invalid-argument', 'members must be a list of { userId, role? }');
  return new Map(
    members.map((member: GroupMember | undefined) => {
      const { userId, role } = readOptions(member, 'a member', { userId: 1, role: 1 });
      return [requireId(userId, "a member's userId"), roleOf(role)];
    }),
  );
};

/** What the host says of a group, as far as it can be used: a member that the server cannot name is left out, and told to the log. */
const membersIn = (answer: unknown, core: Pick<GroupsOptions, 'log'>): Wanted => {
  if (!Array.isArray(answer))
    throw new UsageError('usage/invalid-option', `directory.members must answer an array of { userId, role? }; got ${typeof answer}`);
  const wanted = new Map<UserId, Role>();
  for (const member of answer as readonly (Partial<GroupMember> | null)[]) {
    try {
      wanted.set(requireId(member?.userId, 'userId'), roleOf(member?.role));
    } catch (error) {
      core.log('directory.members names a member that cannot be one, and is left out', error);
    }
  }
  return wanted;
};

export interface GroupsOptions {
  readonly store: ServerStore;
  readonly clock: ClockPort;
  readonly bus: HintBus;
  readonly directory: Directory | undefined;
  log(message: string, detail?: unknown): void;
}

export const createGroups = (core: GroupsOptions): Groups => {
  const { directory, clock, bus } = core;
  const refreshes = new Map<string, { at: number; known: boolean; running: Promise<void> | undefined }>();

  const change = async (groupId: string, wanted: Wanted, others: 'stay' | 'leave', store = core.store): Promise<void> => {
    const userIds = await persist({ store, clock }, 'members', (tx) => changeMembers(tx, groupId, wanted, others));
    if (userIds.length > 0) bus.publish({ kind: 'changes', userIds });
  };
  const requireOwn = (groupId: string): string => {
    if (directory?.members)
      throw new UsageError('usage/invalid-option', 'directory.members says who is in a group: change it there and call membersChanged');
    return requireId(groupId, 'groupId');
  };

  const refresh = async (groupId: string, store: ServerStore): Promise<void> => {
    if (directory?.members) await change(groupId, membersIn(await directory.members(groupId), core), 'leave', store);
  };
  /** One look at a time; whoever comes meanwhile waits for it. */
  const refreshOnce = (groupId: string, afresh: boolean, store = core.store): Promise<void> => {
    const last = refreshes.get(groupId);
    if (last?.running && !afresh) return last.running;
    const before = last?.running?.catch(() => undefined) ?? Promise.resolve();
    const running = before.then(() => refresh(groupId, store));
    const entry = { at: clock.mono(), known: last?.known ?? false, running: running as Promise<void> | undefined };
    refreshes.delete(groupId);
    refreshes.set(groupId, entry);
    if (refreshes.size > MAX_REMEMBERED) for (const oldest of [...refreshes.keys()].slice(0, MAX_REMEMBERED / 2)) refreshes.delete(oldest);
    const done = (known: boolean): void => {
      entry.known ||= known;
      if (entry.running === running) entry.running = undefined;
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
      if (directory?.members) await refreshOnce(groupId, true);
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
            // What was true a while ago still is, as far as the server can tell.
            if (!refreshes.get(groupId)?.known) unknown.add(groupId);
            core.log('the members of a group could not be had; those known stay', error);
          }
        }),
      );
      return unknown;
    },
  };
};
