/**
 * Locks the conversations of one submitted frame, with the member rows of its author. Creates a missing direct chat
 * for its first message, and any missing conversation for a flag.
 */
import { conversationTarget, type ConversationId, type UserId } from '../../model/ids.ts';
import { NO_RANGES } from '../../model/registers/ranges.ts';
import type { WireConversationEntry } from '../../protocol/submit.ts';
import { type ConversationRecord, hasFlags, type MemberRecord, nameOf, NEW_REGISTERS } from '../store/records.ts';
import type { ServerReadTx, ServerTx } from '../store/server-store.ts';

/**
 * Returns whether an entry sets a flag. Flags are private, so the server asks no permission of the peer or of the group, and keeps a flag
 * even before the first message of the chat, and before the user is a member of the group.
 */
export const setsFlag = (entry: WireConversationEntry): boolean =>
  entry.kind === 'receipts' && Boolean(entry.muted ?? entry.marked ?? entry.archived);

/**
 * Peers of direct chats needed by this frame and not yet existing for its author: for first messages, and for
 * flags of chats without a message.
 */
const missingDirectChats = (
  entries: readonly WireConversationEntry[],
  names: ReadonlySet<ConversationId>,
  isStored: (id: string) => boolean,
  mayWrite: (peer: UserId) => boolean,
): ReadonlySet<UserId> => {
  const missing = new Set<UserId>();
  for (const entry of entries) {
    const { conversationId } = entry;
    if (conversationId.startsWith('group:') || names.has(conversationId)) continue;
    const peer = conversationTarget(conversationId);
    if (setsFlag(entry) || (entry.kind === 'message' && !isStored(entry.id) && mayWrite(peer))) missing.add(peer);
  }
  return missing;
};

/** The groups in which the frame sets a flag. */
const flaggedGroups = (entries: readonly WireConversationEntry[]): readonly string[] => [
  ...new Set(
    entries.flatMap((entry) =>
      entry.conversationId.startsWith('group:') && setsFlag(entry) ? [conversationTarget(entry.conversationId)] : [],
    ),
  ),
];

/** The row of a user who never was a member of the group. The row holds the user's flags. */
const outsider = (conversationId: number, userId: UserId): MemberRecord => ({
  ...NEW_REGISTERS,
  conversationId,
  userId,
  joinedAt: 0,
  present: NO_RANGES,
  role: null,
  moves: 0,
  version: 0,
  awaySince: 0,
  backSince: 0,
});

export interface LockedChats {
  readonly conversations: readonly ConversationRecord[];
  /** The author's own rows; those of an outsider are not stored yet. */
  readonly mine: readonly MemberRecord[];
  /** The peers' rows of the direct chats. */
  readonly theirs: readonly MemberRecord[];
}

/** The rows that a frame needs of conversations that it has locked: no other transaction changes them now. */
const membersOf = async (
  tx: ServerReadTx,
  me: UserId,
  locked: readonly ConversationRecord[],
): Promise<{ readonly mine: readonly MemberRecord[]; readonly theirs: readonly MemberRecord[] }> => {
  const idsWhere = (inGroup: boolean): number[] => locked.flatMap(({ id, groupId }) => ((groupId !== null) === inGroup ? [id] : []));
  const [chats, groups] = await Promise.all([tx.members(idsWhere(false)), tx.ownMembers(me, idsWhere(true))]);
  return { mine: [...chats.filter(({ userId }) => userId === me), ...groups], theirs: chats.filter(({ userId }) => userId !== me) };
};

/**
 * Locks the conversations of the entries that exist for the author, and reads their rows. `beside` reads what else the frame needs under
 * its locks, in the same statement. A direct chat with only a flag of the peer does not exist for the author, because a flag is private. A group with a flag of the author is locked also if the group does not
 * exist, or the author never was a member: the answer is the same, so the answer tells nothing about the group.
 */
export const lockChats = async <T>(
  tx: ServerTx,
  me: UserId,
  entries: readonly WireConversationEntry[],
  beside: () => Promise<T>,
): Promise<readonly [LockedChats, T]> => {
  const names = [...new Set(entries.map(({ conversationId }) => conversationId))];
  const groups = flaggedGroups(entries);
  // Before the locks, which are taken in the order of the ids.
  if (groups.length > 0) await tx.createGroups(groups);
  const locked = await tx.lockConversations(me, names, groups);
  const [rows, read] = await Promise.all([membersOf(tx, me, locked), beside()]);
  const mine = new Map(rows.mine.map((member) => [member.conversationId, member]));
  const visible = locked.filter(({ id, groupId, latestSeq }) => {
    const own = mine.get(id);
    return groupId !== null || latestSeq > 0 || (own && hasFlags(own));
  });
  return [{ conversations: visible, mine: visible.map(({ id }) => mine.get(id) ?? outsider(id, me)), theirs: rows.theirs }, read];
};

/** Creates the direct chats that the entries bring into being, and locks them beside the locked conversations. */
export const withNewChats = async (
  tx: ServerTx,
  me: UserId,
  entries: readonly WireConversationEntry[],
  locked: LockedChats,
  isStored: (id: string) => boolean,
  mayWrite: (peer: UserId) => boolean,
): Promise<LockedChats> => {
  const names = new Set(locked.conversations.map((one) => nameOf(one, me)));
  const missing = missingDirectChats(entries, names, isStored, mayWrite);
  if (missing.size === 0) return locked;
  await tx.createDirect(me, [...missing]);
  const created = await tx.lockConversations(
    me,
    [...missing].map((peer): ConversationId => `direct:${peer}`),
  );
  const { mine, theirs } = await membersOf(tx, me, created);
  return {
    conversations: [...locked.conversations, ...created],
    mine: [...locked.mine, ...mine],
    theirs: [...locked.theirs, ...theirs],
  };
};
