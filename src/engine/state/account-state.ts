/**
 * The worker's in-memory fold of the journal: a cache and never the truth. It holds what a phone's conversation list needs (rows, what
 * is owed, what is not yet in pages), and no message that a page holds. Everything shown is derived here from the server's row and
 * the overlay of pending entries (I-13).
 */
import type { ConversationId, MessageId, UserId } from '../../model/ids.ts';
import type { ConversationRow } from '../../model/conversation.ts';
import { latestFlag } from '../../model/flag.ts';
import {
  allowedBy,
  type Cursor,
  isNothingPending,
  type MessageEntry,
  type OutboxEntry,
  type ReceiptsEntry,
} from '../../model/outbox-entry.ts';
import { contains } from '../../model/ranges.ts';
import type { KeptMessage, ReceiptSettings } from '../../log/log-record.ts';
import { ConversationState } from './conversation-state.ts';
import { RecentlyConfirmed } from './recently-confirmed.ts';
import { MessageIndex } from './message-index.ts';
import type { KeptDeadLetter, Snapshot } from './snapshot.ts';
import type { KeptEvent, Dirty } from './dirty.ts';

export const MAX_EVENTS_KEPT = 1000;
export const MAX_DEAD_LETTERS = 1000;

export class AccountState {
  version = 0;
  cursor: Cursor | null = null;
  /** The newest place in the server's history at which it acked something. */
  confirmedAt: Cursor | null = null;
  /** Another one after each reset: what is held is of one history of the server's. */
  history: object = {};
  paused = false;
  settings: ReceiptSettings = { deliveryReceipts: true, readReceipts: true };
  readonly conversations = new Map<ConversationId, ConversationState>();
  /** Rows as they stood before the catch-up that is under way, of conversations it has told of: until it is complete, the total is theirs. */
  readonly rowsBeforeCatchUp = new Map<ConversationId, ConversationRow>();
  /** Everything owed, oldest first. */
  readonly outbox = new Map<string, OutboxEntry>();
  /** What the server acked of late, for one that lost history. */
  confirmed = RecentlyConfirmed.of();
  deadLetters: KeptDeadLetter[] = [];
  /** What no tab may have heard yet. */
  events: KeptEvent[] = [];
  eventCount = 0;
  heard = 0;
  /** Journal records up to here are in pages. */
  compactedUpTo = 0;
  readonly index: MessageIndex;

  constructor(readonly me: UserId) {
    this.index = new MessageIndex(me);
  }

  static restore(me: UserId, snapshot: Snapshot | undefined): AccountState {
    const model = new AccountState(me);
    if (!snapshot) return model;
    model.version = snapshot.version;
    model.cursor = snapshot.cursor;
    model.confirmedAt = snapshot.confirmedAt ?? null;
    model.paused = snapshot.paused;
    model.settings = snapshot.settings;
    for (const kept of snapshot.conversations) Object.assign(model.ensure(kept.row.conversationId), kept);
    for (const row of snapshot.rowsBeforeCatchUp ?? []) model.rowsBeforeCatchUp.set(row.conversationId, row);
    for (const entry of snapshot.outbox) model.putEntry(entry);
    model.confirmed = RecentlyConfirmed.of(snapshot.confirmed);
    model.deadLetters = [...snapshot.deadLetters];
    model.events = [...snapshot.events];
    model.eventCount = snapshot.eventCount;
    model.heard = snapshot.heard;
    return model;
  }

  snapshot(): Snapshot {
    return {
      version: this.version,
      cursor: this.cursor,
      confirmedAt: this.confirmedAt,
      paused: this.paused,
      settings: this.settings,
      conversations: [...this.conversations.values()].map(
        ({ row, storedSeqs, evicted, readFloor, deliveryFloor, newest, newestReceived }) => ({
          row,
          storedSeqs,
          evicted,
          readFloor,
          deliveryFloor,
          newest,
          newestReceived,
        }),
      ),
      ...(this.rowsBeforeCatchUp.size > 0 ? { rowsBeforeCatchUp: [...this.rowsBeforeCatchUp.values()] } : {}),
      outbox: [...this.outbox.values()],
      confirmed: this.confirmed.all,
      deadLetters: this.deadLetters,
      events: this.events,
      eventCount: this.eventCount,
      heard: this.heard,
    };
  }

  /** A conversation that may not be known. */
  get(id: ConversationId): ConversationState | undefined {
    return this.conversations.get(id);
  }

  ensure(id: ConversationId): ConversationState {
    let conversation = this.conversations.get(id);
    if (!conversation) this.conversations.set(id, (conversation = new ConversationState(id)));
    return conversation;
  }

  /** Where a message with this id is, among what no page holds yet. */
  findUnflushed(messageId: MessageId): { conversation: ConversationState; message: KeptMessage } | undefined {
    for (const conversation of this.conversations.values()) {
      const { newest, unflushed } = conversation;
      const message = unflushed.find(messageId) ?? (newest?.id === messageId ? newest : undefined);
      if (message) return { conversation, message: unflushed.over(message) };
    }
    return undefined;
  }

  findPending(messageId: MessageId): MessageEntry | undefined {
    for (const entry of this.outbox.values()) if (entry.kind === 'message' && entry.message.id === messageId) return entry;
    return undefined;
  }

  /** Messages in tails: how much a crash would have to fold again. */
  get unflushedCount(): number {
    let count = 0;
    for (const { unflushed } of this.conversations.values()) count += unflushed.size;
    return count;
  }

  /** Of one moment: while a catch-up tells of one conversation after the other, of the moment before it, with what is pending. */
  get totalUnreadCount(): number {
    let total = 0;
    for (const conversation of this.conversations.values()) {
      const { muted, unreadCount } = conversation.countedBy(this.rowsBeforeCatchUp.get(conversation.id));
      if (!muted) total += unreadCount;
    }
    return total;
  }

  /** The server acked it while a catch-up is under way: what the user did is part of the total of the moment before. */
  confirmDuringCatchUp({ conversationId, pendingReceipts }: ReceiptsEntry): void {
    const row = this.rowsBeforeCatchUp.get(conversationId);
    if (!row) return;
    const muted = pendingReceipts.muted ? latestFlag(row.muted, pendingReceipts.muted) : row.muted;
    this.rowsBeforeCatchUp.set(conversationId, { ...row, readUpTo: Math.max(row.readUpTo, pendingReceipts.position), muted });
  }

  /** Forgets tails that are in pages now. */
  dropCompacted(upTo: number): void {
    if (upTo <= this.compactedUpTo) return;
    this.compactedUpTo = upTo;
    this.index.clear();
    for (const { unflushed } of this.conversations.values()) unflushed.dropUpTo(upTo);
  }

  /** I-13, for tests: what is cached equals what is derived again. */
  recount(): void {
    for (const conversation of this.conversations.values()) {
      const shown = conversation.unread;
      conversation.touch();
      const again = conversation.unread;
      if (shown.unreadCount !== again.unreadCount || shown.exact !== again.exact)
        throw new Error(`${conversation.id} shows ${shown.unreadCount}, recounted ${again.unreadCount}`);
      for (const seq of conversation.unflushed.seqs)
        if (!contains(conversation.storedSeqs, seq)) throw new Error(`${conversation.id}: ${seq} not held`);
    }
  }

  /** From here on: what a change does (fold-change.ts), and nobody else. */
  touch(id: ConversationId, dirty: Dirty, shown = true): ConversationState {
    const conversation = this.ensure(id);
    conversation.touch();
    dirty.conversations.add(id);
    dirty.shown ||= shown;
    return conversation;
  }

  isTakenBack(entry: OutboxEntry): boolean {
    if (entry.kind !== 'message') return false;
    return this.ensure(entry.conversationId).recalls.some(({ messageId }) => messageId === entry.message.id);
  }

  /** What was taken back is told to no tab any more, offered to no server, and no row's last word. */
  forgetRecalled(conversation: ConversationState, messages: readonly KeptMessage[]): void {
    const recalled = messages.filter((message) => message.recalled);
    if (recalled.length === 0) return;
    const ids = new Set(recalled.map(({ id }) => id));
    const { row } = conversation;
    if (row.lastMessage && ids.has(row.lastMessage.id))
      conversation.row = { ...row, lastMessage: { ...row.lastMessage, body: '', recalled: true } };
    this.events = this.events.filter(({ event }) => event.type !== 'message' || !ids.has(event.message.id));
    for (const { id, senderId } of recalled) if (senderId === this.me) this.confirmed.forgetMessage(id);
  }

  drop(ended: string): OutboxEntry | undefined {
    const entry = this.outbox.get(ended);
    if (!entry) return undefined;
    this.outbox.delete(ended);
    this.ensure(entry.conversationId).drop(entry);
    return entry;
  }

  /** What was told while a switch was on is not told again while it is off. */
  putEntryAgain(entry: OutboxEntry): void {
    if (entry.kind !== 'receipts') return this.putEntry(entry);
    const pendingReceipts = allowedBy(this.settings, entry.pendingReceipts);
    if (!isNothingPending(pendingReceipts)) this.putEntry({ ...entry, pendingReceipts });
  }

  putEntry(entry: OutboxEntry): void {
    this.outbox.set(entry.key, entry);
    this.ensure(entry.conversationId).put(entry);
  }
}
