// Bugs on purpose in unread counts: single cleared messages, and senders outside the counts; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const COUNTING_BUGS = [
  bug(
    'a sender who is no longer blocked does not count on old devices',
    'model/conversation/conversation.ts',
    'a.version === b.version ? union(a.uncounted, b.uncounted) : (a.version > b.version ? a : b).uncounted;',
    'union(a.uncounted, b.uncounted);',
  ),
  bug(
    'a block reaches no device of the reader',
    'server/counting.ts',
    'direct.map(({ conversation }) => ({ ...conversation, version: tx.version }))',
    'direct.map(({ conversation }) => conversation)',
  ),
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
    'const cleared = intersect(mine.cleared, range(at + 1, latestSeq));',
    'const cleared = NO_RANGES;',
  ),
  bug(
    'a clear of single messages clears all between them',
    'engine/intents/clear-messages.ts',
    'cleared: fromSeqs(seqs.filter((seq) => seq > base && !contains(pendingReceipts.cleared, seq))),',
    'cleared: seqs.length > 0 && Math.max(...seqs) > base ? [[base + 1, Math.max(...seqs)]] : [],',
  ),
];
