// Bugs on purpose in lists, totals, the archive and left groups; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const LIST_BUGS = [
  bug(
    'a recalled message puts the conversation back into the archive',
    'server/store/memory/memory-reads.ts',
    'find((message) => !neverCounts(message, me))',
    'find((message) => !neverCounts(message, me) && !message.recalled)',
  ),
  bug(
    'no message takes a conversation out of the archive',
    'model/archive.ts',
    'archived.value && (muted || reopenedBy === 0);',
    'archived.value;',
  ),
  bug(
    'a change of the mute moves the conversation into the archive or out of it',
    'engine/intents/archive.ts',
    'isArchived(row, pendingReceipts, muted) === archived ? {}',
    'isArchived(row, pendingReceipts, muted) !== null ? {}',
  ),
  bug(
    'an archived flag stands before the newest message',
    'engine/intents/archive.ts',
    'setArchive(flag, archived, conversation?.row.latestSeq ?? 0)',
    'setArchive(flag, archived, Math.max(0, (conversation?.row.latestSeq ?? 0) - 2))',
  ),
  bug('archived chats count in the total', 'model/total.ts', 'const sums = archived ? totals.archived : totals;', 'const sums = totals;'),
  bug(
    'a member who returns is still shown as having left',
    'model/conversation.ts',
    'left: latestFlag(a.left, b.left),',
    'left: a.left.value ? a.left : b.left,',
  ),
  bug(
    'a page repeats the conversation before it',
    'engine/present/list-conversations.ts',
    'order(conversation, after) <= 0',
    'order(conversation, after) < 0',
  ),
  bug(
    'muted chats count among the unread conversations',
    'model/total.ts',
    'if (!muted && isUnread) sums.conversations[type] += 1;',
    'if (isUnread) sums.conversations[type] += 1;',
  ),
  bug(
    'a mark without a message counts as an unread conversation',
    'engine/state/conversation-state.ts',
    '(this.markedUnread && !this.left && this.row.latestSeq > 0)',
    '(this.markedUnread && !this.left)',
  ),
];
