/** A conversation in two forms: the server's summary row, and the view for the page. */
import {
  type Archive,
  countsAbove,
  latestFlag,
  latestMark,
  type Flag,
  type Mark,
  NOT_ARCHIVED,
  UNMARKED,
  UNSET,
} from '../registers/flag.ts';
import type { ConversationId, Seq } from '../ids.ts';
import type { Json, Message, StoredMessage } from '../message/message.ts';
import { above, intersect, NO_RANGES, type Ranges, union } from '../registers/ranges.ts';
import { joinReceiptsSent, NO_RECEIPTS_SENT, type ReceiptsSent } from '../message/receipt.ts';
import { withoutEmpty } from '../without-empty.ts';
import type { Totals } from './total.ts';

/** A row with more ranges than this carries `counted` instead of `uncounted`, and only the newest of `cleared`. */
export const MAX_UNCOUNTED_RANGES = 256;
/** A row with more ranges than this carries `mentionsCounted` instead of `mentions`. */
export const MAX_MENTION_RANGES = 256;
/** A row carries at least this many of the newest ranges of each kind of receipt, and all older ranges not yet known to its reader. */
export const MAX_RECEIPT_RANGES = 64;
/** A row carries the body of its last message only up to this many bytes. */
export const MAX_SUMMARY_BODY_BYTES = 256;

/** Which device moved the read position, and when (epoch ms, the server's clock). */
export interface ReadBy {
  readonly deviceId: string;
  readonly at: number;
}

/** An unread count, or a count of mentions, at a position. A row carries such a count where the ranges would be too many. */
export interface Counted {
  /** The position of the count: max(`readUpTo`, `joinedAt`, `firstSeq` − 1), or lower while the conversation is marked unread from a message on. */
  readonly at: Seq;
  /** The newest message included in the count. */
  readonly upTo: Seq;
  readonly count: number;
}

/**
 * The server's summary of a conversation, as seen by one member. Every field only grows (maximum, union, highest count), or belongs to
 * the row of the higher version. So two rows of one epoch join in any order, and duplicate or late rows are harmless by construction
 * (I-2, I-4). "I" is the signed-in user.
 */
export interface ConversationRow {
  readonly conversationId: ConversationId;
  /** The feed version of the newest part of this row. */
  readonly version: number;
  readonly latestSeq: Seq;
  /** The oldest message still on the server. */
  readonly firstSeq: Seq;
  /** The value of `latestSeq` when I last joined; 0 for a direct chat. */
  readonly joinedAt: Seq;
  /** My private read position, inclusive. */
  readonly readUpTo: Seq;
  /** Which of my devices moved the position to `readUpTo`; null while the position never moved. */
  readonly readBy: ReadBy | null;
  /**
   * Messages that do not count for me: own, not countable, recalled, or of a sender who does not count for me. Those
   * above `readUpTo`; while the conversation is marked unread from an earlier message on, those from that message on.
   */
  readonly uncounted: Ranges;
  /** Messages above the same bound that I cleared one by one; the newest if they are many. A later mark counts them again: see `marked`. */
  readonly cleared: Ranges;
  readonly counted: Counted | null;
  /** Unread messages that count for me and mention me. A recall takes a message out, so the row of the higher version decides. */
  readonly mentions: Ranges;
  readonly mentionsCounted: Counted | null;
  readonly muted: Flag;
  readonly marked: Mark;
  /**
   * Messages that I read while my settings forbade read receipts, or that my cancelled receipts named: no receipt of mine names them, from
   * no device.
   */
  readonly untold: Ranges;
  readonly archived: Archive;
  /** The first message above `archived.at` that counts for me, recalled ones included; 0 if there is none, or if `archived` is not set. */
  readonly reopenedBy: Seq;
  /** Groups: whether I have left, or was removed. The count is the number of times that I joined or left. */
  readonly left: Flag;
  /** Direct chats: my receipts to the peer (`mine`), and the peer's receipts to me (`theirs`). */
  readonly mine: ReceiptsSent;
  readonly theirs: ReceiptsSent;
  readonly lastMessage: StoredMessage | null;
  /** Groups: the messages sent while I was a member. */
  readonly present: Ranges;
}

export const emptyRow = (conversationId: ConversationId): ConversationRow => ({
  conversationId,
  version: 0,
  latestSeq: 0,
  firstSeq: 1,
  joinedAt: 0,
  readUpTo: 0,
  readBy: null,
  uncounted: NO_RANGES,
  cleared: NO_RANGES,
  counted: null,
  mentions: NO_RANGES,
  mentionsCounted: null,
  muted: UNSET,
  marked: UNMARKED,
  untold: NO_RANGES,
  archived: NOT_ARCHIVED,
  reopenedBy: 0,
  left: UNSET,
  mine: NO_RECEIPTS_SENT,
  theirs: NO_RECEIPTS_SENT,
  lastMessage: null,
  present: NO_RANGES,
});

/** The oldest message kept by the server since the user's newest join. */
export const firstVisible = ({ firstSeq, joinedAt }: Pick<ConversationRow, 'firstSeq' | 'joinedAt'>): Seq =>
  Math.max(firstSeq, joinedAt + 1);

/** A row without its empty fields. {@link wholeRow} adds them again. */
export type RowParts = Pick<ConversationRow, 'conversationId' | 'version'> & Partial<ConversationRow>;

/** Leaves out the empty registers: rows are written often, and most of their registers are empty. */
export const rowParts = ({ conversationId, version, firstSeq, ...registers }: ConversationRow): RowParts => ({
  conversationId,
  version,
  ...(firstSeq > 1 ? { firstSeq } : {}),
  ...withoutEmpty(registers),
});

export const wholeRow = (parts: RowParts): ConversationRow => ({ ...emptyRow(parts.conversationId), ...parts });

const newerMessage = (a: StoredMessage | null, b: StoredMessage | null): StoredMessage | null => {
  if (!a || !b) return a ?? b;
  if (a.seq !== b.seq) return a.seq > b.seq ? a : b;
  if (a.recalled !== b.recalled) return a.recalled ? a : b;
  return a.body === '' ? b : a;
};

const keptMessage = (message: StoredMessage | null, firstSeq: Seq): StoredMessage | null =>
  message && message.seq >= firstSeq ? message : null;

type MentionsOf = Pick<ConversationRow, 'mentions' | 'mentionsCounted'>;

/** The mentions of the newer row. Two rows of one version may differ by a recall, which only takes mentions away. */
const joinMentions = (a: ConversationRow, b: ConversationRow, base: Seq): MentionsOf => {
  const newer = a.version - b.version || a.latestSeq - b.latestSeq;
  const [one, other] = newer > 0 ? [a, a] : newer < 0 ? [b, b] : [a, b];
  const [x, y] = [one.mentionsCounted, other.mentionsCounted];
  if (!x || !y) {
    const mentions = x ? other.mentions : y ? one.mentions : intersect(one.mentions, other.mentions);
    return { mentions: above(mentions, base), mentionsCounted: null };
  }
  return { mentions: NO_RANGES, mentionsCounted: x.at > y.at || (x.at === y.at && x.count <= y.count) ? x : y };
};

/** The rows of one version are parts of one row. Between two versions, a message may count again: the sender is no longer blocked. */
const latestRanges = (a: ConversationRow, b: ConversationRow, register: 'uncounted' | 'cleared'): Ranges =>
  a.version === b.version ? union(a[register], b[register]) : (a.version > b.version ? a : b)[register];

/** Joins two rows of one conversation and epoch, each register by its own rule. Commutative, associative, idempotent. */
export const joinRows = (a: ConversationRow, b: ConversationRow): ConversationRow => {
  const readUpTo = Math.max(a.readUpTo, b.readUpTo);
  const marked = latestMark(a.marked, b.marked);
  const [firstSeq, joinedAt] = [Math.max(a.firstSeq, b.firstSeq), Math.max(a.joinedAt, b.joinedAt)];
  const neverCounted = firstVisible({ firstSeq, joinedAt }) - 1;
  const newer = b.version > a.version || (b.version === a.version && b.latestSeq >= a.latestSeq) ? b : a;
  const base = Math.max(countsAbove(marked, readUpTo), neverCounted);
  return {
    conversationId: a.conversationId,
    version: Math.max(a.version, b.version),
    latestSeq: Math.max(a.latestSeq, b.latestSeq),
    firstSeq,
    joinedAt,
    readUpTo,
    readBy: (b.readUpTo > a.readUpTo ? b : a).readBy,
    uncounted: above(latestRanges(a, b, 'uncounted'), base),
    cleared: above(latestRanges(a, b, 'cleared'), base),
    counted: newer.counted,
    ...joinMentions(a, b, Math.max(readUpTo, neverCounted)),
    muted: latestFlag(a.muted, b.muted),
    marked,
    untold: union(a.untold, b.untold),
    archived: latestMark(a.archived, b.archived),
    // The message belongs to the flag: the row with the newer flag knows the message.
    reopenedBy: (a.archived.count === b.archived.count ? newer : a.archived.count > b.archived.count ? a : b).reopenedBy,
    left: latestFlag(a.left, b.left),
    mine: joinReceiptsSent(a.mine, b.mine),
    theirs: joinReceiptsSent(a.theirs, b.theirs),
    lastMessage: keptMessage(newerMessage(a.lastMessage, b.lastMessage), firstSeq),
    present: union(a.present, b.present),
  };
};

/** A conversation as the page sees it. */
export interface Conversation<Body = Json> {
  /** The id: `direct:` with the peer's user id, or `group:` with the group's id. */
  readonly id: ConversationId;
  /** The kind of conversation. */
  readonly type: 'direct' | 'group';
  /** The newest message that this device stores; absent if it stores none. */
  readonly lastMessage?: Message<Body>;
  /** Number of countable messages of other members above my position, or from the message on from which I marked the conversation unread. */
  readonly unreadCount: number;
  /** Number of countable messages above my position that mention me. A muted conversation keeps this count. */
  readonly mentionCount: number;
  /** False if `unreadCount` or `mentionCount` is a lower bound until the server answers. */
  readonly exact: boolean;
  /** True if the user marked the conversation unread, as a whole or from a message on. */
  readonly markedUnread: boolean;
  /** True if the user muted the conversation: it is in no total of messages. */
  readonly muted: boolean;
  /** Left out of lists and totals. Falls with the next message that counts, unless the conversation is muted. */
  readonly archived: boolean;
  /** Groups: I have left, or was removed. The count is 0, and the messages stay readable on this device. False after the return. */
  readonly left: boolean;
  /** My read position, inclusive, with pending changes of this device; 0 if nothing is read. */
  readonly readUpTo: Seq;
  /** The newest message known to this device; 0 if there is none. */
  readonly latestSeq: Seq;
  /** Direct chats: the end of the peer's newest conversation read receipt. A message read receipt does not move it. 0 if there is none. */
  readonly peerReadUpTo?: Seq;
  /** Direct chats: the newest message that the peer's device has. A read message counts as delivered. 0 if there is none. */
  readonly peerDeliveredUpTo?: Seq;
}

/** A first paint holds so many conversations. With fewer, it holds all that are not archived. */
export const PAINTED_CONVERSATIONS = 50;

/** The state for the page's first paint, before its worker has started. The numbers were exact when the worker wrote them. */
export interface FirstPaint {
  readonly totals: Totals;
  /** The first ones of the list without the archived conversations. */
  readonly conversations: readonly Conversation[];
}
