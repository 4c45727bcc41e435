// Bugs on purpose in unread counts: single cleared messages, and senders outside the counts; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const COUNTING_BUGS = [
  bug(
    'a sender who is no longer blocked does not count on old devices',
    'model/conversation/conversation.ts',
    'a.version === b.version ? union(a[register], b[register]) : (a.version > b.version ? a : b)[register];',
    'union(a[register], b[register]);',
  ),
  bug('a block reaches no device of the reader', 'server/counting.ts', '[changedFor(conversation, reader, tx.version)]', '[conversation]'),
  bug(
    'an answer of the host that was overtaken is stored',
    'server/submit/ask-counts.ts',
    '!answers.has(reader) || now.get(reader) !== versions.get(reader)',
    '!answers.has(reader)',
  ),
  bug(
    'a new message of a blocked sender counts',
    'server/submit/ask-counts.ts',
    'counting.answers.get(reader) === false',
    'counting.answers.get(reader) === undefined',
  ),
  bug(
    'a cleared message counts until the server answers',
    'engine/state/conversation-state.ts',
    'unreadAt(this.row, this.readUpTo, this.mark, this.pendingReceipts.cleared)',
    'unreadAt(this.row, this.readUpTo, this.mark)',
  ),
  bug(
    'the server forgets the messages that were cleared before',
    'server/submit/apply-receipts.ts',
    'union(member.cleared, clampTo(entry.cleared, limit))',
    '(entry.cleared ? clampTo(entry.cleared, limit) : member.cleared)',
  ),
  bug(
    'a cleared message counts for the other devices',
    'server/feed/summary-rows.ts',
    'const cleared = intersect(mine.cleared, visible);',
    'const cleared: Ranges = NO_RANGES;',
  ),
  bug(
    'a clear of single messages clears all between them',
    'engine/intents/clear-messages.ts',
    'const cleared = fromSeqs(seqs.filter((seq) => seq > base && !contains(before, seq)));',
    'const cleared = fromSeqs(seqs.filter((seq) => seq > base && !contains(before, seq)).flatMap((seq) => Array.from({ length: seq - base }, (_, i) => base + 1 + i)));',
  ),
  bug(
    'a mark from an older message leaves out what was cleared before',
    'model/registers/flag.ts',
    'return from === undefined ? cleared : union(intersect(cleared, range(1, from - 1)), clearedIn(mark));',
    'return cleared;',
  ),
  bug(
    'a message cleared under a mark counts on',
    'engine/intents/clear-messages.ts',
    'const marked = clearUnder(mark, readUpTo, cleared);',
    'const marked = null;',
  ),
  bug(
    'a view reads all that has arrived, also what its user has not seen',
    'engine/intents/read-arrivals.ts',
    'intersect(conversation.storedSeqs, range(after + 1, upTo))',
    'intersect(conversation.storedSeqs, range(after + 1, Number.MAX_SAFE_INTEGER))',
  ),
  bug(
    'two clears under one mark: the server keeps one of them',
    'model/registers/flag.ts',
    'const cleared = union(clearedIn(first), clearedIn(first === a ? b : a));',
    'const cleared = clearedIn(first);',
  ),
];
