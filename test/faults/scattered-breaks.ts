/** Breaks of the rows about scattered receipts (F114). */
import type { Break } from './breaks.ts';

export const SCATTERED_BREAKS: readonly Break[] = [
  {
    fault: 'F114',
    file: 'src/server/feed/bound-rows.ts',
    from: '[cutRow(one.row, NO_REGISTERS), ...otherPieces(one.row)]',
    to: '[cutRow(one.row, NO_REGISTERS)]',
    test: ['node', 'test/unit/engine/scattered-receipts.test.ts', 'F114'],
  },
  {
    fault: 'F114',
    file: 'src/server/feed/bound-rows.ts',
    from: 'upTo > 0; upTo -= PIECES_PER_ROW',
    to: 'upTo > 0; upTo -= ranges.length',
    test: ['node', 'test/unit/engine/scattered-receipts.test.ts', '2,100'],
  },
  {
    fault: 'F114',
    file: 'src/server/feed/bound-rows.ts',
    from: 'return [cutRow(one.row, addedBy(one, known.added))];',
    to: 'return [cutRow(one.row, NO_REGISTERS)];',
    test: ['node', 'test/contract/server-store.memory.test.ts', 'F114'],
  },
  {
    fault: 'F114',
    file: 'src/server/feed/bound-rows.ts',
    from: 'return more ? [cutRow(one.row, more)]',
    to: 'return more ? [cutRow(one.row, NO_REGISTERS)]',
    test: ['node', 'test/contract/server-store.memory.test.ts', 'F114'],
  },
];
