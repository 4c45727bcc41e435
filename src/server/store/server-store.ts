/**
 * What the server keeps, and the few batch steps its rules are written in. The rules themselves (`apply-entries.ts`, `changes.ts`,
 * `summary-rows.ts`) stand above this interface, so that memory and SQL behave alike by construction and run one contract suite.
 */
import type { ReadBy } from '../../model/conversation.ts';
import type { Flag, Mark } from '../../model/flag.ts';
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { StoredMessage } from '../../model/message.ts';
import type { Range, Ranges } from '../../model/ranges.ts';
import type { ReceiptKind, ReceiptsSent } from '../../model/receipt.ts';
import type { AckRecord, ChangedReceipt, ReadCount, ReceiptRecord } from './receipt-records.ts';

interface ConversationState {
  readonly id: number;
  readonly latestSeq: Seq;
  /** Oldest message kept. */
  readonly firstSeq: Seq;
  /**
   * Of its newest change. In a direct chat what a member does bumps it too, so that a user's changes are two index scans; in a group
   * it bumps that member's own row alone, or every reader would wake everybody.
   */
  readonly version: number;
}

/** Stored once for the pair; `userA` sorts before `userB`. */
export interface DirectRecord extends ConversationState {
  readonly groupId: null;
  readonly userA: UserId;
  readonly userB: UserId;
}

export interface GroupRecord extends ConversationState {
  readonly groupId: string;
  readonly userA: null;
  readonly userB: null;
}

export type ConversationRecord = DirectRecord | GroupRecord;

/** A conversation as listed for one user. */
export type ListedConversation = ConversationRecord & {
  /** The user has left this group. */
  readonly left: boolean;
};

export type Role = 'member' | 'admin';

/** What one member did in a conversation. The ranges are the truth of the sets; steps only date them. */
export interface MemberRecord extends ReceiptsSent {
  readonly conversationId: number;
  readonly userId: UserId;
  /** The newest message when they last joined, or, once they are gone, when they left; 0 in a direct chat. */
  readonly joinedAt: Seq;
  readonly readUpTo: Seq;
  readonly readBy: ReadBy | null;
  readonly muted: Flag;
  readonly marked: Mark;
  /** Groups: the seqs at whose commit they were a member; while they are one, the last range has no end ({@link NO_END}). */
  readonly present: Ranges;
  /** `null` for who left a group. */
  readonly role: Role | null;
  /** Groups: of the newest change to this row. 0 in a direct chat, whose conversation carries it. */
  readonly version: number;
  /**
   * Groups, as versions: when they first left, and when they last came back, 0 and 0 for who never did. A device may have looked in any
   * absence between, so what changed since the first is news to whoever has not seen the return.
   */
  readonly awaySince: number;
  readonly backSince: number;
}

/** Whether the member ever set a flag: then the conversation exists for them, also without a message. */
export const hasFlags = ({ muted, marked }: Pick<MemberRecord, 'muted' | 'marked'>): boolean => muted.count + marked.count > 0;

/** The end of the last `present` range while the user is a member. */
export const NO_END: Seq = Number.MAX_SAFE_INTEGER;

/** A current member of a group. */
export interface RosterEntry {
  readonly conversationId: number;
  readonly userId: UserId;
  readonly role: Role;
}

export interface MessageRecord extends StoredMessage {
  readonly conversationId: number;
  readonly version: number;
}

/** A recall in the change feed, apart from the other changes of its conversation. */
export interface FeedRecall {
  /** The conversation's name from the side of the receiving user. */
  readonly in: ConversationId;
  readonly message: MessageRecord;
  /** The feed version of the recall for the receiving user. */
  readonly version: number;
}

/** The first time a stretch was covered. Steps of one member and kind are disjoint and never change. */
export interface StepRecord {
  readonly conversationId: number;
  readonly userId: UserId;
  readonly kind: ReceiptKind;
  readonly range: Range;
  readonly at: number;
  readonly version: number;
}

/** One start of a server over this store, where its history may have branched from a copy restored from a backup. */
export interface RunRecord {
  readonly number: number;
  /** Random: a restored copy that starts anew never repeats a run of the history it lost. */
  readonly id: string;
  readonly beganAt: number;
}

export interface MessageKey {
  readonly conversationId: number;
  readonly seq: Seq;
}

export interface ConversationRange {
  readonly conversationId: number;
  readonly range: Range;
}

/** Which messages of a stretch: `own` sent by the user · `uncounted` not counting as unread for them · `ackable` awaiting their receipt. */
export type RangeKind = 'own' | 'uncounted' | 'ackable';

/** A range newly covered by a member's receipts. */
export type ChangedPiece = Pick<StepRecord, 'conversationId' | 'userId' | 'kind' | 'range'>;

export type StepTime = MessageKey & { readonly kind: ReceiptKind; readonly at: number };

export interface Interval {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
}

/** The reads of a transaction: all see the database at one moment. */
export interface ServerReadTx {
  /** End of the feed: all writes at or below this version are committed and visible. */
  readonly head: number;
  /** The newest run this transaction sees. */
  readonly run: RunRecord;
  /** By the database's clock, epoch ms. Nothing else decides about time. */
  now(): Promise<number>;
  runs(): Promise<readonly RunRecord[]>;
  /** The existing conversations among `names` with `me` as a current member, in the order of their ids. */
  conversations(me: UserId, names: readonly ConversationId[]): Promise<readonly ConversationRecord[]>;
  /** The same by their ids. */
  conversationsById(me: UserId, ids: readonly number[]): Promise<readonly ConversationRecord[]>;
  /**
   * Conversations of `me` changed in the interval, by version ascending; at least `atLeast`, then up to the end of that version. A
   * group's version is the higher of its own and of `me`'s row in it; of a group they left only the latter counts.
   */
  changedConversations(me: UserId, interval: Interval, atLeast: number): Promise<readonly ListedConversation[]>;
  /** Rows of these users in one conversation, past members too. */
  membersNamed(conversationId: number, userIds: readonly UserId[]): Promise<readonly MemberRecord[]>;
  /** All current and past members of these conversations. */
  members(conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
  /** The user's own rows. */
  ownMembers(me: UserId, conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
  /** All current members of these groups. */
  roster(conversationIds: readonly number[]): Promise<readonly RosterEntry[]>;
  /** Of each body the first `chars` characters: a question that names many messages does not read what they all say. */
  messagesById(ids: readonly MessageId[], chars: number): Promise<readonly MessageRecord[]>;
  /** Bodies are cut in the same way. */
  messagesIn(ranges: readonly ConversationRange[], chars: number): Promise<readonly MessageRecord[]>;
  /**
   * Messages of the stretches in the order of the stretches, newest first in each. The list ends with the message whose body brings all
   * bodies together to `bytes`.
   */
  messagesWithin(ranges: readonly ConversationRange[], bytes: number): Promise<readonly MessageRecord[]>;
  /** Newest version first, at most `limit`. The list ends with the message whose body brings all bodies together to `bytes`. */
  changedMessages(conversationIds: readonly number[], interval: Interval, limit: number, bytes: number): Promise<readonly MessageRecord[]>;
  /**
   * Recalled messages that {@link changedMessages} of groups `me` is in does not tell of: recalled before `me` left in the interval, or,
   * with the version of the return, before it where `me` came back in the interval. By version ascending; at least `atLeast`, then up
   * to the end of that version.
   */
  missedRecalls(me: UserId, interval: Interval, atLeast: number): Promise<readonly FeedRecall[]>;
  /**
   * Messages recalled in the interval in conversations that `me` is in now, wherever those stand in the feed; each carries the version of
   * its recall, or of the return where `me` came back since: then {@link missedRecalls} tells what lies before. By version ascending; at
   * least `atLeast`, then up to the end of that version.
   */
  changedRecalls(me: UserId, interval: Interval, atLeast: number): Promise<readonly FeedRecall[]>;
  /** Steps by anyone but `me`, at most `limit`, oldest version first. */
  changedSteps(conversationIds: readonly number[], me: UserId, interval: Interval, limit: number): Promise<readonly StepRecord[]>;
  /**
   * Pieces of registers that changed in the interval, at most `limit`, in no order: the steps of all members, and in groups the receipts
   * of `me`.
   */
  changedPieces(conversationIds: readonly number[], me: UserId, interval: Interval, limit: number): Promise<readonly ChangedPiece[]>;
  /** When another user than `me` first covered these messages. */
  stepTimes(me: UserId, keys: readonly MessageKey[]): Promise<readonly StepTime[]>;
  /** For each stretch, in order, the ranges within it whose messages are all of this kind for `me`. */
  islands(kind: RangeKind, me: UserId, ranges: readonly ConversationRange[]): Promise<readonly Ranges[]>;
  /** The newest seq whose message carries a version below this one, for each conversation that has any. */
  latestSeqsBelow(version: number, conversationIds: readonly number[]): Promise<readonly MessageKey[]>;

  /** Of the group messages in these stretches, those that asked. */
  receiptsIn(ranges: readonly ConversationRange[]): Promise<readonly ReceiptRecord[]>;
  /** Number of readers of each message. Messages without a reader may be missing. */
  readCounts(keys: readonly MessageKey[]): Promise<readonly ReadCount[]>;
  /**
   * Receipts changed in the interval in groups of `me`: of own messages, with `everybodys` of all, and of all those that are expired. In
   * a group they left, up to that; where they came back in the interval, with the version of the return also those that changed since
   * they first left. By version ascending; at least `atLeast`, then up to the end of that version.
   */
  changedReceipts(me: UserId, everybodys: boolean, interval: Interval, atLeast: number): Promise<readonly ChangedReceipt[]>;
  /** Who has read it, by time and user id, behind `after`; at most `limit`. */
  readers(place: MessageKey, after: { readonly at: number; readonly userId: UserId } | null, limit: number): Promise<readonly AckRecord[]>;
  /** Who was a member when it was sent, is not its sender and has not read it, by user id, behind `after`; at most `limit`. */
  nonReaders(place: MessageKey, senderId: UserId, after: UserId | null, limit: number): Promise<readonly UserId[]>;
  /** Open receipts whose time was over before `now`, the oldest first; at most `limit`. */
  dueReceipts(now: number, limit: number): Promise<readonly ReceiptRecord[]>;
  /** Whether any receipt is open. */
  hasOpenReceipts(): Promise<boolean>;
}

export interface ServerTx extends ServerReadTx {
  /** What this transaction writes carries this version, or the row's own where that is higher (skips nothing in any commit order). */
  readonly version: number;
  /**
   * As `conversations`, and groups `me` has left, holding each until the transaction ends; locked in id order, so no two wait for
   * each other. Whether `me` is a member is to be read afterwards: it may have changed while this waited.
   */
  lockConversations(me: UserId, names: readonly ConversationId[]): Promise<readonly ConversationRecord[]>;
  /** The same by ids, for any members. */
  lockConversationsById(ids: readonly number[]): Promise<readonly ConversationRecord[]>;
  lockGroup(groupId: string): Promise<ConversationRecord | undefined>;
  /** Makes direct conversations that are missing, with both member rows. */
  createDirect(me: UserId, peers: readonly UserId[]): Promise<void>;
  /** Makes a group without members where there is none. */
  createGroup(groupId: string): Promise<void>;
  putConversations(records: readonly ConversationRecord[]): Promise<void>;
  /** Writes rows, new ones too. */
  putMembers(records: readonly MemberRecord[]): Promise<void>;
  insertMessages(records: readonly MessageRecord[]): Promise<void>;
  /** Writes body, recall and version of messages that are there. */
  putMessages(records: readonly MessageRecord[]): Promise<void>;
  insertSteps(records: readonly StepRecord[]): Promise<void>;
  insertReceipts(records: readonly ReceiptRecord[]): Promise<void>;
  /** Writes `open`, `expired` and `version` of receipts that are there. */
  putReceipts(records: readonly ReceiptRecord[]): Promise<void>;
  /** Deletes receipts with their read receipts of members. */
  deleteReceipts(keys: readonly MessageKey[]): Promise<void>;
  insertAcks(records: readonly AckRecord[]): Promise<void>;
}

export interface ServerStore {
  /** How many transactions run side by side; more of them wait for their turn, by user. Default 1. */
  readonly atOnce?: number;
  /** One consistent view. */
  read<T>(name: string, body: (tx: ServerReadTx) => Promise<T>): Promise<T>;
  /** Runs a write transaction: all of its writes or none. After a rejection the caller may run the whole transaction again (F72). */
  tx<T>(name: string, body: (tx: ServerTx) => Promise<T>): Promise<T>;
  /** Waits for running transactions. All later calls reject. */
  close(): Promise<void>;
}

/** The other side of a direct conversation. */
export const peerOf = ({ userA, userB }: Pick<DirectRecord, 'userA' | 'userB'>, me: UserId): UserId => (userA === me ? userB : userA);

/** The conversation's name from the user's side. */
export const nameOf = (conversation: ConversationRecord, me: UserId): ConversationId =>
  conversation.groupId === null ? `direct:${peerOf(conversation, me)}` : `group:${conversation.groupId}`;

/** By code unit, the same in every locale and database. */
export const sortedPair = (a: UserId, b: UserId): readonly [UserId, UserId] => (a < b ? [a, b] : [b, a]);

/** The list up to the message whose body brings all bodies together to `bytes`. */
export const upToBytes = (messages: readonly MessageRecord[], bytes: number): readonly MessageRecord[] => {
  let sum = 0;
  const last = messages.findIndex(({ body }) => (sum += bodyBytes(body)) >= bytes);
  return last < 0 ? messages : messages.slice(0, last + 1);
};

/** The message with the first `chars` characters of its body. */
export const cutBody = (message: MessageRecord, chars: number): MessageRecord =>
  message.body.length <= chars
    ? message
    : {
        ...message,
        body: Array.from(message.body.slice(0, 2 * chars))
          .slice(0, chars)
          .join(''),
      };

const encoder = new TextEncoder();
/** Length of a body in UTF-8. */
export const bodyBytes = (body: string): number => encoder.encode(body).length;

/** The order of the feed. */
export const byFeedOrder = (a: FeedRecall, b: FeedRecall): number =>
  a.version - b.version || a.message.conversationId - b.message.conversationId || a.message.seq - b.message.seq;
