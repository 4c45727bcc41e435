// Bugs on purpose in lists, totals, the archive and left groups; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const LIST_BUGS = [
  bug(
    'no message takes a conversation out of the archive',
    'model/conversation/archive.ts',
    'archived.value && (muted || reopenedBy === 0);',
    'archived.value;',
  ),
  bug(
    'a message of a blocked sender takes a conversation out of the archive',
    'server/store/memory/memory-reads.ts',
    'find((message) => countsFor(message, me))',
    'find(({ senderId, countable }) => senderId !== me && countable)',
  ),
  bug(
    'the flags of a group are lost when the user joins it',
    'server/groups/membership.ts',
    '...(before ?? {',
    '...(before?.moves ? before : {',
  ),
  bug(
    'a flag of a group that the user is not in is refused',
    'server/submit/apply-entries.ts',
    'const isOutsider = member.role === null && member.moves === 0;',
    'const isOutsider = false;',
  ),
  bug(
    'an archived flag stands before the newest message',
    'engine/intents/archive.ts',
    'setArchive(flag, archived, conversation.row.latestSeq)',
    'setArchive(flag, archived, Math.max(0, conversation.row.latestSeq - 2))',
  ),
  bug(
    'archived chats count in the total',
    'model/conversation/total.ts',
    'const sums = archived ? totals.archived : totals;',
    'const sums = totals;',
  ),
  bug(
    'a member who returns is still shown as having left',
    'model/conversation/conversation.ts',
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
    'model/conversation/total.ts',
    'conversations: !muted && isUnread ? 1 : 0,',
    'conversations: isUnread ? 1 : 0,',
  ),
  bug(
    'a live change is not in the first paint',
    'engine/write/group-commit.ts',
    "rowsBeforeCatchUp.size > 0 && changes.some((change) => change.t === 'cursor' && change.ahead)",
    "rowsBeforeCatchUp.size >= 0 && changes.some((change) => change.t === 'cursor')",
  ),
  bug(
    'an account without conversations paints nothing',
    'engine/state/apply-change.ts',
    'dirty.known = dirty.shown = true;\n        for',
    'dirty.known = true;\n        for',
  ),
];
