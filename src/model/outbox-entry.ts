/**
 * Outbox entries: messages, recalls and receipts of this device, on their way to the server.
 *
 *   enqueued ──▶ sent ──▶ confirmed              the server has applied the entry
 *      │          ├─────▶ rejected | expired     the server refused the entry; the receipt window was over
 *      ├──────────┴─────▶ cancelled              switched off, or logged out
 *      └────────────────▶ superseded             merged into a newer entry, before it was sent
 */
import { type Archive, latestFlag, latestMark, type Flag, type Mark } from './registers/flag.ts';
import type { ConversationId, MessageId, Seq } from './ids.ts';
import { LOST_TEXT } from './message/lost-text.ts';
import type { Mentions } from './message/mentions.ts';
import { NO_RANGES, type Ranges, union } from './registers/ranges.ts';
import type { AckContent } from './message/receipt.ts';
import { isEmpty } from './without-empty.ts';
import type { AccountSettings, ReceiptSettings, SettingsCounts } from './message/receipt-settings.ts';

/** An opaque position in the server's change feed. Clients store and return cursors, and never parse them. */
export type Cursor = string;

/**
 * All pending registers of a conversation. Positions merge by maximum, ranges by union, flags by highest count. Each merge is commutative,
 * associative and idempotent: the registers are join-semilattices (state-based CRDTs, Shapiro et al. 2011). So retries, duplicates and
 * another order change nothing.
 */
export interface PendingReceipts {
  /** My private read position, inclusive; 0 if none is pending. */
  readonly position: Seq;
  /** Messages that I cleared one by one: they no longer count for me, wherever my position is. Private. */
  readonly cleared: Ranges;
  /** Messages covered by conversation read receipts. */
  readonly read: Ranges;
  /** Messages covered by delivery receipts. */
  readonly delivered: Ranges;
  /** Messages covered by message read receipts. */
  readonly named: Ranges;
  /** Message read receipts for messages not stored on this device; the server checks them. Sorted. */
  readonly namedIds: readonly MessageId[];
  /** Groups: the reader's texts to some of the receipts. Sorted by message id. */
  readonly contents: readonly AckContent[];
  readonly muted: Flag | null;
  readonly marked: Mark | null;
  /** Private: messages that the user read while this device sent no read receipts. No receipt of any device names them. */
  readonly untold: Ranges;
  readonly archived: Archive | null;
}

export const NO_PENDING_RECEIPTS: PendingReceipts = {
  position: 0,
  cleared: NO_RANGES,
  read: NO_RANGES,
  delivered: NO_RANGES,
  named: NO_RANGES,
  namedIds: [],
  contents: [],
  muted: null,
  marked: null,
  untold: NO_RANGES,
  archived: null,
};

/** Keeps a single text per message, the first in code unit order: so the order of merging does not matter. */
const joinContents = (a: readonly AckContent[], b: readonly AckContent[]): readonly AckContent[] => {
  if (b.length === 0) return a;
  const texts = new Map(a.map(({ id, text }) => [id, text]));
  for (const { id, text } of b) {
    const before = texts.get(id);
    if (before === undefined || text < before) texts.set(id, text);
  }
  return [...texts].sort(([x], [y]) => (x < y ? -1 : 1)).map(([id, text]) => ({ id, text }));
};

/** Merges two sets of pending receipts of a conversation. Commutative, associative, idempotent (I-2), so retries are harmless. */
export const mergePendingReceipts = (older: PendingReceipts, newer: PendingReceipts): PendingReceipts => ({
  position: Math.max(older.position, newer.position),
  cleared: union(older.cleared, newer.cleared),
  read: union(older.read, newer.read),
  delivered: union(older.delivered, newer.delivered),
  named: union(older.named, newer.named),
  namedIds: newer.namedIds.length === 0 ? older.namedIds : [...new Set([...older.namedIds, ...newer.namedIds])].sort(),
  contents: joinContents(older.contents, newer.contents),
  muted: older.muted ? latestFlag(older.muted, newer.muted) : newer.muted,
  marked: older.marked ? latestMark(older.marked, newer.marked) : newer.marked,
  untold: union(older.untold, newer.untold),
  archived: older.archived ? latestMark(older.archived, newer.archived) : newer.archived,
});

/** Whether a flag is among the pending registers. */
export const hasFlag = ({ muted, marked, archived }: Pick<PendingReceipts, 'muted' | 'marked' | 'archived'>): boolean =>
  Boolean(muted ?? marked ?? archived);

/** Whether nothing is pending: a flag that was changed has a count. */
export const isNothingPending = (pendingReceipts: Partial<PendingReceipts>): boolean => isEmpty(pendingReceipts);

/** Removes the receipts forbidden by these switches. Returns the same object if nothing is removed. */
export const allowedBy = (switches: ReceiptSettings, pendingReceipts: PendingReceipts): PendingReceipts => {
  const reads =
    !switches.readReceipts &&
    pendingReceipts.read.length + pendingReceipts.named.length + pendingReceipts.namedIds.length + pendingReceipts.contents.length > 0;
  const deliveries = !switches.deliveryReceipts && pendingReceipts.delivered.length > 0;
  if (!reads && !deliveries) return pendingReceipts;
  return {
    ...pendingReceipts,
    ...(reads ? { read: NO_RANGES, named: NO_RANGES, namedIds: [], contents: [] } : {}),
    ...(deliveries ? { delivered: NO_RANGES } : {}),
  };
};

/** As {@link allowedBy}. What a removed receipt named stays untold: the user switched before it was sent. */
export const cancelForbidden = (switches: ReceiptSettings, pendingReceipts: PendingReceipts): PendingReceipts => {
  const rest = allowedBy(switches, pendingReceipts);
  const { read, named, untold } = pendingReceipts;
  return rest.read === read && rest.named === named ? rest : { ...rest, untold: union(untold, union(read, named)) };
};

interface EntryBase {
  /** Idempotency key: made once, the same on every retry. The content sent under a key never changes. */
  readonly key: string;
  /** Epoch ms by this device's clock, for the displayed age of the outbox only. */
  readonly at: number;
  /** The entry was handed to the network at least once. Newer receipts become a new entry. */
  readonly sent: boolean;
  /** The server confirmed the entry once, and has lost that history. How the entry ends now makes no event. */
  readonly again?: true;
}

interface ConversationEntryBase extends EntryBase {
  readonly conversationId: ConversationId;
  /** The device's cursor at the time of writing the entry; `null` before its first snapshot. */
  readonly cursor: Cursor | null;
}

export interface ReceiptsEntry extends ConversationEntryBase {
  readonly kind: 'receipts';
  /** The counts of the account's settings that this device knew. Absent: 0. */
  readonly settingsSeen?: SettingsCounts;
  readonly pendingReceipts: PendingReceipts;
}

export interface MessageEntry extends ConversationEntryBase {
  readonly kind: 'message';
  /** The key of the first entry with this text, whose key the text's row has (`log/texts.ts`). Absent: this entry is the first. */
  readonly textOf?: string;
  readonly message: {
    readonly id: MessageId;
    /** JSON text, at most `MAX_BODY_BYTES` of UTF-8. */
    readonly body: string;
    readonly receiptRequested: boolean;
    readonly countable: boolean;
    /** Absent if the message mentions no user. */
    readonly mentions?: Mentions | undefined;
  };
}

/** The recall of an own message. */
export interface RecallEntry extends ConversationEntryBase {
  readonly kind: 'recall';
  readonly messageId: MessageId;
}

/** A change of the account's receipt settings. It belongs to no conversation. */
export interface SettingsEntry extends EntryBase {
  readonly kind: 'settings';
  readonly settings: Partial<AccountSettings>;
}

export type ConversationEntry = ReceiptsEntry | MessageEntry | RecallEntry;
export type OutboxEntry = ConversationEntry | SettingsEntry;

/** The entry under another key. A message's text stays where it is. */
export const withKey = (entry: OutboxEntry, key: string): OutboxEntry =>
  entry.kind === 'message' ? { ...entry, key, textOf: entry.textOf ?? entry.key } : { ...entry, key };

/** The queue of an entry. Entries of a queue keep their order, and no queue waits for another queue. */
export type Queue = ConversationId | 'settings';
export const queueOf = (entry: OutboxEntry): Queue => (entry.kind === 'settings' ? 'settings' : entry.conversationId);

/** Whether a text of the entry was encrypted with a key that is gone. */
export const hasLostText = (entry: OutboxEntry): boolean =>
  entry.kind === 'message'
    ? entry.message.body === LOST_TEXT
    : entry.kind === 'receipts' && entry.pendingReceipts.contents.some(({ text }) => text === LOST_TEXT);

/** How an entry ended (I-3). `cancelled`: the user switched receipts off, or logged out. */
export type EntryEnd = 'confirmed' | 'superseded' | 'expired' | 'rejected' | 'cancelled';

/** A rejected entry, kept on this device with the server's reason until the app dismisses it. */
export interface DeadLetter {
  /** The entry's id, for `retryDeadLetter` and `dismissDeadLetter`. */
  readonly id: string;
  /** The kind of entry: receipts and positions, a message, or a recall. */
  readonly kind: ConversationEntry['kind'];
  /** The conversation of the entry. */
  readonly conversationId: ConversationId;
  /** The messages that the entry names: a message to send or to recall, or messages of named receipts. */
  readonly messageIds: readonly MessageId[];
  /** The error code: `rejected/…`, or `store/unreadable` if the entry's text was encrypted and its key is gone. */
  readonly code: string;
  /** Time of the rejection, epoch ms by this device's clock. */
  readonly at: number;
}
