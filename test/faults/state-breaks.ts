/** Breaks of the rows about calls, counts and states that must be true (F112, F113, F117). */
import type { Break } from './breaks.ts';

export const STATE_BREAKS: readonly Break[] = [
  {
    fault: 'F112',
    file: 'src/server/apply-entries.ts',
    from: 'if (setsFlag(entry) || (entry.kind',
    to: 'if ((entry.kind',
    test: ['node', 'test/contract/server-store.memory.test.ts', 'in force with the first message'],
  },
  {
    fault: 'F112',
    file: 'src/server/changes.ts',
    from: "row.latestSeq > 0 || row.conversationId.startsWith('group:') || hasFlags(row)",
    to: 'row.latestSeq >= 0',
    test: ['node', 'test/contract/server-store.memory.test.ts', 'no sign of life'],
  },
  {
    fault: 'F112',
    file: 'src/engine/sync/apply-changes.ts',
    from: '  if (!isAnother) takeCounts(draft, ports, [...draft.model.conversations.values()]);\n',
    to: '',
    test: ['node', 'test/unit/engine/no-silent-call.test.ts', 'win over older ones'],
  },
  {
    fault: 'F112',
    file: 'src/engine/sync/drain.ts',
    from: 'sendable(draft.model),',
    to: 'draft.model.outbox.values(),',
    also: [
      {
        file: 'src/engine/sync/drain-over-http.ts',
        from: '.some((entry) => awaitsSnapshot(model, entry))',
        to: '.some(() => false)',
      },
    ],
    test: ['node', 'test/unit/engine/no-silent-call.test.ts', 'without a page'],
  },
  {
    fault: 'F112',
    file: 'src/engine/intents/positions.ts',
    from: 'if (isBlind(model, conversation))',
    to: 'if (!model)',
    test: ['node', 'test/unit/engine/no-silent-call.test.ts', 'before the first snapshot is in force later'],
  },
  {
    fault: 'F112',
    file: 'src/engine/carry-over.ts',
    from: '  if (isRestored) draft.change(shown);\n',
    to: '',
    test: ['node', 'test/unit/worker/hosted-account.test.ts', 'decided by what the tab showed'],
  },
  {
    fault: 'F112',
    file: 'src/engine/fold-change.ts',
    from: 'conversation.readFloor = Math.max(conversation.readFloor, readFloor);',
    to: 'void readFloor;',
    test: ['node', 'test/unit/worker/hosted-account.test.ts', 'is not told after the wipe'],
  },
  {
    fault: 'F117',
    file: 'src/client/worker-trouble.ts',
    from: "state: retryInMs === null ? 'stopped' : 'offline',",
    to: "state: 'offline',",
    test: ['node', 'test/unit/client/worker-trouble.test.ts', 'F117'],
  },
  {
    fault: 'F117',
    file: 'src/engine/head.ts',
    from: '      this.on.outgrown(error);\n',
    to: '',
    test: ['node', 'test/unit/engine/connection-states.test.ts', 'a newer release'],
  },
  {
    fault: 'F117',
    file: 'src/engine/net-gate.ts',
    from: '    void this.look().then(() => {',
    to: '    void Promise.resolve().then(() => {',
    test: ['node', 'test/unit/engine/connection-states.test.ts', 'opens no other connection'],
  },
  {
    fault: 'F117',
    file: 'src/engine/net-gate.ts',
    from: '    await this.look();\n',
    to: '',
    test: ['node', 'test/unit/engine/connection-states.test.ts', 'sends no request'],
  },
  {
    fault: 'F117',
    file: 'src/engine/sync/leader.ts',
    from: 'if (this.fence.value !== null) this.heard.next(NOBODY);',
    to: '',
    also: [
      {
        file: 'src/engine/sync/leader.ts',
        from: '    // What the leader before told of its connection is over.\n    this.heard.next(NOBODY);\n',
        to: '',
      },
    ],
    test: ['node', 'test/unit/engine/connection-states.test.ts', 'put aside'],
  },
  {
    fault: 'F117',
    file: 'src/engine/row-news.ts',
    from: 'if (senderId === model.me && contains(places, seq)) own.set(seq, messageId);\n    // A page',
    to: 'if (contains(places, seq)) own.set(seq, messageId);\n    // A page',
    test: ['node', 'test/unit/engine/events.test.ts', 'own messages only'],
  },
  {
    fault: 'F117',
    file: 'src/engine/sync/apply-changes.ts',
    from: '  const befores = rows.map((row) => layRow(draft, row));\n',
    to: '  for (const row of rows) await tellRow(draft, row, layRow(draft, row));\n',
    also: [
      {
        file: 'src/engine/sync/apply-changes.ts',
        from: "  if (news !== 'silent') for (const [i, row] of rows.entries()) await tellRow(draft, row, befores[i]);\n",
        to: '',
      },
    ],
    test: ['node', 'test/unit/engine/events.test.ts', 'same frame'],
  },
  {
    fault: 'F117',
    file: 'src/engine/fold-change.ts',
    from: 'if (model.events.length > MAX_EVENTS_KEPT) model.events.shift();',
    to: 'if (model.events.length > 2 * MAX_EVENTS_KEPT) model.events = model.events.slice(-MAX_EVENTS_KEPT);',
    test: ['node', 'test/unit/engine/events.test.ts', '1,000'],
  },
];
