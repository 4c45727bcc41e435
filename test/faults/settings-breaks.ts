/** Breaks of the rows about what stays private: receipts that are switched off (F130, F133), and private actions (F140). */
import type { Break } from './breaks.ts';

const SETTINGS = 'test/unit/engine/receipt-settings.test.ts';
const STORE = 'test/contract/server-store.memory.test.ts';

export const SETTINGS_BREAKS: readonly Break[] = [
  {
    fault: 'F130',
    file: 'src/server/submit/apply-receipts.ts',
    from: ': subtract(fresh, untold);',
    to: ': subtract(fresh, member.untold);',
    test: ['node', STORE, 'F130'],
  },
  {
    fault: 'F130',
    file: 'src/server/submit/allowed-receipts.ts',
    from: 'return seen === count ? value : seen > count;',
    to: 'return value || seen > count;',
    test: ['node', STORE, 'F130'],
  },
  {
    fault: 'F130',
    file: 'src/server/submit/allowed-receipts.ts',
    from: 'const passed = range(readUpTo + 1, Math.min(entry.position ?? 0, limit));',
    to: 'const passed = NO_RANGES.slice(limit + readUpTo);',
    test: ['node', STORE, 'F130'],
  },
  {
    fault: 'F130',
    file: 'src/engine/write/enqueue.ts',
    from: 'const passed = draft.model.allowed.readReceipts\n',
    to: 'const passed = draft.model.allowed.deliveryReceipts\n',
    test: ['node', SETTINGS, 'F130'],
  },
  {
    fault: 'F130',
    file: 'src/engine/apply/apply-changes.ts',
    from: '  takeAccount(draft, frame.account);\n',
    to: '',
    test: ['node', SETTINGS, 'F130'],
  },
  {
    fault: 'F133',
    file: 'src/engine/account/enter-account.ts',
    from: 'return header === undefined ? undefined :',
    to: 'void header; return',
    test: ['node', 'test/unit/engine/headless.test.ts', 'only together with the receipt settings'],
  },
  {
    fault: 'F133',
    file: 'src/engine/engine.ts',
    from: "...(deliveryReceipts && readReceipts ? [] : [{ t: 'settings', settings: { deliveryReceipts, readReceipts } } as const]),",
    to: '',
    test: ['node', 'test/unit/engine/headless.test.ts', 'only together with the receipt settings'],
  },
  {
    fault: 'F140',
    file: 'src/server/submit/submit-work.ts',
    from: 'else this.put(changedFor(conversation, this.me, this.version));',
    to: 'else this.change(conversation);',
    test: ['node', STORE, 'F140'],
  },
  {
    fault: 'F140',
    file: 'src/server/counting.ts',
    from: 'changedFor(conversation, reader, tx.version)',
    to: '{ ...conversation, versionA: tx.version, versionB: tx.version }',
    test: ['node', STORE, 'F140'],
  },
];
