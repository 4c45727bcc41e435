/**
 * The worker's in-memory fold of the journal: a cache and never the truth. It holds what a phone's conversation list needs (rows, what
 * is owed, what is not yet in pages), and no message that a page holds. Everything shown is derived here from the server's row and
 * the overlay of pending entries (I-13).
 */
import { joinRows, wholeRow } from '../model/conversation.ts';
import type { ConversationId, MessageId, UserId } from '../model/ids.ts';
import {
  allowedBy,
  type Cursor,
  isNothingOwed,
  mergeOwed,
  type MessageEntry,
  NOTHING_OWED,
  type OutboxEntry,
} from '../model/outbox-entry.ts';
import { contains, fromSeqs, subtract, union } from '../model/ranges.ts';
import type { Change, JournalRecord, KeptMessage, ReceiptSettings } from '../store/journal.ts';
import { withReceipt, withStep } from '../store/pages.ts';
import { HotConversation } from './hot-conversation.ts';
import { KeptAcked } from './kept-acked.ts';
import { MessageIndex } from './message-index.ts';
import type { KeptDeadLetter, Snapshot } from './snapshot.ts';
import type { KeptEvent, Touched } from './touched.ts';

export const MAX_EVENTS_KEPT = 1000;
export const MAX_DEAD_LETTERS = 1000;

export class HotModel {
  version = 0;
  cursor: Cursor | null = null;
  /** The newest place in the server's history at which it acked something. */
  seen: Cursor | null = null;
  paused = false;
  settings: ReceiptSettings = { deliveryReceipts: true, readReceipts: true };
  readonly conversations = new Map<ConversationId, HotConversation>();
  /** Everything owed, oldest first. */
  readonly outbox = new Map<string, OutboxEntry>();
  /** What the server acked of late, for one that lost history. */
  acked = KeptAcked.of();
  deadLetters: KeptDeadLetter[] = [];
  /** What no tab may have heard yet. */
  events: KeptEvent[] = [];
  eventCount = 0;
  heard = 0;
  /** Journal records up to here are in pages. */
  folded = 0;
  readonly index: MessageIndex;

  constructor(readonly me: UserId) {
    this.index = new MessageIndex(me);
  }

  static restore(me: UserId, snapshot: Snapshot | undefined): HotModel {
    const model = new HotModel(me);
    if (!snapshot) return model;
    model.version = snapshot.version;
    model.cursor = snapshot.cursor;
    model.seen = snapshot.seen ?? null;
    model.paused = snapshot.paused;
    model.settings = snapshot.settings;
    for (const kept of snapshot.conversations) Object.assign(model.ensure(kept.row.conversationId), kept);
    for (const entry of snapshot.outbox) model.owe(entry);
    model.acked = KeptAcked.of(snapshot.acked);
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
      seen: this.seen,
      paused: this.paused,
      settings: this.settings,
      conversations: [...this.conversations.values()].map(({ row, held, forgotten, readFloor, deliveryFloor, newest, newestReceived }) => ({
        row,
        held,
        forgotten,
        readFloor,
        deliveryFloor,
        newest,
        newestReceived,
      })),
      outbox: [...this.outbox.values()],
      acked: this.acked.all,
      deadLetters: this.deadLetters,
      events: this.events.slice(-MAX_EVENTS_KEPT),
      eventCount: this.eventCount,
      heard: this.heard,
    };
  }

  /** A conversation that may not be known. */
  get(id: ConversationId): HotConversation | undefined {
    return this.conversations.get(id);
  }

  private ensure(id: ConversationId): HotConversation {
    let conversation = this.conversations.get(id);
    if (!conversation) this.conversations.set(id, (conversation = new HotConversation(id)));
    return conversation;
  }

  /** Where a message with this id is, among what no page holds yet. */
  findUnpaged(messageId: MessageId): { conversation: HotConversation; message: KeptMessage } | undefined {
    for (const conversation of this.conversations.values()) {
      const { newest, tail } = conversation;
      const message = tail.find(messageId) ?? (newest?.id === messageId ? newest : undefined);
      if (message) return { conversation, message: tail.over(message) };
    }
    return undefined;
  }

  findPending(messageId: MessageId): MessageEntry | undefined {
    for (const entry of this.outbox.values()) if (entry.kind === 'message' && entry.message.id === messageId) return entry;
    return undefined;
  }

  /** Messages in tails: how much a crash would have to fold again. */
  get unpaged(): number {
    let count = 0;
    for (const { tail } of this.conversations.values()) count += tail.size;
    return count;
  }

  get totalUnreadCount(): number {
    let total = 0;
    for (const conversation of this.conversations.values()) if (!conversation.muted) total += conversation.unread.unreadCount;
    return total;
  }

  fold(record: JournalRecord, touched: Touched): void {
    this.version = record.version;
    for (const change of record.changes) this.apply(change, touched);
  }

  /** A record whose state a snapshot has, and whose messages no page has yet. */
  refill({ version, changes }: JournalRecord): void {
    for (const change of changes) {
      if (change.t === 'messages') this.ensure(change.of).tail.layMessages(change.messages, version);
      else if (change.t === 'forget') this.ensure(change.of).tail.lift(change.seqs);
      else if (change.t === 'step') this.ensure(change.step.conversationId).tail.layStep(change.step, version);
      else if (change.t === 'counts') this.ensure(change.of).tail.layReceipts(change.receipts, version);
    }
  }

  /** One change. Every case is idempotent or names what it replaces, so a journal folded from any snapshot before it ends the same. */
  apply(change: Change, touched: Touched): void {
    switch (change.t) {
      case 'row': {
        const conversation = this.touch(change.row.conversationId, touched);
        conversation.row = joinRows(conversation.row, wholeRow(change.row));
        return;
      }
      case 'reset': {
        this.cursor = this.seen = null;
        for (const { id } of this.conversations.values()) this.touch(id, touched).reset();
        this.index.clear();
        // Nothing is merged into what was written under the other history.
        for (const entry of this.outbox.values()) this.owe({ ...entry, sent: true });
        return;
      }
      case 'messages': {
        const conversation = this.touch(change.of, touched);
        conversation.tail.layMessages(change.messages, this.version);
        const before = conversation.newest;
        for (const { seq, senderId } of change.messages) {
          if (!conversation.newest || seq >= conversation.newest.seq) conversation.newest = conversation.tail.get(seq)!;
          if (senderId !== this.me) conversation.newestReceived = Math.max(conversation.newestReceived, seq);
        }
        if (conversation.newest && conversation.newest !== before) conversation.newest = conversation.tail.over(conversation.newest);
        const seqs = fromSeqs(change.messages.map(({ seq }) => seq));
        conversation.held = union(conversation.held, seqs);
        if (conversation.forgotten.length > 0) conversation.forgotten = subtract(conversation.forgotten, seqs);
        return;
      }
      case 'forget': {
        const conversation = this.touch(change.of, touched, false);
        conversation.tail.lift(change.seqs);
        conversation.held = subtract(conversation.held, change.seqs);
        conversation.forgotten = union(conversation.forgotten, change.seqs);
        return;
      }
      case 'step': {
        const conversation = this.touch(change.step.conversationId, touched, false);
        conversation.tail.layStep(change.step, this.version);
        if (conversation.newest) conversation.newest = withStep([conversation.newest], change.step)[0]!;
        return;
      }
      case 'counts': {
        const conversation = this.touch(change.of, touched, false);
        conversation.tail.layReceipts(change.receipts, this.version);
        const { newest } = conversation;
        if (newest) conversation.newest = withReceipt(newest, conversation.tail.receiptAt(newest.seq));
        return;
      }
      case 'cursor':
        this.cursor = change.cursor;
        return;
      case 'seen':
        this.seen = change.cursor;
        return;
      case 'owe':
        this.owe(change.entry);
        if (change.entry.kind === 'recall') this.acked.forgetMessage(change.entry.messageId);
        this.touch(change.entry.conversationId, touched);
        touched.outbox = true;
        return;
      case 'receipts': {
        const base = this.outbox.get(change.over ?? change.key);
        const owed = { ...NOTHING_OWED, ...change.owed };
        if (change.over !== undefined) this.drop(change.over);
        this.owe({
          kind: 'receipts',
          key: change.key,
          conversationId: change.of,
          at: change.at ?? base?.at ?? 0,
          sent: false,
          cursor: this.cursor,
          owed: base?.kind === 'receipts' ? mergeOwed(base.owed, owed) : owed,
        });
        const { position, muted, marked } = change.owed;
        this.touch(change.of, touched, Boolean(position ?? muted ?? marked));
        touched.outbox = true;
        return;
      }
      case 'sent':
        for (const key of change.keys) {
          const entry = this.outbox.get(key);
          if (entry) this.owe({ ...entry, sent: true });
        }
        touched.outbox = true;
        return;
      case 'end': {
        const entry = this.drop(change.key);
        if (!entry) return;
        this.touch(entry.conversationId, touched);
        if (change.end === 'acked' && !this.isTakenBack(entry)) this.acked.keep(entry);
        if (change.deadLetter) {
          this.deadLetters = [...this.deadLetters, { letter: change.deadLetter, entry }].slice(-MAX_DEAD_LETTERS);
          touched.deadLetters = true;
        }
        touched.outbox = true;
        return;
      }
      case 'again': {
        // First in line: what was written before everything that is owed now goes before it.
        const owed = [...this.outbox.values()];
        for (const { key } of owed) this.drop(key);
        for (const [acked, key] of change.keys) {
          const entry = this.acked.take(acked);
          if (entry) this.oweAgain({ ...entry, key, sent: true, again: true });
        }
        for (const entry of owed) this.owe(entry);
        for (const { conversationId } of this.outbox.values()) this.touch(conversationId, touched);
        touched.outbox = true;
        return;
      }
      case 'settings': {
        // Nothing is told about the past: what stood when a switch went on is the floor of what is told from now on.
        const readsOn = change.settings.readReceipts && !this.settings.readReceipts;
        const deliveriesOn = change.settings.deliveryReceipts && !this.settings.deliveryReceipts;
        this.settings = change.settings;
        for (const conversation of this.conversations.values()) {
          if (readsOn) conversation.readFloor = Math.max(conversation.readFloor, conversation.readUpTo);
          if (deliveriesOn) conversation.deliveryFloor = Math.max(conversation.deliveryFloor, conversation.row.latestSeq);
        }
        touched.settings = true;
        return;
      }
      case 'paused':
        this.paused = change.paused;
        touched.settings = true;
        return;
      case 'event': {
        const kept = { number: ++this.eventCount, event: change.event };
        this.events.push(kept);
        if (this.events.length > 2 * MAX_EVENTS_KEPT) this.events = this.events.slice(-MAX_EVENTS_KEPT);
        touched.events.push(kept);
        return;
      }
      case 'heard':
        this.heard = Math.max(this.heard, change.upTo);
        this.events = this.events.filter(({ number }) => number > this.heard);
        return;
      case 'dismiss': {
        const dismissed = this.deadLetters.find(({ letter }) => letter.id === change.id);
        if (!dismissed) return;
        this.deadLetters = this.deadLetters.filter((kept) => kept !== dismissed);
        this.touch(dismissed.entry.conversationId, touched);
        touched.deadLetters = true;
      }
    }
  }

  private touch(id: ConversationId, touched: Touched, shown = true): HotConversation {
    const conversation = this.ensure(id);
    conversation.touch();
    touched.conversations.add(id);
    touched.shown ||= shown;
    return conversation;
  }

  private isTakenBack(entry: OutboxEntry): boolean {
    if (entry.kind !== 'message') return false;
    return this.ensure(entry.conversationId).recalls.some(({ messageId }) => messageId === entry.message.id);
  }

  private drop(ended: string): OutboxEntry | undefined {
    const entry = this.outbox.get(ended);
    if (!entry) return undefined;
    this.outbox.delete(ended);
    this.ensure(entry.conversationId).drop(entry);
    return entry;
  }

  /** What was told while a switch was on is not told again while it is off. */
  private oweAgain(entry: OutboxEntry): void {
    if (entry.kind !== 'receipts') return this.owe(entry);
    const owed = allowedBy(this.settings, entry.owed);
    if (!isNothingOwed(owed)) this.owe({ ...entry, owed });
  }

  private owe(entry: OutboxEntry): void {
    this.outbox.set(entry.key, entry);
    this.ensure(entry.conversationId).put(entry);
  }

  /** Forgets tails that are in pages now. */
  dropFolded(upTo: number): void {
    if (upTo <= this.folded) return;
    this.folded = upTo;
    this.index.clear();
    for (const { tail } of this.conversations.values()) tail.dropUpTo(upTo);
  }

  /** I-13, for tests: what is cached equals what is derived again. */
  recount(): void {
    for (const conversation of this.conversations.values()) {
      const shown = conversation.unread;
      conversation.touch();
      const again = conversation.unread;
      if (shown.unreadCount !== again.unreadCount || shown.exact !== again.exact)
        throw new Error(`${conversation.id} shows ${shown.unreadCount}, recounted ${again.unreadCount}`);
      for (const seq of conversation.tail.seqs)
        if (!contains(conversation.held, seq)) throw new Error(`${conversation.id}: ${seq} not held`);
    }
  }
}
