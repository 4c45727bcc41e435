/**
 * What the server keeps, and the few batch steps its rules are written in. The rules themselves (`apply-entries.ts`, `changes.ts`,
 * `summary-rows.ts`) stand above this interface, so that memory and SQL behave alike by construction and run one contract suite.
 */
import type { ReadBy } from '../model/conversation.ts';
import type { Flag, Mark } from '../model/flag.ts';
import type { MessageId, Seq, UserId } from '../model/ids.ts';
import type { StoredMessage } from '../model/message.ts';
import type { Range, Ranges } from '../model/ranges.ts';
import type { ReceiptKind, Told } from '../model/receipt.ts';

/** A direct conversation, stored once for the pair; `userA` sorts before `userB`. */
export interface ConversationRecord {
  readonly id: number;
  readonly userA: UserId;
  readonly userB: UserId;
  readonly latestSeq: Seq;
  /** Oldest message kept. */
  readonly firstSeq: Seq;
  /** Of its newest change, whoever made it: what a member does bumps it too, so a user's changes are two index scans. */
  readonly version: number;
}

/** What one member did in a conversation. The ranges are the truth of the sets; steps only date them. */
export interface MemberRecord extends Told {
  readonly conversationId: number;
  readonly userId: UserId;
  readonly joinedAt: Seq;
  readonly readUpTo: Seq;
  readonly readBy: ReadBy | null;
  readonly muted: Flag;
  readonly marked: Mark;
}

export interface MessageRecord extends StoredMessage {
  readonly conversationId: number;
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

export interface Place {
  readonly conversationId: number;
  readonly seq: Seq;
}

export interface Stretch {
  readonly conversationId: number;
  readonly range: Range;
}

/** Which messages of a stretch: `own` sent by the user · `uncounted` not counting as unread for them · `ackable` awaiting their receipt. */
export type IslandKind = 'own' | 'uncounted' | 'ackable';

export type StepTime = Place & { readonly kind: ReceiptKind; readonly at: number };

export interface Interval {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
}

/** Reads of one moment. */
export interface ServerReadTx {
  /** Everything at or below this version is committed and visible: the feed ends here. */
  readonly head: number;
  /** The newest run this transaction sees. */
  readonly run: RunRecord;
  /** By the database's clock, epoch ms. Nothing else decides about time. */
  now(): Promise<number>;
  runs(): Promise<readonly RunRecord[]>;
  /** Direct conversations of `me` with these peers, those that exist. */
  conversations(me: UserId, peers: readonly UserId[]): Promise<readonly ConversationRecord[]>;
  /** Conversations of `me` changed in the interval, by version ascending; at least `atLeast`, then up to the end of that version. */
  changedConversations(me: UserId, interval: Interval, atLeast: number): Promise<readonly ConversationRecord[]>;
  members(conversationIds: readonly number[]): Promise<readonly MemberRecord[]>;
  messagesById(ids: readonly MessageId[]): Promise<readonly MessageRecord[]>;
  messagesIn(stretches: readonly Stretch[]): Promise<readonly MessageRecord[]>;
  /** Newest version first, at most `limit`. */
  changedMessages(conversationIds: readonly number[], interval: Interval, limit: number): Promise<readonly MessageRecord[]>;
  /** Steps by anyone but `me`, at most `limit`, oldest version first. */
  changedSteps(conversationIds: readonly number[], me: UserId, interval: Interval, limit: number): Promise<readonly StepRecord[]>;
  /** When these places were first covered by somebody other than `me`. */
  stepTimes(me: UserId, places: readonly Place[]): Promise<readonly StepTime[]>;
  /** For each stretch, in order, the ranges within it whose messages are all of this kind for `me`. */
  islands(kind: IslandKind, me: UserId, stretches: readonly Stretch[]): Promise<readonly Ranges[]>;
}

export interface ServerTx extends ServerReadTx {
  /** What this transaction writes carries this version, or the row's own where that is higher (skips nothing in any commit order). */
  readonly version: number;
  /** As `conversations`, holding each until the transaction ends; locked in id order, so no two wait for each other. */
  lockConversations(me: UserId, peers: readonly UserId[]): Promise<readonly ConversationRecord[]>;
  /** Makes those that are missing, with both member rows. */
  createConversations(me: UserId, peers: readonly UserId[]): Promise<void>;
  putConversations(records: readonly ConversationRecord[]): Promise<void>;
  putMembers(records: readonly MemberRecord[]): Promise<void>;
  insertMessages(records: readonly MessageRecord[]): Promise<void>;
  /** Writes body, recall and version of messages that are there. */
  putMessages(records: readonly MessageRecord[]): Promise<void>;
  insertSteps(records: readonly StepRecord[]): Promise<void>;
}

export interface ServerStore {
  /** One consistent view. */
  read<T>(name: string, body: (tx: ServerReadTx) => Promise<T>): Promise<T>;
  /** All of it or nothing. Where it rejects, running the whole again may succeed (F72). */
  tx<T>(name: string, body: (tx: ServerTx) => Promise<T>): Promise<T>;
  /** Waits for what runs; afterwards everything rejects. */
  close(): Promise<void>;
}

/** The other side of a direct conversation. */
export const peerOf = (conversation: Pick<ConversationRecord, 'userA' | 'userB'>, me: UserId): UserId =>
  conversation.userA === me ? conversation.userB : conversation.userA;

/** By code unit, the same in every locale and database. */
export const sortedPair = (a: UserId, b: UserId): readonly [UserId, UserId] => (a < b ? [a, b] : [b, a]);
