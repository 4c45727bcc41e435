import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isArchived } from '../../src/model/conversation/archive.ts';
import { type ConversationRow, emptyRow, joinRows, rowParts, wholeRow } from '../../src/model/conversation/conversation.ts';
import { NOT_ARCHIVED, setArchive, setFlag } from '../../src/model/registers/flag.ts';

/** A moment: a message, a change of the archived flag by a device with the first `at` messages, or a join or departure. */
const moment = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), counts: fc.boolean() }),
  fc.record({ kind: fc.constant('archive' as const), value: fc.boolean(), at: fc.nat(8) }),
  fc.record({ kind: fc.constant('move' as const) }),
);

it('I-2, I-13: rows with archived flags join to the newest row in any order, and all devices derive the same archive', () => {
  fc.assert(
    fc.property(
      fc.array(moment, { minLength: 1, maxLength: 10 }),
      fc.infiniteStream(fc.nat(1000)),
      fc.boolean(),
      (moments, order, muted) => {
        const counting: number[] = [];
        let row: ConversationRow = emptyRow('group:crew');
        const rows = moments.map((one) => {
          const { latestSeq, archived } = row;
          if (one.kind === 'message') {
            if (one.counts) counting.push(latestSeq + 1);
            row = { ...row, latestSeq: latestSeq + 1 };
          } else if (one.kind === 'archive') row = { ...row, archived: setArchive(archived, one.value, Math.min(one.at, latestSeq)) };
          else row = { ...row, left: setFlag(row.left, !row.left.value) };
          const first = counting.find((seq) => seq > row.archived.at);
          // An earlier transaction may commit later: its row has the version of the row before.
          row = { ...row, version: row.version + (one.kind === 'move' ? 0 : 1), reopenedBy: row.archived.value ? (first ?? 0) : 0 };
          return row;
        });
        const shuffled = rows
          .flatMap((one) => [one, one])
          .map((one) => ({ one, at: order.next().value! }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const { archived, reopenedBy, left } = shuffled.reduce((a, b) => joinRows(a, wholeRow(rowParts(b))), emptyRow('group:crew'));
        expect({ archived, reopenedBy, left }).toEqual({ archived: row.archived, reopenedBy: row.reopenedBy, left: row.left });
        const isReopened = counting.some((seq) => seq > row.archived.at);
        expect(isArchived(row, { archived: null, position: 0 }, muted)).toBe(row.archived.value && (muted || !isReopened));
      },
    ),
  );
});

it('a pending archived flag is in force until a message above the flag is unread, and wins over the older flag of the row', () => {
  fc.assert(
    fc.property(fc.nat(6), fc.nat(6), fc.nat(6), fc.boolean(), (latestSeq, at, position, wasSet) => {
      const before = setArchive(NOT_ARCHIVED, wasSet, 0);
      const row = { ...emptyRow('direct:bob'), version: 1, latestSeq, archived: before, reopenedBy: wasSet && latestSeq > 0 ? 1 : 0 };
      const pending = setArchive(before, true, at);
      expect(isArchived(row, { archived: pending, position }, false)).toBe(Math.max(at, position) >= latestSeq);
      expect(isArchived(row, { archived: pending, position }, true)).toBe(true);
      expect(isArchived(row, { archived: setArchive(before, false, at), position }, true)).toBe(false);
      // The flag of the server stays in force over an older flag of this device.
      expect(isArchived({ ...row, archived: setArchive(pending, false, at) }, { archived: pending, position }, true)).toBe(false);
    }),
  );
});
