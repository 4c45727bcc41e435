/** One conversation as the hot model holds it: the server's row, the overlay of what is pending, and what both make of it. */
import { type ConversationRow, emptyRow } from '../../model/conversation.ts';
import { type Flag, isMarked, latestFlag, type Mark } from '../../model/flag.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import {
  mergePendingReceipts,
  type MessageEntry,
  NO_PENDING_RECEIPTS,
  type OutboxEntry,
  type PendingReceipts,
  type RecallEntry,
  type ReceiptsEntry,
} from '../../model/outbox-entry.ts';
import { contains, NO_RANGES, type Ranges } from '../../model/ranges.ts';
import { joinReceiptsSent, type ReceiptsSent } from '../../model/receipt.ts';
import { unreadAt, type Unread } from '../../model/unread.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { UnflushedMessages } from './unflushed-messages.ts';

/** As it was, with `item` where its key stands, or last. */
const withEntry = <E extends OutboxEntry>(list: readonly E[], item: E): E[] => {
  const at = list.findIndex(({ key }) => key === item.key);
  return at < 0 ? [...list, item] : list.with(at, item);
};

/** One conversation, with what is owed for it. */
export class ConversationState {
  row: ConversationRow;
  /** Messages held on this device, in pages or not. */
  storedSeqs: Ranges = NO_RANGES;
  /** Held once and given up to make room: comes back when older messages are asked for, never by itself. */
  evicted: Ranges = NO_RANGES;
  /** Receipts say nothing of what lies at or below: set when a switch went from off to on. */
  readFloor: Seq = 0;
  deliveryFloor: Seq = 0;
  readonly unflushed = new UnflushedMessages();
  /** What is pending for it, oldest first. */
  receipts: ReceiptsEntry[] = [];
  pending: MessageEntry[] = [];
  recalls: RecallEntry[] = [];
  /** The newest message held, body and all, as it stands: it outlives the tail. */
  newest: KeptMessage | null = null;
  /** The newest held message from somebody else: as far as a read receipt may reach. */
  newestReceived: Seq = 0;
  private pendingReceiptsCache: PendingReceipts | null = null;
  private unreadCache: Unread | null = null;

  constructor(readonly id: ConversationId) {
    this.row = emptyRow(id);
  }

  /** Grows with every change: what was computed for one revision stays right for it. */
  revision = 0;

  touch(): void {
    this.revision++;
    this.pendingReceiptsCache = null;
    this.unreadCache = null;
  }

  put(entry: OutboxEntry): void {
    this.touch();
    if (entry.kind === 'receipts') this.receipts = withEntry(this.receipts, entry);
    else if (entry.kind === 'message') this.pending = withEntry(this.pending, entry);
    else this.recalls = withEntry(this.recalls, entry);
  }

  drop(ended: OutboxEntry): void {
    this.touch();
    if (ended.kind === 'receipts') this.receipts = this.receipts.filter(({ key }) => key !== ended.key);
    else if (ended.kind === 'message') this.pending = this.pending.filter(({ key }) => key !== ended.key);
    else this.recalls = this.recalls.filter(({ key }) => key !== ended.key);
  }

  /** Another history: the same places may hold other messages now, and pages are believed only where `storedSeqs` says so. */
  reset(): void {
    this.touch();
    this.row = emptyRow(this.id);
    this.unflushed.clear();
    this.storedSeqs = this.evicted = NO_RANGES;
    this.newest = null;
    this.newestReceived = 0;
  }

  get pendingReceipts(): PendingReceipts {
    return (this.pendingReceiptsCache ??= this.receipts.reduce(
      (pendingReceipts, entry) => mergePendingReceipts(pendingReceipts, entry.pendingReceipts),
      NO_PENDING_RECEIPTS,
    ));
  }

  /** My read position in force: the server's and what is pending, by maximum. */
  get readUpTo(): Seq {
    return Math.max(this.row.readUpTo, this.pendingReceipts.position);
  }

  get unread(): Unread {
    return (this.unreadCache ??= unreadAt(this.row, this.readUpTo));
  }

  /** What it adds to a total: by this row in place of the newest one, where a row is given. */
  countedBy(row: ConversationRow | undefined): { readonly muted: boolean; readonly unreadCount: number } {
    if (!row) return { muted: this.muted, unreadCount: this.unread.unreadCount };
    const { muted, position } = this.pendingReceipts;
    return {
      muted: (muted ? latestFlag(row.muted, muted) : row.muted).value,
      unreadCount: unreadAt(row, Math.max(row.readUpTo, position)).unreadCount,
    };
  }

  /** The server has told of it; else it is here for what is pending alone. */
  get isKnown(): boolean {
    return this.row.version > 0;
  }

  get muted(): boolean {
    return this.muteFlag.value;
  }

  /** Muted, as last set here or elsewhere. */
  get muteFlag(): Flag {
    return this.pendingReceipts.muted ? latestFlag(this.row.muted, this.pendingReceipts.muted) : this.row.muted;
  }

  get markedUnread(): boolean {
    return isMarked(this.mark, this.readUpTo);
  }

  /** Marked unread, as last set here or elsewhere. */
  get mark(): Mark {
    return this.pendingReceipts.marked ? latestFlag(this.row.marked, this.pendingReceipts.marked) : this.row.marked;
  }

  /** What I told the peer, or am about to. */
  get receiptsSent(): ReceiptsSent {
    const { delivered, read, named } = this.pendingReceipts;
    return joinReceiptsSent(this.row.mine, { delivered, read, named });
  }

  /** Whether I told the peer of this very message, or am about to. */
  hasNamed(seq: Seq): boolean {
    return contains(this.row.mine.named, seq) || contains(this.pendingReceipts.named, seq);
  }

  /** As {@link hasNamed}; one named before it was held is known by its id. */
  isNamed(id: MessageId, seq: Seq): boolean {
    return this.hasNamed(seq) || (this.pendingReceipts.namedIds.length > 0 && this.pendingReceipts.namedIds.includes(id));
  }

  /** The entry that newer work may still be merged into. */
  get unsent(): ReceiptsEntry | undefined {
    const last = this.receipts[this.receipts.length - 1];
    return last && !last.sent ? last : undefined;
  }

  get latestSentAt(): number {
    const last = this.pending[this.pending.length - 1];
    return Math.max(last?.at ?? 0, this.row.lastMessage?.sentAt ?? 0, this.newest?.sentAt ?? 0);
  }
}
