/** Applies the changes of log records to the state. Every tab that applies the same records in order gets the same state (I-14). */
import { wholeRow } from '../../model/conversation/conversation.ts';
import { hasLostText, mergePendingReceipts, NO_PENDING_RECEIPTS, withKey } from '../../model/outbox-entry.ts';
import type { StoredEvent } from '../../model/api/event.ts';
import { contains, fromSeqs, subtract, union } from '../../model/registers/ranges.ts';
import { countsOf, joinSettings } from '../../model/message/receipt-settings.ts';
import type { Change, KeptMessage, LogRecord } from '../../log/log-record.ts';
import { withReceipt, withStep } from '../../log/pages.ts';
import { type AccountState, MAX_DEAD_LETTERS, MAX_EVENTS_KEPT } from './account-state.ts';
import type { ConversationState } from './conversation-state.ts';
import { LOST_TEXT } from '../../model/message/lost-text.ts';
import type { Dirty } from './dirty.ts';
import { MessageIndex } from './message-index.ts';

export const applyRecord = (model: AccountState, { version, changes }: LogRecord, dirty: Dirty): void => {
  model.version = version;
  for (const change of changes) applyChange(model, change, dirty);
};

type Messages = Extract<Change, { readonly t: 'messages' }>;

/** The messages of a change, without those that have ended at the server. */
const notEnded = ({ row: { firstSeq } }: ConversationState, { messages }: Messages): readonly KeptMessage[] =>
  messages.filter(({ seq }) => seq >= firstSeq);

/** The messages without those whose bodies are gone from the log. */
const withBody = (messages: readonly KeptMessage[], { lost }: Messages): readonly KeptMessage[] =>
  lost ? messages.filter(({ seq }) => !contains(lost, seq)) : messages;

/** Takes the messages of a record from before the snapshot, if no page holds them yet. */
export const refillUnflushed = (model: AccountState, { version, changes }: LogRecord): void => {
  for (const change of changes) {
    if (change.t === 'messages') {
      const conversation = model.ensure(change.conversationId);
      conversation.unflushed.addMessages(withBody(notEnded(conversation, change), change), version);
    } else if (change.t === 'evict') model.ensure(change.conversationId).unflushed.remove(change.seqs);
    else if (change.t === 'step') model.ensure(change.step.conversationId).unflushed.addStep(change.step, version);
    else if (change.t === 'counts') model.ensure(change.conversationId).unflushed.addReceipts(change.receipts, version);
    else if (change.t === 'texts-lost') for (const { unflushed } of model.conversations.values()) unflushed.clear();
  }
};

/**
 * Applies a change of settings. Receipts that go on tell nothing about the past: the current position becomes the floor of later receipts
 * (I-6). The account's setting may have been off and on again since this device knew it, which its count shows.
 *
 * @param anew the device has just loaded its snapshot. If the account ever switched, what the user had read by then is the past.
 */
const switching = (model: AccountState, dirty: Dirty, change: () => unknown, anew = false): void => {
  const [before, seen] = [model.allowed, countsOf(model.accountSettings)];
  change();
  const [after, now] = [model.allowed, countsOf(model.accountSettings)];
  const goesOn = (kind: keyof typeof after): boolean => after[kind] && (!before[kind] || seen[kind] !== now[kind]);
  const readsOn = goesOn('readReceipts') || (anew && after.readReceipts && now.readReceipts > 0);
  const deliveriesOn = goesOn('deliveryReceipts');
  for (const id of readsOn || deliveriesOn ? model.conversations.keys() : []) {
    const conversation = model.ensure(id);
    if (readsOn) conversation.readFloor = Math.max(conversation.readFloor, conversation.readUpTo);
    if (deliveriesOn) conversation.deliveryFloor = Math.max(conversation.deliveryFloor, conversation.row.latestSeq);
  }
  dirty.settings = true;
};

const withoutLostTexts = (event: StoredEvent): StoredEvent =>
  event.type === 'groupRead'
    ? { ...event, readers: event.readers.map((reader) => (reader.content === LOST_TEXT ? { by: reader.by } : reader)) }
    : event;

const addEvent = (model: AccountState, event: StoredEvent, dirty: Dirty): void => {
  const kept = { number: ++model.eventCount, event };
  model.events.push(kept);
  if (model.events.length > MAX_EVENTS_KEPT) model.events.shift();
  dirty.events.push(kept);
};

/** Applies one change. Each case is idempotent or names the replaced entry, so every older snapshot leads to the same state. */
export const applyChange = (model: AccountState, change: Change, dirty: Dirty): void => {
  switch (change.t) {
    case 'row': {
      const conversation = model.touch(change.row.conversationId, dirty);
      if (change.ahead && !model.rowsBeforeCatchUp.has(conversation.id)) model.rowsBeforeCatchUp.set(conversation.id, conversation.row);
      conversation.takeRow(wholeRow(change.row));
      return;
    }
    case 'restore': {
      dirty.known = dirty.shown = true;
      for (const { row, readFloor, deliveryFloor, newestReceived } of change.conversations) {
        const conversation = model.touch(row.conversationId, dirty);
        conversation.takeRow(wholeRow(row));
        conversation.readFloor = Math.max(conversation.readFloor, readFloor);
        conversation.deliveryFloor = Math.max(conversation.deliveryFloor, deliveryFloor);
        conversation.newestReceived = Math.max(conversation.newestReceived, newestReceived);
        conversation.historyUpTo = conversation.row.latestSeq;
      }
      model.account = joinSettings(model.account, change.account);
      model.cursor = change.cursor;
      model.confirmedAt = change.confirmedAt;
      model.asOf = change.asOf;
      dirty.asOf = true;
      return;
    }
    case 'reset': {
      model.cursor = model.confirmedAt = model.asOf = null;
      dirty.asOf = true;
      model.rowsBeforeCatchUp.clear();
      model.statistics.clear();
      model.requestable = {};
      for (const { id } of model.conversations.values()) model.touch(id, dirty).reset();
      model.index = new MessageIndex(model.me);
      // Entries from the other history count as sent, so that no newer receipt is merged into them.
      for (const entry of model.outbox.values()) model.putEntry({ ...entry, sent: true });
      return;
    }
    case 'texts-lost':
      model.cursor = model.asOf = null;
      dirty.asOf = true;
      model.requestable = {};
      for (const { id } of model.conversations.values()) model.touch(id, dirty).loseTexts();
      model.index = new MessageIndex(model.me);
      for (const entry of model.confirmed.all) if (hasLostText(entry)) model.confirmed.take(entry.key);
      model.events = model.events.map((kept) => ({ ...kept, event: withoutLostTexts(kept.event) }));
      return;
    case 'messages': {
      const conversation = model.touch(change.conversationId, dirty, false);
      const messages = notEnded(conversation, change);
      conversation.unflushed.addMessages(withBody(messages, change), model.version);
      const { newest: before, latest } = conversation;
      for (const { seq, senderId } of messages) {
        if (!conversation.newest || seq >= conversation.newest.seq) conversation.newest = conversation.unflushed.get(seq)!;
        if (senderId !== model.me) conversation.newestReceived = Math.max(conversation.newestReceived, seq);
      }
      if (conversation.newest && conversation.newest !== before) conversation.newest = conversation.unflushed.over(conversation.newest);
      model.forgetRecalled(conversation, change.messages);
      // Messages below the last one change no list and no count. A device that comes back stores thousands of them.
      dirty.shown ||= conversation.latest !== latest;
      const seqs = fromSeqs(messages.map(({ seq }) => seq));
      conversation.storedSeqs = union(conversation.storedSeqs, seqs);
      if (conversation.evicted.length > 0) conversation.evicted = subtract(conversation.evicted, seqs);
      if (conversation.dropped.length > 0) conversation.dropped = subtract(conversation.dropped, seqs);
      for (const { id, seq } of change.news ? messages : [])
        if (contains(change.news!, seq))
          addEvent(model, { type: 'message', conversationId: change.conversationId, messageId: id, seq }, dirty);
      return;
    }
    case 'evict': {
      model.touch(change.conversationId, dirty, false).evict(change);
      if (change.dropped) model.requestable = {};
      return;
    }
    case 'step': {
      const conversation = model.touch(change.step.conversationId, dirty, false);
      conversation.unflushed.addStep(change.step, model.version);
      if (conversation.newest) conversation.newest = withStep([conversation.newest], change.step)[0]!;
      return;
    }
    case 'counts': {
      const conversation = model.touch(change.conversationId, dirty, false);
      conversation.unflushed.addReceipts(change.receipts, model.version);
      const { newest } = conversation;
      if (newest) conversation.newest = withReceipt(newest, conversation.unflushed.receiptAt(newest.seq));
      return;
    }
    case 'cursor':
      // The first cursor ends a snapshot.
      if (model.cursor === null) {
        dirty.known = dirty.shown = true;
        for (const { id, row } of model.conversations.values())
          if (row.latestSeq > 0) model.touch(id, dirty, false).historyUpTo = row.latestSeq;
      }
      model.cursor = change.cursor;
      if (change.asOf !== undefined) {
        model.asOf = change.asOf;
        dirty.asOf = true;
      }
      if (change.ahead || model.rowsBeforeCatchUp.size === 0) return;
      model.rowsBeforeCatchUp.clear();
      dirty.shown = true;
      return;
    case 'confirmed-at':
      model.confirmedAt = change.cursor;
      return;
    case 'enqueue':
      if (change.entry.kind === 'settings') {
        const { entry } = change;
        switching(model, dirty, () => model.putEntry(entry));
        dirty.outbox = true;
        return;
      }
      model.putEntry(change.entry);
      if (change.entry.kind === 'recall') model.confirmed.forgetMessage(change.entry.messageId);
      model.touch(change.entry.conversationId, dirty);
      dirty.outbox = true;
      return;
    case 'receipts': {
      const base = model.outbox.get(change.over ?? change.key);
      const pendingReceipts = { ...NO_PENDING_RECEIPTS, ...change.pendingReceipts };
      if (change.over !== undefined) model.drop(change.over);
      model.putEntry({
        kind: 'receipts',
        key: change.key,
        conversationId: change.conversationId,
        at: change.at ?? base?.at ?? 0,
        sent: false,
        cursor: model.cursor,
        settingsSeen: countsOf(model.accountSettings),
        pendingReceipts: base?.kind === 'receipts' ? mergePendingReceipts(base.pendingReceipts, pendingReceipts) : pendingReceipts,
      });
      const { position, cleared, muted, marked, archived } = change.pendingReceipts;
      model.touch(change.conversationId, dirty, Boolean(position ?? cleared ?? muted ?? marked ?? archived));
      dirty.outbox = true;
      return;
    }
    case 'sent':
      for (const key of change.keys) {
        const entry = model.outbox.get(key);
        if (entry) model.putEntry({ ...entry, sent: true });
      }
      dirty.outbox = true;
      return;
    case 'end': {
      if (model.outbox.get(change.key)?.kind === 'settings') {
        switching(model, dirty, () => model.drop(change.key));
        dirty.outbox = true;
        return;
      }
      const entry = model.drop(change.key);
      if (!entry || entry.kind === 'settings') return;
      model.touch(entry.conversationId, dirty);
      if (change.end === 'confirmed' && entry.kind === 'receipts') model.confirmDuringCatchUp(entry);
      if (change.end === 'confirmed' && !model.isTakenBack(entry)) model.confirmed.keep(entry);
      if (change.deadLetter) {
        model.deadLetters = [...model.deadLetters, { letter: change.deadLetter, entry }].slice(-MAX_DEAD_LETTERS);
        dirty.deadLetters = true;
      }
      dirty.outbox = true;
      return;
    }
    case 'offer-again': {
      // The confirmed entries are older than every pending entry, so they go first.
      const pendingReceipts = [...model.outbox.values()];
      for (const { key } of pendingReceipts) model.drop(key);
      for (const [confirmed, key] of change.keys) {
        const entry = model.confirmed.take(confirmed);
        if (entry) model.putEntryAgain(withKey({ ...entry, sent: true, again: true }, key));
      }
      for (const entry of pendingReceipts) model.putEntry(entry);
      for (const entry of model.outbox.values()) if (entry.kind !== 'settings') model.touch(entry.conversationId, dirty);
      dirty.outbox = true;
      return;
    }
    case 'settings':
      return switching(model, dirty, () => (model.settings = change.settings));
    case 'account':
      return switching(model, dirty, () => (model.account = change.settings), change.floors);
    case 'paused':
      model.paused = change.paused;
      dirty.settings = true;
      return;
    case 'event': {
      if (change.event.type === 'receiptStatistics') model.statistics.clear();
      addEvent(model, change.event, dirty);
      return;
    }
    case 'statistics':
      for (const one of change.receipts) model.statistics.set(one.messageId, one);
      return;
    case 'heard':
      model.heard = Math.max(model.heard, change.upTo);
      return;
    case 'dismiss': {
      const dismissed = model.deadLetters.find(({ letter }) => letter.id === change.id);
      if (!dismissed) return;
      model.deadLetters = model.deadLetters.filter((kept) => kept !== dismissed);
      model.touch(dismissed.entry.conversationId, dirty);
      dirty.deadLetters = true;
    }
  }
};
