/** The in-memory state of one conversation: the server's row, the overlay of pending entries, and the values derived from both. */
import { type ConversationRow, emptyRow, joinRows } from '../../model/conversation/conversation.ts';
import { archiveOf, isArchived } from '../../model/conversation/archive.ts';
import { type Archive, clearedUnder, type Flag, isMarked, latestFlag, latestMark, type Mark } from '../../model/registers/flag.ts';
import { type ConversationId, conversationType, type ConversationType, type MessageId, type Seq } from '../../model/ids.ts';
import {
  type ConversationEntry,
  mergePendingReceipts,
  type MessageEntry,
  NO_PENDING_RECEIPTS,
  type OutboxEntry,
  type PendingReceipts,
  type RecallEntry,
  type ReceiptsEntry,
} from '../../model/outbox-entry.ts';
import { above, contains, NO_RANGES, range, type Ranges, subtract, union } from '../../model/registers/ranges.ts';
import { joinReceiptsSent, type ReceiptsSent } from '../../model/message/receipt.ts';
import { type Counts, countsOf } from '../../model/conversation/total.ts';
import { countedAt, mentionsAt, uncountedAt, unreadAt, type Unread } from '../../model/conversation/unread.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { UnflushedMessages } from './unflushed-messages.ts';

/** Replaces the item with the same key, or appends `item`. */
export const withEntry = <E extends OutboxEntry>(list: readonly E[], item: E): E[] => {
  const at = list.findIndex(({ key }) => key === item.key);
  return at < 0 ? [...list, item] : list.with(at, item);
};

export class ConversationState {
  /** Messages stored on this device, in pages or unflushed. */
  storedSeqs: Ranges = NO_RANGES;
  /** Evicted messages, stored once. The device fetches them again only when the app asks for older messages. */
  evicted: Ranges = NO_RANGES;
  /** The evicted messages that the app has dropped or the store has lost. The device fetches them again also when the app opens the conversation. */
  dropped: Ranges = NO_RANGES;
  /** No read receipt is sent for messages at or below this seq. Set when the switch goes on; `deliveryFloor` likewise. */
  readFloor: Seq = 0;
  deliveryFloor: Seq = 0;
  /** The newest message when this device loaded its snapshot. A message at or below this seq is no news to the device. */
  historyUpTo: Seq = 0;
  /** Pending entries of the conversation, oldest first. */
  receipts: ReceiptsEntry[] = [];
  pending: MessageEntry[] = [];
  recalls: RecallEntry[] = [];
  /** The newest stored message in its current form. It stays here after its record is compacted. */
  newest: KeptMessage | null = null;
  /** The newest stored message of another sender. A read receipt may reach up to it (I-5). */
  newestReceived: Seq = 0;
  private pendingReceiptsCache: PendingReceipts | null = null;
  private unreadCache: Unread | null = null;
  private mentionsCache: ReturnType<typeof mentionsAt> | null = null;
  /** The counts, and the parts of the state that made them. Most changes change none of the parts. */
  private countsCache: { readonly revision: object; readonly made: readonly unknown[]; readonly counts: Counts } | null = null;

  constructor(
    readonly id: ConversationId,
    public row: ConversationRow = emptyRow(id),
    readonly unflushed = new UnflushedMessages(),
  ) {}

  /** A copy for a draft. This conversation stays unchanged. */
  fork(): ConversationState {
    const unflushed = this.unflushed.fork();
    return Object.assign(new ConversationState(this.id, this.row, unflushed), this, { unflushed });
  }

  /** Takes the changes of a copy. The copy is not used any more. */
  adopt(copy: ConversationState): void {
    const { unflushed } = this;
    Object.assign(this, copy, { unflushed });
    unflushed.adopt(copy.unflushed);
  }

  /** A new object at every change. A value computed at one revision stays right until the next. */
  revision: object = {};
  /** The same object in the state and in every draft. */
  readonly identity: object = {};

  touch(): void {
    this.revision = {};
    this.pendingReceiptsCache = null;
    this.unreadCache = null;
    this.mentionsCache = null;
  }

  put(entry: ConversationEntry): void {
    this.touch();
    if (entry.kind === 'receipts') this.receipts = withEntry(this.receipts, entry);
    else if (entry.kind === 'message') this.pending = withEntry(this.pending, entry);
    else this.recalls = withEntry(this.recalls, entry);
  }

  drop(ended: ConversationEntry): void {
    this.touch();
    if (ended.kind === 'receipts') this.receipts = this.receipts.filter(({ key }) => key !== ended.key);
    else if (ended.kind === 'message') this.pending = this.pending.filter(({ key }) => key !== ended.key);
    else this.recalls = this.recalls.filter(({ key }) => key !== ended.key);
  }

  /** Forgets the row and the messages of a lost history. The same seqs may belong to other messages now, so readers trust a page only for seqs in `storedSeqs`. */
  reset(): void {
    this.touch();
    this.row = emptyRow(this.id);
    this.unflushed.clear();
    this.storedSeqs = this.evicted = this.dropped = NO_RANGES;
    this.newest = null;
    this.newestReceived = this.historyUpTo = 0;
  }

  /** Joins a row. The messages below its `firstSeq` have ended at the server, and are stored here no more. */
  takeRow(row: ConversationRow): void {
    const { firstSeq } = this.row;
    this.row = joinRows(this.row, row);
    const ended = this.row.firstSeq - 1;
    if (ended < firstSeq) return;
    this.unflushed.remove(range(1, ended));
    this.storedSeqs = above(this.storedSeqs, ended);
    this.evicted = above(this.evicted, ended);
    this.dropped = above(this.dropped, ended);
    if (this.newest && this.newest.seq <= ended) this.newest = null;
  }

  /** @param dropped whether the messages are fetched again when the conversation opens. */
  evict({ seqs, dropped }: { readonly seqs: Ranges; readonly dropped?: true }): void {
    this.unflushed.remove(seqs);
    this.storedSeqs = subtract(this.storedSeqs, seqs);
    this.evicted = union(this.evicted, seqs);
    if (dropped) this.dropped = union(this.dropped, seqs);
  }

  /** The texts of the stored messages cannot be read. */
  loseTexts(): void {
    this.row = { ...this.row, lastMessage: null };
    this.evict({ seqs: this.storedSeqs, dropped: true });
    this.unflushed.clear();
    this.newest = null;
  }

  get pendingReceipts(): PendingReceipts {
    return (this.pendingReceiptsCache ??= this.receipts.reduce(
      (pendingReceipts, entry) => mergePendingReceipts(pendingReceipts, entry.pendingReceipts),
      NO_PENDING_RECEIPTS,
    ));
  }

  /** The user's read position: the maximum of the server's position and the pending one. */
  get readUpTo(): Seq {
    return Math.max(this.row.readUpTo, this.pendingReceipts.position);
  }

  get unread(): Unread {
    return (this.unreadCache ??= unreadAt(this.row, this.readUpTo, this.mark, this.pendingReceipts.cleared));
  }

  get mentions(): ReturnType<typeof mentionsAt> {
    return (this.mentionsCache ??= mentionsAt(this.row, this.readUpTo, this.mark, this.pendingReceipts.cleared));
  }

  /** What the totals count of the conversation, or of the conversation as it was with an earlier row. */
  counts(row: ConversationRow = this.row): Counts {
    const { revision } = this;
    const cached = this.countsCache;
    if (cached?.revision === revision && cached.made[0] === row) return cached.counts;
    const { position, cleared, muted, marked, archived } = this.pendingReceipts;
    const made = [row, position, cleared, muted, marked, archived];
    const counts = cached?.made.every((part, i) => part === made[i]) ? cached.counts : countsOf(this.withRow(row));
    this.countsCache = { revision, made, counts };
    return counts;
  }

  /** The conversation as it was with an earlier row, with the pending entries of today. */
  private withRow(row: ConversationRow): ConversationState {
    if (row === this.row) return this;
    const before = new ConversationState(this.id, row, this.unflushed);
    before.receipts = this.receipts;
    return before;
  }

  /** Whether the conversation has something for the user to read: an unread message, or a mark. A mark may come before the first message. */
  get isUnread(): boolean {
    return this.unread.unreadCount > 0 || (this.markedUnread && this.row.latestSeq > 0);
  }

  /** The unread messages; none if only their number is known. */
  get counted(): Ranges {
    return countedAt(this.row, this.readUpTo, this.mark, this.pendingReceipts.cleared);
  }

  /** The messages above the position that are known not to count. */
  get uncounted(): Ranges {
    return uncountedAt(this.row, this.readUpTo, this.mark, this.pendingReceipts.cleared);
  }

  /** True if the server has sent a row. Otherwise the conversation exists for its pending entries only. */
  get isKnown(): boolean {
    return this.row.version > 0;
  }

  get type(): ConversationType {
    return conversationType(this.id);
  }

  get muted(): boolean {
    return this.muteFlag.value;
  }

  /** The newest mute flag, set on this device or on another. */
  get muteFlag(): Flag {
    return latestFlag(this.row.muted, this.pendingReceipts.muted);
  }

  get archived(): boolean {
    return isArchived(this.row, this.pendingReceipts, this.muted);
  }

  /** The newest archived flag, set on this device or on another. A message may have reopened the conversation since. */
  get archiveFlag(): Archive {
    return archiveOf(this.row, this.pendingReceipts.archived);
  }

  /** Groups: the user has left, or was removed. */
  get left(): boolean {
    return this.row.left.value;
  }

  /** A group that the user has left has nothing to read, so it shows no mark. The mark shows again after a return. */
  get markedUnread(): boolean {
    return !this.left && isMarked(this.mark, this.readUpTo);
  }

  /** The newest mark, set on this device or on another. */
  get mark(): Mark {
    return latestMark(this.row.marked, this.pendingReceipts.marked);
  }

  /** Messages that the user cleared one by one, and that do not count: no mark counts them again. */
  get cleared(): Ranges {
    return clearedUnder(this.mark, this.readUpTo, union(this.row.cleared, this.pendingReceipts.cleared));
  }

  /** Receipts that the user has sent to the peer, with the pending ones. */
  get receiptsSent(): ReceiptsSent {
    const { delivered, read, named } = this.pendingReceipts;
    return joinReceiptsSent(this.row.mine, { delivered, read, named });
  }

  /** Messages that no receipt of this user names. */
  get untold(): Ranges {
    return union(this.row.untold, this.pendingReceipts.untold);
  }

  /** True if the message is recalled, also by a recall that is still pending. Its receipts have ended. */
  isRecalled({ id, recalled }: { readonly id: MessageId; readonly recalled: boolean }): boolean {
    return recalled || this.recalls.some(({ messageId }) => messageId === id);
  }

  /** True if a message read receipt, sent or pending, names this message. */
  hasNamed(seq: Seq): boolean {
    return contains(this.row.mine.named, seq) || contains(this.pendingReceipts.named, seq);
  }

  /** Like {@link hasNamed}, and also by id: a pending receipt may name a message not yet stored. */
  isNamed(id: MessageId, seq: Seq): boolean {
    return this.hasNamed(seq) || (this.pendingReceipts.namedIds.length > 0 && this.pendingReceipts.namedIds.includes(id));
  }

  /** The unsent receipts entry: newer receipts merge into it. A sent entry may stand behind it, after a repair of lost texts. */
  get unsent(): ReceiptsEntry | undefined {
    return this.receipts.find(({ sent }) => !sent);
  }

  get hasPending(): boolean {
    return this.pending.length > 0;
  }

  /** The last message of the server, as far as this device knows. The row leaves out a long body, which the stored message has. */
  get latest(): KeptMessage | null {
    const { newest, row } = this;
    return newest && newest.seq >= (row.lastMessage?.seq ?? 0) ? newest : row.lastMessage;
  }

  /** Of messages with the same chat, the times may run back: the `seq` says which message is the last. */
  get latestSentAt(): number {
    return this.pending[this.pending.length - 1]?.at ?? this.latest?.sentAt ?? 0;
  }
}
