/**
 * The in-memory state of one account: the result of applying the log records in order. It is a cache; the store is the truth.
 *
 *   snapshot ─restore─▶ ┌──────────────────────────────────────────────┐
 *                       │ AccountState                                 │
 *   log records ─apply─▶│   a row, the stored seqs, the unflushed      │ ─▶ views: server's row + pending entries
 *                       │   messages and the pending entries of each   │
 *                       │   conversation; dead letters; recent events  │
 *                       └──────────────────────────────────────────────┘
 *
 * The state holds what a conversation list needs, and no message that a page holds. Every shown number is derived from the server's row
 * and the overlay of pending entries (I-13).
 */
import type { ConversationId, MessageId, UserId } from '../../model/ids.ts';
import type { ReceiptStatistic } from '../../model/api/event.ts';
import { type ConversationRow, wholeRow } from '../../model/conversation/conversation.ts';
import { archiveOf } from '../../model/conversation/archive.ts';
import { latestFlag, latestMark } from '../../model/registers/flag.ts';
import {
  allowedBy,
  type Cursor,
  isNothingPending,
  type MessageEntry,
  type OutboxEntry,
  type ReceiptsEntry,
  type SettingsEntry,
} from '../../model/outbox-entry.ts';
import { union } from '../../model/registers/ranges.ts';
import {
  type AccountSettings,
  ALL_ON,
  bothAllow,
  joinSettings,
  type ReceiptSettings,
  valuesOf,
} from '../../model/message/receipt-settings.ts';
import { addCounts, noTotals, type Totals } from '../../model/conversation/total.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import { ConversationState, withEntry } from './conversation-state.ts';
import { RecentlyConfirmed } from './recently-confirmed.ts';
import { LayeredMap } from './layered-map.ts';
import { MessageIndex } from './message-index.ts';
import { keptConversation, type KeptDeadLetter, type Snapshot } from './snapshot.ts';
import type { KeptEvent, Dirty } from './dirty.ts';

export const MAX_EVENTS_KEPT = 1000;
export const MAX_DEAD_LETTERS = 1000;

export class AccountState {
  version = 0;
  cursor: Cursor | null = null;
  /** The server's time of the last complete catch-up, epoch ms; null before the first. */
  asOf: number | null = null;
  /** The newest cursor at which the server confirmed an entry. */
  confirmedAt: Cursor | null = null;
  /** Replaced by a new object at each reset, and when the app drops messages: a tab may request all messages again. */
  requestable: object = {};
  paused = false;
  /** The settings of this device. */
  settings: ReceiptSettings = { deliveryReceipts: true, readReceipts: true };
  /** The settings of the account, as the server has them. A loss of history at the server leaves them: they name no message. */
  account: AccountSettings = ALL_ON;
  /** Pending changes of the account's settings, oldest first. */
  pendingSettings: readonly SettingsEntry[] = [];
  conversations = new Map<ConversationId, ConversationState>();
  /**
   * Rows from before the current catch-up, for each conversation changed by the catch-up. The total uses these rows
   * until the end of the catch-up.
   */
  rowsBeforeCatchUp = new Map<ConversationId, ConversationRow>();
  /** Pending entries, oldest first. */
  outbox = new Map<string, OutboxEntry>();
  /** Recently confirmed entries, to be offered again after the server lost history. */
  confirmed = RecentlyConfirmed.of();
  deadLetters: KeptDeadLetter[] = [];
  /** The newest events, up to 1,000: a tab that missed a hint reads them later than the other tabs. */
  events: KeptEvent[] = [];
  /** New read counts of the unfinished catch-up, which makes one event of them at its end. */
  statistics = new Map<MessageId, ReceiptStatistic>();
  eventCount = 0;
  /** A page has received the events up to this number. */
  heard = 0;
  /** Log records up to this version are compacted: their messages are in pages. */
  compactedUpTo = 0;
  index: MessageIndex;

  constructor(readonly me: UserId) {
    this.index = new MessageIndex(me);
  }

  static restore(me: UserId, snapshot: Snapshot | undefined): AccountState {
    const model = new AccountState(me);
    if (!snapshot) return model;
    const { conversations, rowsBeforeCatchUp = [], outbox, confirmed, statistics = [], ...plain } = snapshot;
    Object.assign(model, plain, { confirmed: RecentlyConfirmed.of(confirmed), events: [...plain.events] });
    for (const kept of conversations) Object.assign(model.ensure(kept.row.conversationId), kept, { row: wholeRow(kept.row) });
    for (const row of rowsBeforeCatchUp) model.rowsBeforeCatchUp.set(row.conversationId, row);
    for (const entry of outbox) model.putEntry(entry);
    for (const one of statistics) model.statistics.set(one.messageId, one);
    return model;
  }

  /**
   * A copy for a draft. The copy reads through to this state, owns its changes, and leaves this state unchanged. A
   * conversation returned by `get` belongs to the copy, so a decision sees later changes in its conversation. Iteration
   * yields the conversations of this state until the copy has its own: apply-change.ts changes only conversations from
   * `ensure` or `touch`.
   */
  fork(): AccountState {
    return Object.assign(new AccountState(this.me), this, {
      conversations: new LayeredMap(this.conversations, (conversation) => conversation.fork()),
      rowsBeforeCatchUp: new LayeredMap(this.rowsBeforeCatchUp),
      outbox: new LayeredMap(this.outbox),
      confirmed: this.confirmed.fork(),
      events: [...this.events],
      statistics: new LayeredMap(this.statistics),
    });
  }

  /** Takes the changes of a draft of this state. The draft is not used any more. */
  adopt(draft: AccountState): void {
    const { conversations, rowsBeforeCatchUp, outbox, statistics, confirmed } = this;
    const of = <K, V extends object>(map: Map<K, V>): LayeredMap<K, V> => map as LayeredMap<K, V>;
    of(draft.conversations).settle((mine, copy) => mine.adopt(copy));
    of(draft.rowsBeforeCatchUp).settle();
    of(draft.outbox).settle();
    of(draft.statistics).settle();
    confirmed.adopt(draft.confirmed);
    Object.assign(this, draft, { conversations, rowsBeforeCatchUp, outbox, statistics, confirmed });
  }

  snapshot(): Snapshot {
    const { version, cursor, asOf, confirmedAt, paused, settings, account, deadLetters, events, eventCount, heard } = this;
    return {
      ...{ version, cursor, asOf, confirmedAt, paused, settings, account, deadLetters, events, eventCount, heard },
      conversations: [...this.conversations.values()].map(keptConversation),
      rowsBeforeCatchUp: [...this.rowsBeforeCatchUp.values()],
      outbox: [...this.outbox.values()],
      confirmed: this.confirmed.all,
      statistics: [...this.statistics.values()],
    };
  }

  /** The settings of the account, with pending changes of this device. */
  get accountSettings(): AccountSettings {
    return this.pendingSettings.reduce((all, { settings }) => joinSettings(all, settings), this.account);
  }

  /** The receipts that this device sends: those that its own settings and the account's allow. */
  get allowed(): ReceiptSettings {
    return bothAllow(this.settings, valuesOf(this.accountSettings));
  }

  /** The conversation; undefined for an unknown id. */
  get(id: ConversationId): ConversationState | undefined {
    return this.conversations.get(id);
  }

  /** The conversation; for an unknown id one without messages, rows and pending entries, which is no part of the state. */
  getOrBlank(id: ConversationId): ConversationState {
    return this.get(id) ?? new ConversationState(id);
  }

  ensure(id: ConversationId): ConversationState {
    let conversation = this.conversations.get(id);
    if (!conversation) this.conversations.set(id, (conversation = new ConversationState(id)));
    return conversation;
  }

  /** Finds a message by id among the unflushed and the newest messages, without reading a page. */
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

  /** Number of unflushed messages. After a crash, the next start reads them from the log. */
  get unflushedCount(): number {
    let count = 0;
    for (const { unflushed } of this.conversations.values()) count += unflushed.size;
    return count;
  }

  /**
   * The totals are true at a single moment. During a catch-up, the totals of the time before are shown, with pending
   * entries (F113).
   */
  get totals(): Totals {
    const totals = noTotals();
    for (const conversation of this.conversations.values())
      addCounts(totals, conversation.counts(this.rowsBeforeCatchUp.get(conversation.id)));
    return totals;
  }

  /**
   * Adds an entry, confirmed by the server during a catch-up, to the rows from before the catch-up: the total keeps the
   * user's change.
   */
  confirmDuringCatchUp({ conversationId, pendingReceipts }: ReceiptsEntry): void {
    const row = this.rowsBeforeCatchUp.get(conversationId);
    if (!row) return;
    const { position, cleared, muted, marked, archived } = pendingReceipts;
    const after = {
      readUpTo: Math.max(row.readUpTo, position),
      cleared: union(row.cleared, cleared),
      muted: latestFlag(row.muted, muted),
      marked: latestMark(row.marked, marked),
      archived: archiveOf(row, archived),
    };
    const reopenedBy = after.archived === row.archived ? row.reopenedBy : 0;
    this.rowsBeforeCatchUp.set(conversationId, { ...row, ...after, reopenedBy });
  }

  /** Forgets unflushed messages of compacted records: pages hold them now. */
  dropCompacted(upTo: number): void {
    if (upTo <= this.compactedUpTo) return;
    this.compactedUpTo = upTo;
    this.index.clear();
    for (const { unflushed } of this.conversations.values()) unflushed.dropUpTo(upTo);
  }

  /** This method and all below are for apply-change.ts only. */
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

  /** Removes recalled messages from the pending events, the confirmed entries and the row's last message. */
  forgetRecalled(conversation: ConversationState, messages: readonly KeptMessage[]): void {
    const recalled = messages.filter((message) => message.recalled);
    if (recalled.length === 0) return;
    const ids = new Set(recalled.map(({ id }) => id));
    const { row } = conversation;
    if (row.lastMessage && ids.has(row.lastMessage.id))
      conversation.row = { ...row, lastMessage: { ...row.lastMessage, body: '', recalled: true } };
    this.events = this.events.filter(({ event }) => event.type !== 'message' || !ids.has(event.messageId));
    for (const { id } of recalled) this.statistics.delete(id);
    for (const { id, senderId } of recalled) if (senderId === this.me) this.confirmed.forgetMessage(id);
  }

  drop(ended: string): OutboxEntry | undefined {
    const entry = this.outbox.get(ended);
    if (!entry) return undefined;
    this.outbox.delete(ended);
    if (entry.kind === 'settings') this.pendingSettings = this.pendingSettings.filter(({ key }) => key !== ended);
    else this.ensure(entry.conversationId).drop(entry);
    return entry;
  }

  /** Puts back an entry to be offered again, without receipts forbidden by the current settings. */
  putEntryAgain(entry: OutboxEntry): void {
    if (entry.kind !== 'receipts') return this.putEntry(entry);
    const pendingReceipts = allowedBy(this.allowed, entry.pendingReceipts);
    if (!isNothingPending(pendingReceipts)) this.putEntry({ ...entry, pendingReceipts });
  }

  putEntry(entry: OutboxEntry): void {
    this.outbox.set(entry.key, entry);
    if (entry.kind === 'settings') this.pendingSettings = withEntry(this.pendingSettings, entry);
    else this.ensure(entry.conversationId).put(entry);
  }
}
