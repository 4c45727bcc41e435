/** What this device owes the server. */
import { latestFlag, type Flag, type Mark } from './flag.ts';
import type { ConversationId, MessageId, Seq } from './ids.ts';
import { NO_RANGES, type Ranges, union } from './ranges.ts';
import type { AckContent } from './receipt.ts';

/** Opaque place in the server's change feed: stored, sent back, never parsed here. */
export type Cursor = string;

/** All registers one conversation owes, in one: merging is maximum, union and highest count. */
export interface PendingReceipts {
  /** My private read position; 0 for none. */
  readonly position: Seq;
  /** The public ones: by conversation receipt, by device, by name. */
  readonly read: Ranges;
  readonly delivered: Ranges;
  readonly named: Ranges;
  /** Named receipts for messages this device does not hold; the server judges them. Sorted. */
  readonly namedIds: readonly MessageId[];
  /** Groups: what the reader says with some of them. By id, sorted. */
  readonly contents: readonly AckContent[];
  readonly muted: Flag | null;
  readonly marked: Mark | null;
}

export const NO_PENDING_RECEIPTS: PendingReceipts = {
  position: 0,
  read: NO_RANGES,
  delivered: NO_RANGES,
  named: NO_RANGES,
  namedIds: [],
  contents: [],
  muted: null,
  marked: null,
};

const latest = <F extends Flag>(a: F | null, b: F | null): F | null => (a && b ? latestFlag(a, b) : (a ?? b));

/** One text per message, the same whichever comes first. */
const joinContents = (a: readonly AckContent[], b: readonly AckContent[]): readonly AckContent[] => {
  if (b.length === 0) return a;
  const texts = new Map(a.map(({ id, text }) => [id, text]));
  for (const { id, text } of b) {
    const before = texts.get(id);
    if (before === undefined || text < before) texts.set(id, text);
  }
  return [...texts].sort(([x], [y]) => (x < y ? -1 : 1)).map(([id, text]) => ({ id, text }));
};

/** What one conversation owes: `newer` laid over `older`. Commutative, associative, idempotent (I-2). */
export const mergePendingReceipts = (older: PendingReceipts, newer: PendingReceipts): PendingReceipts => ({
  position: Math.max(older.position, newer.position),
  read: union(older.read, newer.read),
  delivered: union(older.delivered, newer.delivered),
  named: union(older.named, newer.named),
  namedIds: newer.namedIds.length === 0 ? older.namedIds : [...new Set([...older.namedIds, ...newer.namedIds])].sort(),
  contents: joinContents(older.contents, newer.contents),
  muted: latest(older.muted, newer.muted),
  marked: latest(older.marked, newer.marked),
});

export const isNothingPending = (pendingReceipts: PendingReceipts): boolean =>
  pendingReceipts.position === 0 &&
  pendingReceipts.read.length === 0 &&
  pendingReceipts.delivered.length === 0 &&
  pendingReceipts.named.length === 0 &&
  pendingReceipts.namedIds.length === 0 &&
  pendingReceipts.contents.length === 0 &&
  !pendingReceipts.muted &&
  !pendingReceipts.marked;

/** Of what is owed, what these switches let senders learn. The same object where that is all of it. */
export const allowedBy = (
  switches: { readonly deliveryReceipts: boolean; readonly readReceipts: boolean },
  pendingReceipts: PendingReceipts,
): PendingReceipts => {
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

interface EntryBase {
  /** Idempotency key: made once, the same on every retry. What was sent under it never changes. */
  readonly key: string;
  readonly conversationId: ConversationId;
  /** Epoch ms by this device's clock: shown as the age of the outbox, decides nothing. */
  readonly at: number;
  /** Handed to the network at least once: newer work becomes the next entry. */
  readonly sent: boolean;
  /** Where in the server's history this device stood when it wrote the entry; `null` before its first snapshot. */
  readonly cursor: Cursor | null;
  /** Was acked once, by a history the server has lost: how it ends now is no news. */
  readonly again?: true;
}

export interface ReceiptsEntry extends EntryBase {
  readonly kind: 'receipts';
  readonly pendingReceipts: PendingReceipts;
}

export interface MessageEntry extends EntryBase {
  readonly kind: 'message';
  readonly message: {
    readonly id: MessageId;
    /** JSON text. */
    readonly body: string;
    readonly receiptRequested: boolean;
    readonly countable: boolean;
  };
}

/** An own message taken back. */
export interface RecallEntry extends EntryBase {
  readonly kind: 'recall';
  readonly messageId: MessageId;
}

export type OutboxEntry = ReceiptsEntry | MessageEntry | RecallEntry;

/** How an entry ended (I-3). `cancelled`: switched off, or logged out. */
export type EntryEnd = 'confirmed' | 'superseded' | 'expired' | 'rejected' | 'cancelled';

/** A refused entry, kept with its reason until the app dismisses it. */
export interface DeadLetter {
  readonly id: string;
  readonly kind: OutboxEntry['kind'];
  readonly conversationId: ConversationId;
  readonly messageIds: readonly MessageId[];
  readonly code: string;
  /** Epoch ms by this device's clock. */
  readonly at: number;
}
