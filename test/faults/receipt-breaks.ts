/** Breaks of the rows about receipts and unread counts (F86–F97, F117, F143). */
import type { Break } from './breaks.ts';

const STORE = 'test/contract/server-store.memory.test.ts';
const COUNTING = 'test/unit/engine/counting.test.ts';
const PEOPLE = 'test/unit/engine/two-people.test.ts';

export const RECEIPT_BREAKS: readonly Break[] = [
  {
    fault: 'F86',
    file: 'src/server/submit/apply-receipts.ts',
    from: 'const moved = position > member.readUpTo ?',
    to: 'const moved = position > 0 ?',
    test: ['node', STORE, 'F86'],
  },
  {
    fault: 'F87',
    file: 'src/engine/state/unflushed-messages.ts',
    from: '    for (const receipt of receipts) {\n',
    to: '    for (const receipt of receipts) {\n      if (!this.messages.has(receipt.seq)) continue;\n',
    test: ['node', 'test/unit/engine/group-receipts.test.ts', 'F87'],
  },
  {
    fault: 'F88',
    file: 'src/engine/apply/apply-messages.ts',
    from: 'enqueueReceipts(draft, ports, conversationId, { delivered: due });',
    to: 'enqueueReceipts(draft, ports, conversationId, { delivered: due, position: due[0][1] });',
    test: ['node', 'test/unit/engine/crash-in-sync.test.ts', 'F88'],
  },
  {
    fault: 'F89',
    file: 'src/server/store/memory/memory-reads.ts',
    from: 'union(messages.ofSender(me, range), seqsOf(messages.specialIn(range), kind, me))',
    to: 'seqsOf(messages.specialIn(range), kind, me)',
    test: ['node', COUNTING, 'F89'],
  },
  {
    fault: 'F90',
    file: 'src/engine/apply/apply-changes.ts',
    from: 'if (frame.from === null || frame.from !== draft.model.cursor)',
    to: 'if (frame.from === null)',
    also: [
      {
        file: 'src/engine/state/apply-change.ts',
        from: '      conversation.unflushed.addMessages(withBody(messages, change), model.version);\n',
        to: `      conversation.unflushed.addMessages(withBody(messages, change), model.version);
      conversation.row = { ...conversation.row, latestSeq: conversation.row.latestSeq + change.messages.length };\n`,
      },
    ],
    test: ['node', 'test/unit/engine/network-frames.test.ts', 'F90'],
  },
  {
    fault: 'F91',
    file: 'src/engine/sync/outbox/batch.ts',
    from: `return { kind: 'receipts', key, conversationId, cursor, ...registers };`,
    to: `return { kind: 'receipts', key, conversationId, cursor, ...registers, position: undefined };`,
    test: ['node', PEOPLE, 'F91'],
  },
  {
    fault: 'F92',
    file: 'src/engine/apply/end-entry.ts',
    from: 'const before = result.row ? await applyRow(draft, result.row) : undefined;',
    to: 'const before = undefined;',
    test: ['node', PEOPLE, 'F92'],
  },
  {
    fault: 'F93',
    file: 'src/server/store/memory/memory-reads.ts',
    from: '  senderId !== me && countable && !',
    to: '  senderId !== me && !',
    test: ['node', COUNTING, 'F93'],
  },
  {
    fault: 'F94',
    file: 'src/model/registers/flag.ts',
    from: 'return a.value ? b : a;',
    to: 'return a.value ? a : b;',
    test: ['node', STORE, 'F94'],
  },
  {
    fault: 'F94',
    file: 'src/engine/state/conversation-state.ts',
    from: 'return !this.left && isMarked(this.mark, this.readUpTo);',
    to: 'return isMarked(this.mark, this.row.latestSeq);',
    test: ['node', COUNTING, 'F94'],
  },
  {
    fault: 'F95',
    file: 'src/server/submit/apply-receipts.ts',
    from: 'position <= member.readUpTo &&',
    to: 'position === 0 &&',
    also: [
      {
        file: 'src/server/submit/apply-receipts.ts',
        from: 'const moved = position > member.readUpTo ?',
        to: 'const moved = position > 0 ?',
      },
    ],
    test: ['node', COUNTING, 'F95'],
  },
  {
    fault: 'F96',
    file: 'src/engine/present/present-receipts.ts',
    from: `if (isRead(row.mine, message.seq)) return 'done';`,
    to: `if (isRead(receiptsSent, message.seq)) return 'done';`,
    test: ['node', PEOPLE, 'F96'],
  },
  {
    fault: 'F97',
    file: 'src/engine/intents/send-read-receipts.ts',
    from: `if (conversation.isNamed(id, message.seq)) return 'already-acked';`,
    to: '',
    test: ['node', 'test/unit/engine/scattered-receipts.test.ts', 'F97'],
  },
  {
    fault: 'F117',
    file: 'src/engine/queries/settled-messages.ts',
    from: "((receiptRequested || conversationType(id) === 'direct') && contains(receiptsSent.named, seq));",
    to: "((receiptRequested || id !== '') && contains(receiptsSent.named, seq));",
    test: ['node', 'test/unit/engine/settled-messages.test.ts', 'F117'],
  },
  {
    fault: 'F117',
    file: 'src/engine/queries/history.ts',
    from: 'if (discarded.length === 0 || triesLeft === 0)',
    to: 'if (isWhole || triesLeft === 0)',
    test: ['node', 'test/unit/engine/load-edges.test.ts', 'F117'],
  },
  {
    fault: 'F143',
    file: 'src/engine/sync/feed/fetch-missing.ts',
    from: 'union(unreadNotStored(conversation), holes(conversation))',
    to: 'holes && unreadNotStored(conversation)',
    test: ['node', 'test/unit/engine/holes.test.ts', 'F143'],
  },
];
