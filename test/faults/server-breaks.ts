/** Breaks of the rows about the server and its database (F61–F85). */
import type { Break } from './breaks.ts';

const STORE = 'test/contract/server-store.memory.test.ts';
const FOLDER = 'test/contract/server-store.folder.test.ts';
const DOORS = 'test/contract/server.test.ts';
const CONNECTION = 'test/unit/server/connection.test.ts';
const SERVER_GROUPS = 'test/unit/server/groups.test.ts';
const GROUPS = 'test/unit/engine/groups.test.ts';

export const SERVER_BREAKS: readonly Break[] = [
  {
    fault: 'F61',
    file: 'src/server/submit/apply-message.ts',
    from: 'if (before && sameMessage(unit, before, entry, conversation))',
    to: 'if (before && false)',
    test: ['node', STORE, 'F61'],
  },
  {
    fault: 'F62',
    file: 'src/server/submit/read-entries.ts',
    from: 'const issue = result.issues[0];',
    to: `throw new Error('malformed');`,
    test: ['node', STORE, 'F62'],
  },
  {
    fault: 'F63',
    file: 'src/engine/sync/outbox/outbox-sender.ts',
    from: 'this.maxEntries = Math.max(1, Math.floor(entries.length / 2));',
    to: 'this.maxEntries = Infinity;',
    test: ['node', 'test/unit/engine/outbox-sender.test.ts', 'F63'],
  },
  {
    fault: 'F64',
    file: 'src/server/store/memory/memory-store.ts',
    from: 'for (const step of undo.reverse()) step();',
    to: '',
    test: ['node', STORE, 'F64'],
  },
  {
    fault: 'F64',
    file: 'src/server/store/sql/pglite.ts',
    from: 'database = await PGlite.create(databaseIn(folder));',
    to: `database = await PGlite.create(databaseIn(folder));\n    await database.exec('set synchronous_commit = off');`,
    test: ['node', FOLDER, 'F64'],
  },
  {
    fault: 'F65',
    file: 'src/server/store/memory/memory-store.ts',
    from: 'inTurn(() => body({ ...reads, feedEnd: version }))',
    to: 'inTurn(() => body({ ...reads, feedEnd: version + 1 }))',
    test: ['node', STORE, 'F65'],
  },
  {
    fault: 'F66',
    file: 'src/server/feed/cursors.ts',
    from: `if (runId === tx.run.id) return version <= tx.feedEnd ? 'contained' : 'unknown';`,
    to: `if (runId === tx.run.id) return 'contained';`,
    test: ['node', STORE, 'F66'],
  },
  {
    fault: 'F67',
    file: 'src/server/feed/cursors.ts',
    from: 'if (version >= next.beganAt) return { sharedBelow: next.beganAt };',
    to: '',
    test: ['node', STORE, 'F67'],
  },
  {
    fault: 'F67',
    file: 'src/engine/apply/apply-changes.ts',
    from: 'if (confirmed.length > 0) draft.change(',
    to: 'if (confirmed.length < 0) draft.change(',
    test: ['node', GROUPS, 'F67'],
  },
  {
    fault: 'F69',
    file: 'src/engine/apply/apply-changes.ts',
    from: 'if (frame.from === null || frame.from !== draft.model.cursor)',
    to: 'if (frame.from === null)',
    test: ['node', 'test/unit/engine/write.test.ts', 'F69'],
  },
  {
    fault: 'F69',
    file: 'src/server/connection/connection.ts',
    from: 'if (waking || !out.open) return;',
    to: 'if (waking || out.open) return;',
    test: ['node', CONNECTION, 'F69'],
  },
  {
    fault: 'F72',
    file: 'src/server/store/persist.ts',
    from: 'const ATTEMPTS = 5;',
    to: 'const ATTEMPTS = 1;',
    test: ['node', DOORS, 'F72'],
  },
  {
    fault: 'F73',
    file: 'src/server/store/sql/folder-lock.ts',
    from: 'if (claim && (await isAlive(',
    to: 'if (claim && !(await isAlive(',
    test: ['node', 'test/unit/server/folder-lock.test.ts', 'F73'],
  },
  {
    fault: 'F74',
    file: 'src/server/store/sql/pglite.ts',
    from: 'database = await PGlite.create(databaseIn(folder));',
    to: `database = await PGlite.create(databaseIn(folder));\n    await database.exec('set synchronous_commit = off');`,
    test: ['node', FOLDER, 'F74'],
  },
  {
    fault: 'F75',
    file: 'src/server/doors/ws.ts',
    from: `CLOSE.tryLater, 'starting'`,
    to: `CLOSE.normal, 'starting'`,
    test: ['node', DOORS, 'F75'],
  },
  {
    fault: 'F76',
    file: 'src/server/connection/greeting.ts',
    from: 'if (verified.expiresAt !== null) this.watchExpiry(verified.expiresAt);',
    to: '',
    test: ['node', CONNECTION, 'F76'],
  },
  {
    fault: 'F77',
    file: 'src/server/server.ts',
    from: `connection.end(CLOSE.unauthorized, 'auth/forbidden');`,
    to: 'connection.wake();',
    test: ['node', DOORS, 'F77'],
  },
  {
    fault: 'F78',
    file: 'src/server/submit/apply-message.ts',
    from: 'if (inGroup && (!conversation || unit.member(conversation).role === null))',
    to: 'if (inGroup && !conversation)',
    test: ['node', GROUPS, 'F78'],
  },
  {
    fault: 'F79',
    file: 'src/server/submit/apply-entries.ts',
    from: 'await tx.now()',
    to: 'Date.now()',
    test: ['node', SERVER_GROUPS, 'F79'],
  },
  {
    fault: 'F80',
    file: 'src/engine/apply/end-entry.ts',
    from: 'body, seq, sentAt, senderId',
    to: 'body, seq, sentAt: entry.at, senderId',
    test: ['node', 'test/unit/engine/wrong-clocks.test.ts', 'F80'],
  },
  {
    fault: 'F80',
    file: 'src/engine/space/retention.ts',
    from: 'let newest = 0;',
    to: 'let newest = this.ports.clock.wall();',
    test: ['node', 'test/unit/engine/retention.test.ts', 'F80'],
  },
  {
    fault: 'F81',
    file: 'src/server/submit/apply-group-acks.ts',
    from: 'unit.now > expiresAt',
    to: 'unit.now >= expiresAt',
    test: ['node', SERVER_GROUPS, 'F81'],
  },
  {
    fault: 'F82',
    file: 'src/server/submit/apply-message.ts',
    from: 'if (!policy.groups) return',
    to: 'if (false) return',
    test: ['node', GROUPS, 'F82'],
  },
  {
    fault: 'F83',
    file: 'src/server/store/memory/memory-reads.ts',
    from: 'message.receiptRequested && !message.recalled;',
    to: 'message.receiptRequested;',
    test: ['node', STORE, 'F83'],
  },
  {
    fault: 'F83',
    file: 'src/engine/apply/apply-messages.ts',
    from: '  dropRecalled(draft, ports, conversation, recalled);\n',
    to: '',
    test: ['node', 'test/unit/engine/group-receipts.test.ts', 'F83'],
  },
  {
    fault: 'F84',
    file: 'src/server/groups/membership.ts',
    from: '  joinedAt: latestSeq,\n  present: union(',
    to: '  joinedAt: 0,\n  present: union(',
    test: ['node', GROUPS, 'F84'],
  },
];
