// Bugs on purpose in what ends at the server by its retention, and what the devices do then; see bugs.mjs.
const bug = (name, file, from, to) => ({ name, file: `src/${file}`, from, to });

export const RETENTION_BUGS = [
  bug(
    'a device still shows messages that have ended',
    'engine/state/conversation-state.ts',
    'this.storedSeqs = above(this.storedSeqs, ended);',
    '',
  ),
  bug(
    'a message that has ended still counts on a device',
    'model/conversation/unread.ts',
    'Math.max(readUpTo, row.joinedAt, row.firstSeq - 1);',
    'Math.max(readUpTo, row.joinedAt);',
  ),
  bug(
    'no device hears that messages have ended',
    'server/retention.ts',
    'changedForAll({ ...conversation, firstSeq: upTo + 1 }, tx.version)',
    '({ ...conversation, firstSeq: upTo + 1 })',
  ),
  bug(
    'a message that has ended is refused when its sender repeats it',
    'server/submit/apply-message.ts',
    'if (gone && hasEnded(unit, entry, conversation))',
    'if (gone && false)',
  ),
  bug(
    'a message that has ended is stored again when its sender repeats it',
    'server/submit/apply-message.ts',
    'const gone = unit.ended.get(entry.id);',
    'const gone = false;',
  ),
  bug(
    'a message ends one message too early',
    'server/retention.ts',
    'const above = latestSeq - (retention.messagesPerConversation ?? latestSeq);',
    'const above = latestSeq - (retention.messagesPerConversation === null ? latestSeq : retention.messagesPerConversation - 1);',
  ),
  bug(
    'the first young message ends with the old ones',
    'server/retention.ts',
    'young[i] === 0 ? last : young[i]! - 1',
    'young[i] === 0 ? last : young[i]!',
  ),
  bug(
    'the receipts of ended messages stay at the server',
    'server/store/memory/memory-writes.ts',
    '[...one.receipts.values()].filter(({ seq }) => seq <= upTo)',
    '[...one.receipts.values()].filter(({ seq }) => seq < 0)',
  ),
  bug(
    'a late message that has ended is stored on the device',
    'engine/state/apply-change.ts',
    'messages.filter(({ seq }) => seq >= firstSeq);',
    'messages.filter(({ seq }) => seq >= firstSeq * 0);',
  ),
];
