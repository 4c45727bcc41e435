// Bugs on purpose that only long, refused or crowded worlds show, or only questions at rest; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const HARDER_BUGS = [
  bug(
    'a mute resolves and does nothing',
    'engine/intents/switches.ts',
    'if (before?.value !== muted) enqueueReceipts(',
    'if (before?.value !== muted && !muted) enqueueReceipts(',
  ),
  bug(
    'a mark as unread resolves and does nothing',
    'engine/intents/switches.ts',
    'if (isSet === marked) return;',
    'if (isSet === marked || marked) return;',
  ),
  bug(
    'a clear of all leaves groups out',
    'engine/intents/positions.ts',
    'enqueueReceipts(draft, ports, conversation.id, movedTo(conversation, conversation.row.latestSeq));',
    "if (conversation.id.startsWith('direct:')) enqueueReceipts(draft, ports, conversation.id, movedTo(conversation, conversation.row.latestSeq));",
  ),
  bug('a flush does not wait', 'engine/account/flush.ts', 'if (before === 0) finish();', 'finish();'),
  bug(
    'the badge counts before the server was heard',
    'engine/views/views.ts',
    'map((model) => (model.cursor === null ? null : model.totalUnreadCount)),',
    'map((model) => model.totalUnreadCount),',
  ),
  bug(
    'an event names messages that are not mine',
    'engine/apply/row-news.ts',
    'if (senderId === model.me && contains(seqs, seq)) own.set(seq, messageId);\n    // A page',
    'if (contains(seqs, seq)) own.set(seq, messageId);\n    // A page',
  ),
  bug(
    'own messages from elsewhere are news',
    'engine/apply/apply-server-rows.ts',
    'const received = fresh.filter(({ senderId }) => senderId !== model.me);',
    'const received = fresh.filter(({ senderId }) => senderId.length > 0);',
  ),
  bug(
    'scattered pieces of a snapshot are dropped',
    'server/feed/bound-rows.ts',
    'return more ? [cutRow(one.row, more)] : [cutRow(one.row, NO_REGISTERS), ...otherPieces(one.row)];',
    'return more ? [cutRow(one.row, more)] : [cutRow(one.row, NO_REGISTERS)];',
  ),
  bug(
    'scattered pieces that changed are dropped',
    'server/feed/bound-rows.ts',
    'return [id, { mine: of(true), theirs: of(false), present:',
    'return [id, { mine: of(true), theirs: NO_RECEIPTS_SENT, present:',
  ),
  bug(
    'the sender is listed among those who have not read',
    'server/feed/questions.ts',
    'tx.nonReaders(receipt, receipt.senderId,',
    "tx.nonReaders(receipt, '',",
  ),
  bug(
    'a page of readers begins too late',
    'server/feed/questions.ts',
    'for (const member of list.slice(0, limit)) {',
    'for (const member of list.slice(1, limit)) {',
  ),
  bug(
    'a paused account goes on',
    'engine/sync/leader/leader.ts',
    'if (this.writer.model.paused) this.sync.stop();\n    else this.sync.start(fence);',
    'this.sync.start(fence);',
  ),
  bug(
    'a page that comes back waits for nothing',
    'engine/sync/leader/leader-states.ts',
    "nudge: cell('following', ...QUEUE, 'nudge-leader'),",
    "nudge: cell('following', 'nudge-leader'),",
  ),
  bug('a log-out leaves the others talking', 'engine/engine.ts', 'await silence(ports, this.lockName, options.keepData);', ''),
  bug(
    'a line that went silent is waited for',
    'engine/sync/connection/heartbeat.ts',
    'if (this.pingedAt === null) return this.ping();\n      handlers.silent();',
    'if (this.pingedAt === null) return this.ping();',
  ),
  bug('a busy server is asked at once', 'engine/sync/outbox/outbox-sender.ts', 'this.refusals.frame(retryAfterMs);', 'void retryAfterMs;'),
  bug(
    'waits do not grow',
    'model/backoff.ts',
    'return backoffMs(this.failures++, this.random.next(), retryAfterMs);',
    'return backoffMs(0, this.random.next(), retryAfterMs);',
  ),
  bug(
    'what came before somebody joined counts',
    'model/unread.ts',
    'Math.max(readUpTo, row.joinedAt, row.firstSeq - 1);',
    'Math.max(readUpTo, row.firstSeq - 1);',
  ),
  bug(
    'what was taken back keeps its text here',
    'engine/apply/apply-server-rows.ts',
    'messages: [...fresh, ...recalled, ...unasked] });',
    'messages: [...fresh, ...unasked] });',
  ),
  bug(
    'a refused entry is tried for ever',
    'engine/apply/end-entry.ts',
    'else reject(draft, ports, entry, result.code);\n    return;',
    'return;',
  ),
  bug(
    'a message that comes twice is refused',
    'server/submit/apply-message.ts',
    'if (before && sameMessage(unit, before, entry, conversation))\n    return confirmed',
    'if (before && before.seq < 0)\n    return confirmed',
  ),
  bug(
    'who comes back to a group was never away',
    'server/groups/membership.ts',
    'present: union(before?.present ?? NO_RANGES, [[head + 1, NO_END]]),',
    'present: union(before?.present ?? NO_RANGES, [[1, NO_END]]),',
  ),
  bug('an explanation counts stretches', 'engine/queries/explain-unread.ts', '...unread,', '...unread, unreadCount: counted.length,'),
];
