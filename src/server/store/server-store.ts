/**
 * The interface of a server store: the batch reads and writes of one transaction over the records.
 *
 *   submit, feed, groups     the rules
 *          │
 *     ServerStore            this interface: batches of rows, no rules
 *      ┌───┴────┐
 *   memory     sql           one contract suite runs over both
 *
 * The rules stand above the interface, so both implementations behave alike.
 */
import type { ConversationId, MessageId, Seq, UserId } from '../../model/ids.ts';
import type { Ranges } from '../../model/registers/ranges.ts';
import type { RetentionReads } from './retention-reads.ts';
import type { AckRecord, AddedReader, ChangedReceipt, ReadCount, ReceiptRecord } from './receipt-records.ts';
import type {
  AccountRecord,
  ChangedPiece,
  ConversationRange,
  ConversationRecord,
  FeedRecall,
  ListedConversation,
  MemberRecord,
  MessageKey,
  MessageRecord,
  NoticeRecord,
  RosterEntry,
  RunRecord,
  StepRecord,
  StepTime,
  Sweep,
  UnreadPlace,
  SenderCounts,
  UnreadSender,
} from './records.ts';

/**
 * A kind of message from one user's side: `own` messages, `uncounted` messages (the user's unread count
 * leaves them out), `ackable` messages (the sender asks this user for a receipt), and `mentioning` messages
 * (they name this user, or all).
 */
export type RangeKind = 'own' | 'uncounted' | 'ackable' | 'mentioning';

export interface Interval {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
}

/**
 * The reads of a transaction. All reads see the database at one moment. `me` is the user for whom the caller
 * reads.
 *
 * A read with `atLeast` returns its rows by ascending version: at least `atLeast` rows if there are as many,
 * and then all other rows of the last row's version.
 */
export interface ServerReadTx extends RetentionReads {
  /** The end of the feed: all writes at or below this version are committed and visible. */
  readonly feedEnd: number;
  /** Whether writes above the end of the feed may be committed: an older transaction of a server still runs. */
  readonly isBehind: boolean;
  /** The newest run this transaction sees. */
  readonly run: RunRecord;
  /** The time of the database's clock when this transaction began, epoch ms: all that was committed before is visible. */
  readonly begunAt: number;
  /** The time of the database's clock, epoch ms. The server takes time from this clock alone. */
  now(): Promise<number>;
  runs(): Promise<readonly RunRecord[]>;
  /** The receipt settings of this user's account; `undefined` or with version 0 if the user never changed them. */
  account(userId: UserId): Promise<AccountRecord | undefined>;
  /** The existing conversations among `names` with `me` as a current member, in the order of their ids. */
  conversations(me: UserId, names: readonly ConversationId[]): Promise<readonly ConversationRecord[]>;
  /** As `conversations`, by id. */
  conversationsById(me: UserId, ids: readonly number[]): Promise<readonly ConversationRecord[]>;
  /**
   * The conversations of `me` that changed in the interval. The version of a group is the higher one of the
   * group and of the member row of `me`; in a group that `me` has left only the member row counts.
   */
  changedConversations(me: UserId, interval: Interval, atLeast: number): Promise<readonly ListedConversation[]>;
  /** The rows of these users in one conversation, past members included. */
  membersNamed(conversationId: number, userIds: readonly UserId[]): Promise<readonly MemberRecord[]>;
  /** All current and past members of these conversations. */
  members(conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
  /** The rows of `me` in these conversations. */
  ownMembers(me: UserId, conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
  /** All current members of these groups. */
  roster(conversationIds: readonly number[]): Promise<readonly RosterEntry[]>;
  /**
   * Messages with the first `chars` characters of each body, so a question about many messages does not read
   * all bodies.
   */
  messagesById(ids: readonly MessageId[], chars: number): Promise<readonly MessageRecord[]>;
  /** The messages of these ranges, with the first `chars` characters of each body. */
  messagesIn(ranges: readonly ConversationRange[], chars: number): Promise<readonly MessageRecord[]>;
  /**
   * The messages of the ranges, range by range, each range from the newest message on. The list ends with the
   * message that brings the sum of all bodies to `bytes`.
   */
  messagesWithin(ranges: readonly ConversationRange[], bytes: number): Promise<readonly MessageRecord[]>;
  /**
   * Messages that changed in the interval, by descending version, at most `limit`. The list ends with the
   * message that brings the sum of all bodies to `bytes`.
   */
  changedMessages(conversationIds: readonly number[], interval: Interval, limit: number, bytes: number): Promise<readonly MessageRecord[]>;
  /**
   * Recalls in groups that {@link changedMessages} does not return for `me`. There are two cases. `me` left
   * the group in the interval: the recalls of the interval before the leaving. `me` came back to the group in
   * the interval: the recalls between the first leaving and the start of the interval; their version here is
   * the version of the return.
   */
  missedRecalls(me: UserId, interval: Interval, atLeast: number): Promise<readonly FeedRecall[]>;
  /**
   * Recalls of the interval in the conversations of which `me` is a member now. The version here is the
   * version of the recall. If `me` came back to the group after the recall, the version is the version of the
   * return, and {@link missedRecalls} returns the recalls before the interval.
   */
  changedRecalls(me: UserId, interval: Interval, atLeast: number): Promise<readonly FeedRecall[]>;
  /** The steps of the other members in the interval, at most `limit`, by ascending version. */
  changedSteps(conversationIds: readonly number[], me: UserId, interval: Interval, limit: number): Promise<readonly StepRecord[]>;
  /**
   * The ranges that receipts newly covered in the interval, at most `limit`, in any order: the steps of all
   * members, and the receipts of `me` in groups.
   */
  changedPieces(conversationIds: readonly number[], me: UserId, interval: Interval, limit: number): Promise<readonly ChangedPiece[]>;
  /** The times at which a receipt of another user than `me` first covered these messages. */
  stepTimes(me: UserId, keys: readonly MessageKey[]): Promise<readonly StepTime[]>;
  /** For each of the kinds, for each of the ranges, both in order: the parts in which all messages are of the kind for `me`. */
  islands(kinds: readonly RangeKind[], me: UserId, ranges: readonly ConversationRange[]): Promise<readonly (readonly Ranges[])[]>;
  /** For each of the ranges, in order, the first message that counts for `me`, recalled or not; 0 if there is none. */
  firstCounting(me: UserId, ranges: readonly ConversationRange[]): Promise<readonly Seq[]>;
  /** The member rows of these users in the conversations, not left, with messages above the position or with a mark. */
  unreadPlaces(userIds: readonly UserId[]): Promise<readonly UnreadPlace[]>;
  /** For each part, in order, the number of its messages that the user's unread count leaves out. */
  uncountedIn(parts: readonly (ConversationRange & { readonly userId: UserId })[]): Promise<readonly number[]>;
  /**
   * The senders of other users' messages above the reader's position, or counted again by a mark of the reader. Only
   * conversations with the reader as a member now. Recalled and uncountable messages do not matter.
   */
  unreadSenders(reader: UserId): Promise<readonly UnreadSender[]>;
  /**
   * For each of these users, the version at which the host last said that other senders count for the user than before. A user without
   * such a version is left out.
   */
  countingVersions(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, number>>;
  /**
   * For each conversation, the newest message with a lower version than this one. A conversation without such
   * a message is left out.
   */
  latestSeqsBelow(version: number, conversationIds: readonly number[]): Promise<readonly MessageKey[]>;

  /** The receipt records of the group messages in these ranges. */
  receiptsIn(ranges: readonly ConversationRange[]): Promise<readonly ReceiptRecord[]>;
  /** Number of readers of each message. Messages without a reader may be missing. */
  readCounts(keys: readonly MessageKey[]): Promise<readonly ReadCount[]>;
  /**
   * The receipt records that changed in the interval in groups of `me`: for messages of `me`, with
   * `ofAllSenders` for all messages, and for all messages with an expired receipt. In a group that `me` has
   * left, changes after the leaving are left out. In a group to which `me` came back in the interval, the
   * changes since the first leaving are included; their version here is the version of the return.
   */
  changedReceipts(me: UserId, ofAllSenders: boolean, interval: Interval, atLeast: number): Promise<readonly ChangedReceipt[]>;
  /**
   * The read receipts that were added in the interval to messages of `me` in groups of `me`, with `ofAllSenders`
   * to all messages there; in a group that `me` has left, up to the leaving. A message that changed again
   * after the interval is included.
   */
  addedReaders(me: UserId, ofAllSenders: boolean, interval: Interval, atLeast: number): Promise<readonly AddedReader[]>;
  /**
   * The read receipts of one group message, by time and user id, from the one behind `after` on; at most
   * `limit`.
   */
  readers(
    message: MessageKey,
    after: { readonly at: number; readonly userId: UserId } | null,
    limit: number,
  ): Promise<readonly AckRecord[]>;
  /**
   * The users who were members when the message was sent, are not its sender and have not read it. By user
   * id, from the user behind `after` on; at most `limit`.
   */
  nonReaders(message: MessageKey, senderId: UserId, after: UserId | null, limit: number): Promise<readonly UserId[]>;
  /** The open receipt records that expired before `now`, the oldest first; at most `limit`. */
  dueReceipts(now: number, limit: number): Promise<readonly ReceiptRecord[]>;
  /** Whether the store holds an open receipt record. */
  hasOpenReceipts(): Promise<boolean>;
  /** Those of these users who are deleted. */
  deletedUsers(userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>;
  /** The notices behind this number, by ascending number. */
  notices(after: number): Promise<readonly NoticeRecord[]>;
}

/** The writes of a transaction, beside its reads. */
export interface ServerTx extends ServerReadTx {
  /**
   * The version of every row that this transaction writes; a row with a higher version keeps its own. So a
   * reader of the feed skips no change, also if transactions commit in another order.
   */
  readonly version: number;
  /**
   * As `conversations`, with the groups that `me` has left, and locks each conversation until the transaction
   * ends. Direct chats are locked before groups, and both in the order of their ids, so two transactions never
   * wait for each other. The caller reads the membership of `me` after this call: the membership may change
   * while the call waits for a lock.
   *
   * @param also ids of groups that are locked too if `me` was never a member.
   */
  lockConversations(me: UserId, names: readonly ConversationId[], also?: readonly string[]): Promise<readonly ConversationRecord[]>;
  /** As `lockConversations`, by id, without a look at the members. */
  lockConversationsById(ids: readonly number[]): Promise<readonly ConversationRecord[]>;
  /**
   * The receipt settings of this user's account, locked until the transaction ends; creates a missing record. A caller takes the locks of
   * conversations before this one, so two transactions never wait for each other.
   */
  lockAccount(userId: UserId): Promise<AccountRecord>;
  /** Takes the lock of a sweep until the transaction ends. @returns false, at once, if another server sweeps. */
  lockSweep(sweep: Sweep): Promise<boolean>;
  lockGroup(groupId: string): Promise<ConversationRecord | undefined>;
  /** Creates the missing direct conversations of `me` and these peers, with both member rows. */
  createDirect(me: UserId, peers: readonly UserId[]): Promise<void>;
  /** Creates the groups that do not exist, without members. */
  createGroups(groupIds: readonly string[]): Promise<void>;
  putConversations(records: readonly ConversationRecord[]): Promise<void>;
  /** Replaces the record. The caller holds its lock. */
  putAccount(record: AccountRecord): Promise<void>;
  /** Inserts or replaces member rows. */
  putMembers(records: readonly MemberRecord[]): Promise<void>;
  insertMessages(records: readonly MessageRecord[]): Promise<void>;
  /** Stores this transaction's version as the user's counting version; see `countingVersions`. */
  putCountingVersion(userId: UserId): Promise<void>;
  /** Stores which messages count for the reader. The messages keep their version: only the reader's rows change. */
  putSenderCounts(reader: UserId, counts: readonly SenderCounts[]): Promise<void>;
  /** Updates body, recall and version of stored messages. */
  putMessages(records: readonly MessageRecord[]): Promise<void>;
  /** Deletes the messages up to these, with their receipts and the steps below, and keeps what `endedMessages` tells of them. */
  endMessages(list: readonly { readonly conversationId: number; readonly upTo: Seq }[]): Promise<void>;
  insertSteps(records: readonly StepRecord[]): Promise<void>;
  insertReceipts(records: readonly ReceiptRecord[]): Promise<void>;
  /** Updates `open`, `expired` and `version` of stored receipt records. */
  putReceipts(records: readonly ReceiptRecord[]): Promise<void>;
  /** Deletes receipt records, together with the read receipts of the members. */
  deleteReceipts(keys: readonly MessageKey[]): Promise<void>;
  insertAcks(records: readonly AckRecord[]): Promise<void>;
  /** Stores that the user is deleted. A repeated call changes nothing. */
  putDeletedUser(userId: UserId): Promise<void>;
  /** Empties the texts that the user sent with receipts in this conversation. */
  dropContents(userId: UserId, conversationId: number): Promise<void>;
  /** Takes the lock of the notices until the transaction ends. */
  lockNotices(): Promise<void>;
  /**
   * Adds a notice with the next number. The caller holds the lock. A new policy replaces the earlier one, and revocations from before
   * `forgetBefore` go; the newest notice stays.
   */
  putNotice(notice: Omit<NoticeRecord, 'number'>, forgetBefore: number): Promise<void>;
}

/** The names of everything that a transaction writes. Jobs with a common name in `writes` never share a transaction. */
export interface Touches {
  readonly writes: readonly string[];
  /** The names of everything that a transaction reads, or writes in a way that fits beside other jobs with the name. */
  readonly shares: readonly string[];
}

/** Facts about a transaction for the turns of the users. The store itself ignores these facts. */
export interface Work {
  /** Whether a user waits for it. Default true. */
  readonly isUrgent?: boolean | undefined;
  /** How much it reads or writes; an entry is 1. Default 1. */
  readonly weight?: number | undefined;
  /** Absent if a write transaction must not share a transaction with others. */
  readonly touches?: Touches | undefined;
}

/**
 * Transactions with several bodies. Each body has its own outcome: a body that rejects before its first write leaves the others alone. After
 * any other failure the promise rejects, and no write of any body is in effect: the caller may run each body again, alone.
 */
export interface MergedTransactions {
  read<T>(bodies: readonly ((tx: ServerReadTx) => Promise<T>)[]): Promise<readonly PromiseSettledResult<T>[]>;
  /** No body may read or write a row of another body's writes. All bodies have the same version. */
  tx<T>(bodies: readonly ((tx: ServerTx) => Promise<T>)[]): Promise<readonly PromiseSettledResult<T>[]>;
}

/** The database of a server, made by {@link openPgliteStore}, `openPostgresStore` or {@link createMemoryStore}. A host only passes it on. */
export interface ServerStore {
  /** The number of transactions that run side by side. Further transactions wait, and users take turns. Default 1. */
  readonly atOnce?: number;
  /** Runs a read transaction. All of its reads see the database at one moment. */
  read<T>(name: string, body: (tx: ServerReadTx) => Promise<T>, work?: Work): Promise<T>;
  /**
   * Runs a write transaction: all of its writes or none. After a rejection the caller may run the whole
   * transaction again (F72).
   */
  tx<T>(name: string, body: (tx: ServerTx) => Promise<T>, work?: Work): Promise<T>;
  /** Runs several bodies in one transaction; absent if this store cannot. */
  readonly merged?: MergedTransactions;
  /** Waits for running transactions. All later calls reject. */
  close(): Promise<void>;
}
