// Bugs on purpose in what counts as unread: messages cleared one by one, and senders who do not count; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const COUNTING_BUGS = [
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
    '{ cleared: subtract(above, uncounted) }',
    '{ cleared: above.length > 0 ? [[above[0][0], above[above.length - 1][1]]] : above }',
  ),
];
