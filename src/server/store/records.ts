/**
 * The server's records of conversations, members and messages. `receipt-records.ts` has the records of group
 * receipts.
 */
import type { ReadBy } from '../../model/conversation/conversation.ts';
import { type Archive, type Flag, type Mark, NOT_ARCHIVED, UNMARKED, UNSET } from '../../model/registers/flag.ts';
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Mentions } from '../../model/message/mentions.ts';
import type { StoredMessage } from '../../model/message/message.ts';
import { intersect, NO_RANGES, range, type Range, type Ranges } from '../../model/registers/ranges.ts';
import { NO_RECEIPTS_SENT, type ReceiptKind, type ReceiptsSent } from '../../model/message/receipt.ts';
import type { AccountSettings } from '../../model/message/receipt-settings.ts';

interface ConversationState {
  readonly id: number;
  readonly latestSeq: Seq;
  /** The oldest message that the server keeps. */
  readonly firstSeq: Seq;
}

/** A direct conversation, stored once for the pair. `userA` sorts before `userB`. */
export interface DirectRecord extends ConversationState {
  readonly groupId: null;
  readonly userA: UserId;
  readonly userB: UserId;
  /**
   * The version of the newest change that each user may see; 0 if there was none. A private action of one user raises
   * only the version of this user, so the peer does not learn of the action.
   */
  readonly versionA: number;
  readonly versionB: number;
}

export interface GroupRecord extends ConversationState {
  readonly groupId: string;
  readonly userA: null;
  readonly userB: null;
  /**
   * The version of the newest change that all members may see. A change of a member row raises only the version of this
   * row: otherwise a single reader would wake all members.
   */
  readonly version: number;
}

export type ConversationRecord = DirectRecord | GroupRecord;

/** What names a conversation. */
export type ConversationNames = Pick<DirectRecord, 'groupId' | 'userA' | 'userB'> | Pick<GroupRecord, 'groupId' | 'userA' | 'userB'>;

/** A conversation in the list of one user. */
export type ListedConversation = ConversationRecord & {
  /** The version of the newest change for this user. */
  readonly version: number;
  /** The user has left this group. */
  readonly left: boolean;
};

export type Role = 'member' | 'admin';

/**
 * One user's registers in one conversation. The ranges say which messages are delivered and read; the steps
 * ({@link StepRecord}) only say when.
 */
export interface MemberRecord extends ReceiptsSent {
  readonly conversationId: number;
  readonly userId: UserId;
  /**
   * The newest message when the user last joined; after the user has left, the newest message at that time. 0
   * in a direct chat.
   */
  readonly joinedAt: Seq;
  readonly readUpTo: Seq;
  readonly readBy: ReadBy | null;
  /** Messages above `readUpTo` that the user cleared one by one. */
  readonly cleared: Ranges;
  readonly muted: Flag;
  readonly marked: Mark;
  /** Messages that no receipt of the user may name. */
  readonly untold: Ranges;
  readonly archived: Archive;
  /**
   * Groups: the messages that were stored while the user was a member. The last range of a current member has
   * no end ({@link NO_END}).
   */
  readonly present: Ranges;
  /** `null` after the user has left the group. Also `null`, with `moves` 0, if the user never joined it: then the row holds flags alone. */
  readonly role: Role | null;
  /** Groups: how many times the user joined or left. 0 in a direct chat. */
  readonly moves: number;
  /**
   * Groups: the version of the newest change of this row. 0 in a direct chat: there the conversation carries
   * a version for each user.
   */
  readonly version: number;
  /**
   * Groups: the version of the user's first leaving, and the version of the last return; both 0 if the user
   * never returned. A device may have read the feed during any absence in between. So a device that has not
   * seen the return needs all changes since the first leaving.
   */
  readonly awaySince: number;
  readonly backSince: number;
}

/** The registers of a member who has read, sent and set nothing in a conversation. */
export const NEW_REGISTERS = {
  readUpTo: 0,
  readBy: null,
  cleared: NO_RANGES,
  ...NO_RECEIPTS_SENT,
  muted: UNSET,
  marked: UNMARKED,
  untold: NO_RANGES,
  archived: NOT_ARCHIVED,
} as const satisfies Partial<MemberRecord>;

/** The receipt settings of one account. */
export interface AccountRecord extends AccountSettings {
  readonly userId: UserId;
  /** The version of the newest change; 0 if there was none. */
  readonly version: number;
}

/** The settings as they go to the user's own devices. */
export const settingsWithVersion = ({ version, deliveryReceipts, readReceipts }: AccountRecord): AccountSettings & { version: number } => ({
  version,
  deliveryReceipts,
  readReceipts,
});

/**
 * Whether the member ever set a flag. If so, the conversation is listed for the member, even without a
 * message.
 */
export const hasFlags = ({ muted, marked, archived }: Pick<MemberRecord, 'muted' | 'marked' | 'archived'>): boolean =>
  muted.count + marked.count + archived.count > 0;

/**
 * The messages that take the conversation out of the archive, if they count: the messages above the flag, from the
 * times as a member.
 */
export const reopeningRanges = (
  { groupId, firstSeq, latestSeq }: Pick<ConversationRecord, 'groupId' | 'firstSeq' | 'latestSeq'>,
  { archived, present }: Pick<MemberRecord, 'archived' | 'present'>,
): Ranges => {
  if (!archived.value) return NO_RANGES;
  const later = range(Math.max(archived.at + 1, firstSeq), latestSeq);
  return groupId === null ? later : intersect(later, present);
};

/** The end of the last `present` range while the user is a member. */
export const NO_END: Seq = Number.MAX_SAFE_INTEGER;

/** A current member of a group. */
export interface RosterEntry {
  readonly conversationId: number;
  readonly userId: UserId;
  readonly role: Role;
}

export interface MessageRecord extends Omit<StoredMessage, 'mentionsMe'> {
  readonly conversationId: number;
  /** Whom the message mentions; null for a recalled message too. */
  readonly mentions: Mentions | null;
  /** The readers for whom the message does not count, as the host said. Mostly empty. */
  readonly uncountedFor: readonly UserId[];
  readonly version: number;
}

/** A sender of unread messages of one user. A sender is listed twice if some of the messages count and others do not. */
export interface UnreadSender {
  readonly conversationId: number;
  readonly senderId: UserId;
  readonly counts: boolean;
}

/** What the host said of a sender: whether the messages above `after` count for the reader. */
export interface SenderCounts extends UnreadSender {
  readonly after: Seq;
}

/** A recall in the change feed, apart from the other changes of its conversation. */
export interface FeedRecall {
  /** The name that the receiving user calls the conversation by. */
  readonly in: ConversationId;
  readonly message: MessageRecord;
  /** The feed version of the recall for the receiving user. */
  readonly version: number;
}

/**
 * The time at which a receipt first covered a range of messages. Steps of one member and kind are disjoint
 * and never change.
 */
export interface StepRecord {
  readonly conversationId: number;
  readonly userId: UserId;
  readonly kind: ReceiptKind;
  readonly range: Range;
  readonly at: number;
  readonly version: number;
}

/**
 * One start of a server over this store. After a restore from a backup, the histories of two runs may differ.
 */
export interface RunRecord {
  readonly number: number;
  /** Random, so a restored copy never repeats the id of a run that the copy does not contain. */
  readonly id: string;
  readonly beganAt: number;
  /**
   * Whether the database may be a copy: restored from a backup, or a standby that took over. A copy made while
   * transactions ran may lack one of them and have a later one, so the server cannot tell which changes of the run
   * before the copy has.
   */
  readonly fromCopy: boolean;
}

export interface MessageKey {
  readonly conversationId: number;
  readonly seq: Seq;
}

export interface ConversationRange {
  readonly conversationId: number;
  readonly range: Range;
}

/** What remains of a message that has ended, so that a late retry of its sender makes no second message. */
export interface EndedMessage extends MessageKey {
  readonly id: MessageId;
  readonly senderId: UserId;
  readonly sentAt: number;
}

/** A range newly covered by a member's receipts. */
export type ChangedPiece = Pick<StepRecord, 'conversationId' | 'userId' | 'kind' | 'range'>;

export type StepTime = MessageKey & { readonly kind: ReceiptKind; readonly at: number };

/** A conversation in which a user may have unread messages. */
export interface UnreadPlace {
  readonly member: MemberRecord;
  readonly groupId: string | null;
  readonly firstSeq: Seq;
  readonly latestSeq: Seq;
}

/** The other side of a direct conversation. */
export const peerOf = ({ userA, userB }: Pick<DirectRecord, 'userA' | 'userB'>, me: UserId): UserId => (userA === me ? userB : userA);

/** The id that this user calls the conversation by. */
export const nameOf = (conversation: ConversationNames, me: UserId): ConversationId =>
  conversation.groupId === null ? `direct:${peerOf(conversation, me)}` : `group:${conversation.groupId}`;

/** The conversation after a change that all its members may see. */
export const changedForAll = (conversation: ConversationRecord, version: number): ConversationRecord =>
  conversation.groupId === null
    ? { ...conversation, versionA: Math.max(conversation.versionA, version), versionB: Math.max(conversation.versionB, version) }
    : { ...conversation, version: Math.max(conversation.version, version) };

/** The direct chat after a change that only `me` may see. */
export const changedFor = (chat: DirectRecord, me: UserId, version: number): DirectRecord =>
  chat.userA === me ? { ...chat, versionA: Math.max(chat.versionA, version) } : { ...chat, versionB: Math.max(chat.versionB, version) };

/** The version of the newest change for the member `me`, whose row is `mine`. A former member sees the own row alone. */
export const versionFor = (conversation: ConversationRecord, mine: Pick<MemberRecord, 'userId' | 'role' | 'version'>): number => {
  if (conversation.groupId === null) return conversation.userA === mine.userId ? conversation.versionA : conversation.versionB;
  return mine.role === null ? mine.version : Math.max(conversation.version, mine.version);
};

/** The two users, sorted by code unit: the same order in every locale and database. */
export const sortedPair = (a: UserId, b: UserId): readonly [UserId, UserId] => (a < b ? [a, b] : [b, a]);

/** The order of the feed. */
export const byFeedOrder = (a: FeedRecall, b: FeedRecall): number =>
  a.version - b.version || a.message.conversationId - b.message.conversationId || a.message.seq - b.message.seq;

/** Facts for all servers of one store, also if a hint is lost. The numbers follow the order of the commits. */
export interface NoticeRecord {
  readonly number: number;
  /** `revoke`: the value is the user. `policy`: the value is the stored policy, as JSON. */
  readonly kind: 'revoke' | 'policy';
  readonly value: string;
  /** Epoch ms, by the database's clock. */
  readonly at: number;
}

/** What only one server of a store sweeps at a time: receipts whose window has ended, or messages whose retention has ended. */
export type Sweep = 'receipts' | 'messages';
