// Bugs on purpose. Each bug replaces a text in the bundle of the simulator, so `src` knows no bug. The
// simulation must find 95 in a hundred bugs; see drill.mjs.
import { COUNTING_BUGS } from './counting-bugs.mjs';
import { ENCRYPTION_BUGS } from './encryption-bugs.mjs';
import { HARDER_BUGS } from './harder-bugs.mjs';
import { LIST_BUGS } from './list-bugs.mjs';
import { LOAD_BUGS } from './load-bugs.mjs';
import { NOTICE_BUGS } from './notice-bugs.mjs';
import { OUTBOX_BUGS } from './outbox-bugs.mjs';
import { RETENTION_BUGS } from './retention-bugs.mjs';

const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const BUGS = [
  bug(
    'an entry ends when it is sent',
    'engine/sync/outbox/outbox-sender.ts',
    "if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent });",
    "if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent }); for (const key of unsent) draft.change({ t: 'end', key, end: 'confirmed' });",
  ),
  bug(
    'uncounted messages are counted',
    'model/conversation/unread.ts',
    'const uncounted = union(row.uncounted, cleared.inForce);',
    'const uncounted = cleared.inForce;',
  ),
  bug(
    'the cursor moves, and the messages are not stored',
    'engine/apply/apply-changes.ts',
    'const before = await applyRow(draft, row, !frame.complete);',
    'const before: RowBefore | undefined = undefined;',
  ),
  bug(
    'a replaced leader goes on writing',
    'engine/write/group-commit.ts',
    'if (fence === undefined || fence === header.fence) answers',
    'if (fence === undefined || fence !== -2) answers',
  ),
  bug('a superseded entry stays pending', 'engine/state/apply-change.ts', 'if (change.over !== undefined) model.drop(change.over);', ''),
  bug(
    'the server accepts an older position',
    'server/submit/apply-receipts.ts',
    'const moved = position > member.readUpTo ?',
    'const moved = position > 0 ?',
  ),
  bug(
    'the server forgets earlier receipts',
    'server/submit/apply-receipts.ts',
    'after[kind] = union(union(member[kind], told), bridges[kind]);',
    'after[kind] = added[kind];',
  ),
  bug(
    'the last pending position wins',
    'model/outbox-entry.ts',
    'position: Math.max(older.position, newer.position),',
    'position: newer.position,',
  ),
  bug('the last pending receipts win', 'model/outbox-entry.ts', 'named: union(older.named, newer.named),', 'named: newer.named,'),
  bug(
    'a writer decides on an outdated state',
    'engine/write/synced-state.ts',
    'for (const record of records) applyRecord(this.model, record, unpublished);',
    'if (records.length > 0) this.model.version = header.version;',
  ),
  bug(
    'a log header that moved is overwritten',
    'engine/write/group-commit.ts',
    'if (!sameHeader(await read, expected)) throw moved;',
    'await read;',
  ),
  bug('a decision changes the state before the commit', 'engine/write/draft.ts', 'const model = state.fork();', 'const model = state;'),
  bug(
    'the writes of a call are not flushed',
    'engine/intents/intents.ts',
    "return { durability: 'strict', readsPages",
    "return { durability: 'relaxed', readsPages",
  ),
  bug(
    'no confirmed entry is sent again after a restore',
    'engine/apply/apply-changes.ts',
    "if (confirmed.length > 0) draft.change({ t: 'offer-again'",
    "if (confirmed.length < 0) draft.change({ t: 'offer-again'",
  ),
  bug(
    'another history empties the outbox',
    'engine/state/apply-change.ts',
    'for (const entry of model.outbox.values()) model.putEntry({ ...entry, sent: true });',
    'for (const entry of [...model.outbox.values()]) model.drop(entry.key);',
  ),
  bug(
    'switching receipts off cancels no receipt',
    'engine/write/receipt-switches.ts',
    'if (pendingReceipts === entry.pendingReceipts) continue;',
    'if (pendingReceipts !== null) continue;',
  ),
  bug(
    'delivery receipts ignore the setting',
    'engine/apply/apply-messages.ts',
    'if (!conversation || !model.allowed.deliveryReceipts || conversationType',
    'if (!conversation || conversationType',
  ),
  bug(
    'message read receipts ignore the setting',
    'engine/intents/send-read-receipts.ts',
    'if (!model.allowed.readReceipts) {',
    'if (model.settings === undefined) {',
  ),
  bug(
    'conversation read receipts ignore the setting',
    'engine/intents/positions.ts',
    'const tellsPeer = isDirect && readReceipts &&',
    'const tellsPeer = isDirect &&',
  ),
  bug(
    'a recalled message keeps its text at the server',
    'server/submit/apply-message.ts',
    "unit.recall(conversation, { ...before, body: '', recalled: true,",
    'unit.recall(conversation, { ...before,',
  ),
  bug(
    'a seq is skipped',
    'server/submit/apply-message.ts',
    'const seq = conversation.latestSeq + 1;',
    'const seq = conversation.latestSeq + (conversation.latestSeq === 2 ? 2 : 1);',
  ),
  bug(
    "a user's other devices miss changes in a group",
    'server/submit/submit-work.ts',
    'inGroup ? { ...member, version: Math.max(member.version, this.version) } : member',
    'inGroup ? { ...member } : member',
  ),
  bug(
    'expired receipts are accepted',
    'server/submit/apply-group-acks.ts',
    'expired || unit.now > expiresAt',
    'unit.now > expiresAt + 1e12',
  ),
  bug(
    'the sender counts as an expected reader',
    'server/submit/apply-message.ts',
    'members > policy.maxMembers ? null : members - 1',
    'members > policy.maxMembers ? null : members',
  ),
  bug(
    'all members see the readers',
    'server/feed/wire-messages.ts',
    'membersSeeReaders || receipt.senderId === userId',
    'membersSeeReaders || receipt.senderId !== null',
  ),
  bug(
    'the snapshot leaves out what is pending',
    'engine/state/account-state.ts',
    'outbox: [...this.outbox.values()],',
    'outbox: [...this.outbox.values()].filter(({ sent }) => sent),',
  ),
  bug('a page is written over', 'log/pages.ts', 'const bySeq = new Map(stored.map(', 'const bySeq = new Map(stored.slice(0, 0).map('),
  bug(
    'the cursor of the feed is ahead of its content',
    'server/feed/changes.ts',
    'cutIntoFrames(within, cursor, (version) => cursorAt(tx.run, version), after, upTo)',
    'cutIntoFrames(within, cursor, (version) => cursorAt(tx.run, version + 1), after, upTo)',
  ),
  bug(
    'a tab that thaws pings before it reads the store',
    'engine/sync/connection/session.ts',
    'refresh: () => writer.refresh()',
    'refresh: () => Promise.resolve()',
  ),
  bug(
    'a cursor of a lost history is accepted',
    'server/feed/cursors.ts',
    'if (version >= next.beganAt) return { sharedBelow: next.beganAt };',
    '',
  ),
  bug(
    'a lost confirmation is not noticed',
    'server/feed/cursors.ts',
    'return parsed.runId === tx.run.id ||',
    'return parsed.runId !== null ||',
  ),
  bug(
    'a recalled message is sent again',
    'engine/state/recently-confirmed.ts',
    "if (entry.kind === 'message' && entry.message.id === id) this.take(entry.key);",
    'void [entry, id];',
  ),
  bug(
    'message read receipts are not stored',
    'engine/state/apply-change.ts',
    "if (change.end === 'confirmed' && !model.isTakenBack(entry)) model.confirmed.keep(entry);",
    '',
  ),
  bug(
    'the note that a message was sent is not flushed',
    'engine/sync/outbox/outbox-sender.ts',
    "entries.some(({ kind, sent }) => kind === 'message' && !sent)",
    "entries.some(({ kind, sent }) => kind === 'message' && sent && !sent)",
  ),
  bug(
    'deliveries are not enqueued',
    'engine/apply/apply-messages.ts',
    'if (received.length > 0) enqueueDelivered(',
    'if (received.length < 0) enqueueDelivered(',
  ),
  bug(
    'a temporary refusal counts as final',
    'engine/sync/outbox/outbox-sender.ts',
    "if (entry && result && result.outcome !== 'retry') await endEntry(",
    "if (entry && result?.outcome === 'retry') draft.change({ t: 'end', key, end: 'confirmed' }); else if (entry && result && result.outcome !== 'retry') await endEntry(",
  ),
  bug(
    'the older flag wins',
    'model/registers/flag.ts',
    'if (a.count !== b.count) return a.count > b.count ? a : b;',
    'if (a.count !== b.count) return a.count < b.count ? a : b;',
  ),
  bug('muted chats count', 'model/conversation/total.ts', 'messages: muted ? 0 : unread.unreadCount,', 'messages: unread.unreadCount,'),
  bug(
    'a clear reaches only the stored messages',
    'engine/intents/positions.ts',
    'const to = upTo === undefined ? (conversation?.row.latestSeq ?? 0) : await seqOf',
    'const to = upTo === undefined ? (conversation?.newestReceived ?? 0) : await seqOf',
  ),
  bug(
    'keepUnread is ignored',
    'engine/intents/positions.ts',
    '...(options.keepUnread ? {} : movedTo(',
    '...(options.keepUnread === null ? {} : movedTo(',
  ),
  bug(
    'a message read receipt moves the position',
    'engine/intents/send-read-receipts.ts',
    '...(seqs.length > 0 ? { named: fromSeqs(seqs) } : {}),',
    '...(seqs.length > 0 ? { named: fromSeqs(seqs), position: Math.max(...seqs) } : {}),',
  ),
  bug(
    'a message read receipt covers older messages',
    'engine/intents/send-read-receipts.ts',
    '...(seqs.length > 0 ? { named: fromSeqs(seqs) } : {}),',
    '...(seqs.length > 0 ? { named: [[1, Math.max(...seqs)]] } : {}),',
  ),
  bug(
    'a sent entry is changed',
    'engine/state/conversation-state.ts',
    'return this.receipts.find(({ sent }) => !sent);',
    'return this.receipts[this.receipts.length - 1];',
  ),
  bug('another history is merged into the old one', 'engine/apply/apply-changes.ts', "draft.change({ t: 'reset' });", ''),
  bug(
    'no wait between attempts',
    'model/backoff.ts',
    'return Math.round(Math.max(BACKOFF_FLOOR_MS, retryAfterMs + random * Math.max(cap, retryAfterMs)));',
    'return Math.round(cap * 0 + random * retryAfterMs * 0);',
  ),
  ...HARDER_BUGS,
  ...COUNTING_BUGS,
  ...LIST_BUGS,
  ...NOTICE_BUGS,
  ...LOAD_BUGS,
  ...RETENTION_BUGS,
  ...ENCRYPTION_BUGS,
  ...OUTBOX_BUGS,
];
