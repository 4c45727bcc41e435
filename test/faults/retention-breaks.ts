/** Breaks of the rows about messages that end at the server (F135–F138). */
import type { Break } from './breaks.ts';

const STORE = 'test/contract/server-store.memory.test.ts';
const DEVICE = 'test/unit/engine/ended-messages.test.ts';

export const RETENTION_BREAKS: readonly Break[] = [
  {
    fault: 'F135',
    file: 'src/server/server.ts',
    from: 'if (bus.isLocal) endOldMessages();\n    else if',
    to: 'endOldMessages();\n    if',
    test: ['node', 'test/contract/lost-hints.test.ts', 'F135'],
  },
  {
    fault: 'F135',
    file: 'src/server/retention.ts',
    from: 'firstSeq: upTo + 1 }',
    to: 'firstSeq: conversation.firstSeq }',
    test: ['node', STORE, 'F135'],
  },
  {
    fault: 'F135',
    file: 'src/engine/apply/apply-rows.ts',
    from: 'if (page > 0) deletePages(tx, id, page - 1);',
    to: '',
    test: ['node', DEVICE, 'F135'],
  },
  {
    fault: 'F135',
    file: 'src/engine/state/conversation-state.ts',
    from: 'this.unflushed.remove(range(1, ended));',
    to: '',
    test: ['node', DEVICE, 'F135'],
  },
  {
    fault: 'F136',
    file: 'src/server/submit/apply-message.ts',
    from: 'if (gone && hasEnded(unit, entry, conversation))',
    to: 'if (gone && false)',
    test: ['node', STORE, 'F136'],
  },
  {
    fault: 'F136',
    file: 'src/server/submit/apply-message.ts',
    from: 'if (before || gone || !conversation)',
    to: 'if (before || !conversation)',
    test: ['node', STORE, 'F136'],
  },
  {
    fault: 'F137',
    file: 'src/server/submit/apply-receipts.ts',
    from: 'known.messagesById.get(id) ?? known.ended.get(id)',
    to: 'known.messagesById.get(id)',
    test: ['node', STORE, 'F137'],
  },
  {
    fault: 'F138',
    file: 'src/server/retention.ts',
    from: 'const MESSAGES = 500;',
    to: 'const MESSAGES = 5000;',
    test: ['node', STORE, 'F138'],
  },
];
