/** What each change of the journal does to the model. Folding the records in order gives the state, in this tab as in every other. */
import { joinRows, wholeRow } from '../../model/conversation.ts';
import { mergeOwed, NOTHING_OWED } from '../../model/outbox-entry.ts';
import { fromSeqs, subtract, union } from '../../model/ranges.ts';
import type { Change, JournalRecord } from '../../log/log-record.ts';
import { withReceipt, withStep } from '../../log/pages.ts';
import { type HotModel, MAX_DEAD_LETTERS, MAX_EVENTS_KEPT } from './account-state.ts';
import type { Touched } from './dirty.ts';

export const foldRecord = (model: HotModel, { version, changes }: JournalRecord, touched: Touched): void => {
  model.version = version;
  for (const change of changes) applyChange(model, change, touched);
};

/** A record whose state a snapshot has, and whose messages no page has yet. */
export const refillTails = (model: HotModel, { version, changes }: JournalRecord): void => {
  for (const change of changes) {
    if (change.t === 'messages') model.ensure(change.of).tail.layMessages(change.messages, version);
    else if (change.t === 'forget') model.ensure(change.of).tail.lift(change.seqs);
    else if (change.t === 'step') model.ensure(change.step.conversationId).tail.layStep(change.step, version);
    else if (change.t === 'counts') model.ensure(change.of).tail.layReceipts(change.receipts, version);
  }
};

/** One change. Every case is idempotent or names what it replaces, so a journal folded from any snapshot before it ends the same. */
export const applyChange = (model: HotModel, change: Change, touched: Touched): void => {
  switch (change.t) {
    case 'row': {
      const conversation = model.touch(change.row.conversationId, touched);
      if (change.ahead && !model.settled.has(conversation.id)) model.settled.set(conversation.id, conversation.row);
      conversation.row = joinRows(conversation.row, wholeRow(change.row));
      return;
    }
    case 'restore': {
      touched.known = true;
      for (const { row, readFloor, deliveryFloor, newestReceived } of change.conversations) {
        const conversation = model.touch(row.conversationId, touched);
        conversation.row = joinRows(conversation.row, wholeRow(row));
        conversation.readFloor = Math.max(conversation.readFloor, readFloor);
        conversation.deliveryFloor = Math.max(conversation.deliveryFloor, deliveryFloor);
        conversation.newestReceived = Math.max(conversation.newestReceived, newestReceived);
      }
      model.cursor = change.cursor;
      model.seen = change.seen;
      return;
    }
    case 'reset': {
      model.cursor = model.seen = null;
      model.settled.clear();
      model.history = {};
      for (const { id } of model.conversations.values()) model.touch(id, touched).reset();
      model.index.clear();
      // Nothing is merged into what was written under the other history.
      for (const entry of model.outbox.values()) model.owe({ ...entry, sent: true });
      return;
    }
    case 'messages': {
      const conversation = model.touch(change.of, touched);
      conversation.tail.layMessages(change.messages, model.version);
      const before = conversation.newest;
      for (const { seq, senderId } of change.messages) {
        if (!conversation.newest || seq >= conversation.newest.seq) conversation.newest = conversation.tail.get(seq)!;
        if (senderId !== model.me) conversation.newestReceived = Math.max(conversation.newestReceived, seq);
      }
      if (conversation.newest && conversation.newest !== before) conversation.newest = conversation.tail.over(conversation.newest);
      model.forgetRecalled(conversation, change.messages);
      const seqs = fromSeqs(change.messages.map(({ seq }) => seq));
      conversation.held = union(conversation.held, seqs);
      if (conversation.forgotten.length > 0) conversation.forgotten = subtract(conversation.forgotten, seqs);
      return;
    }
    case 'forget': {
      const conversation = model.touch(change.of, touched, false);
      conversation.tail.lift(change.seqs);
      conversation.held = subtract(conversation.held, change.seqs);
      conversation.forgotten = union(conversation.forgotten, change.seqs);
      return;
    }
    case 'step': {
      const conversation = model.touch(change.step.conversationId, touched, false);
      conversation.tail.layStep(change.step, model.version);
      if (conversation.newest) conversation.newest = withStep([conversation.newest], change.step)[0]!;
      return;
    }
    case 'counts': {
      const conversation = model.touch(change.of, touched, false);
      conversation.tail.layReceipts(change.receipts, model.version);
      const { newest } = conversation;
      if (newest) conversation.newest = withReceipt(newest, conversation.tail.receiptAt(newest.seq));
      return;
    }
    case 'cursor':
      touched.known ||= model.cursor === null;
      model.cursor = change.cursor;
      if (change.ahead || model.settled.size === 0) return;
      model.settled.clear();
      touched.shown = true;
      return;
    case 'seen':
      model.seen = change.cursor;
      return;
    case 'owe':
      model.owe(change.entry);
      if (change.entry.kind === 'recall') model.acked.forgetMessage(change.entry.messageId);
      model.touch(change.entry.conversationId, touched);
      touched.outbox = true;
      return;
    case 'receipts': {
      const base = model.outbox.get(change.over ?? change.key);
      const owed = { ...NOTHING_OWED, ...change.owed };
      if (change.over !== undefined) model.drop(change.over);
      model.owe({
        kind: 'receipts',
        key: change.key,
        conversationId: change.of,
        at: change.at ?? base?.at ?? 0,
        sent: false,
        cursor: model.cursor,
        owed: base?.kind === 'receipts' ? mergeOwed(base.owed, owed) : owed,
      });
      const { position, muted, marked } = change.owed;
      model.touch(change.of, touched, Boolean(position ?? muted ?? marked));
      touched.outbox = true;
      return;
    }
    case 'sent':
      for (const key of change.keys) {
        const entry = model.outbox.get(key);
        if (entry) model.owe({ ...entry, sent: true });
      }
      touched.outbox = true;
      return;
    case 'end': {
      const entry = model.drop(change.key);
      if (!entry) return;
      model.touch(entry.conversationId, touched);
      if (change.end === 'acked' && entry.kind === 'receipts') model.settle(entry);
      if (change.end === 'acked' && !model.isTakenBack(entry)) model.acked.keep(entry);
      if (change.deadLetter) {
        model.deadLetters = [...model.deadLetters, { letter: change.deadLetter, entry }].slice(-MAX_DEAD_LETTERS);
        touched.deadLetters = true;
      }
      touched.outbox = true;
      return;
    }
    case 'again': {
      // First in line: what was written before everything that is owed now goes before it.
      const owed = [...model.outbox.values()];
      for (const { key } of owed) model.drop(key);
      for (const [acked, key] of change.keys) {
        const entry = model.acked.take(acked);
        if (entry) model.oweAgain({ ...entry, key, sent: true, again: true });
      }
      for (const entry of owed) model.owe(entry);
      for (const { conversationId } of model.outbox.values()) model.touch(conversationId, touched);
      touched.outbox = true;
      return;
    }
    case 'settings': {
      // Nothing is told about the past: what stood when a switch went on is the floor of what is told from now on.
      const readsOn = change.settings.readReceipts && !model.settings.readReceipts;
      const deliveriesOn = change.settings.deliveryReceipts && !model.settings.deliveryReceipts;
      model.settings = change.settings;
      for (const conversation of model.conversations.values()) {
        if (readsOn) conversation.readFloor = Math.max(conversation.readFloor, conversation.readUpTo);
        if (deliveriesOn) conversation.deliveryFloor = Math.max(conversation.deliveryFloor, conversation.row.latestSeq);
      }
      touched.settings = true;
      return;
    }
    case 'paused':
      model.paused = change.paused;
      touched.settings = true;
      return;
    case 'event': {
      const kept = { number: ++model.eventCount, event: change.event };
      model.events.push(kept);
      if (model.events.length > MAX_EVENTS_KEPT) model.events.shift();
      touched.events.push(kept);
      return;
    }
    case 'heard':
      model.heard = Math.max(model.heard, change.upTo);
      model.events = model.events.filter(({ number }) => number > model.heard);
      return;
    case 'dismiss': {
      const dismissed = model.deadLetters.find(({ letter }) => letter.id === change.id);
      if (!dismissed) return;
      model.deadLetters = model.deadLetters.filter((kept) => kept !== dismissed);
      model.touch(dismissed.entry.conversationId, touched);
      touched.deadLetters = true;
    }
  }
};
