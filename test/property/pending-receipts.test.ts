import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergePendingReceipts, NO_PENDING_RECEIPTS, type PendingReceipts } from '../../src/model/outbox-entry.ts';
import { fromSeqs } from '../../src/model/registers/ranges.ts';

const ranges = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }).map(fromSeqs);
/** A register of a mark is absent if it is empty. */
const cleared = ranges.filter((some) => some.length > 0);
const flag = fc.option(fc.record({ count: fc.nat(4), value: fc.boolean() }));
const pendingReceipts: fc.Arbitrary<PendingReceipts> = fc.record({
  position: fc.nat(30),
  cleared: ranges,
  read: ranges,
  delivered: ranges,
  named: ranges,
  namedIds: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')).map((ids) => ids.sort()),
  contents: fc
    .uniqueArray(fc.record({ id: fc.constantFrom('a', 'b', 'c'), text: fc.constantFrom('x', 'y') }), { selector: ({ id }) => id })
    .map((list) => list.sort((x, y) => (x.id < y.id ? -1 : 1))),
  untold: ranges,
  muted: flag,
  marked: fc.option(
    fc.record(
      { count: fc.nat(2), value: fc.boolean(), at: fc.nat(3), from: fc.integer({ min: 1, max: 3 }), cleared },
      { requiredKeys: ['count', 'value', 'at'] },
    ),
  ),
  archived: fc.option(fc.record({ count: fc.nat(2), value: fc.boolean(), at: fc.nat(3) })),
});

it('I-2: merging pending receipts is commutative, associative and idempotent, so a repeated or late entry changes nothing more', () => {
  fc.assert(
    fc.property(pendingReceipts, pendingReceipts, pendingReceipts, (a, b, c) => {
      expect(mergePendingReceipts(a, b)).toEqual(mergePendingReceipts(b, a));
      expect(mergePendingReceipts(mergePendingReceipts(a, b), c)).toEqual(mergePendingReceipts(a, mergePendingReceipts(b, c)));
      expect(mergePendingReceipts(a, a)).toEqual(a);
      expect(mergePendingReceipts(NO_PENDING_RECEIPTS, a)).toEqual(a);
    }),
  );
});
