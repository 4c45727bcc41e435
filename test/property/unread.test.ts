import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ConversationRow, emptyRow, joinRows, rowParts, wholeRow } from '../../src/model/conversation/conversation.ts';
import { type Mark, UNMARKED } from '../../src/model/registers/flag.ts';
import { above, contains, fromSeqs, intersect, range, type Ranges, size, union } from '../../src/model/registers/ranges.ts';
import { countedAt, uncountedAt, unreadAt } from '../../src/model/conversation/unread.ts';

interface Line {
  own: boolean;
  countable: boolean;
  recalled: boolean;
}
const lines = fc.array(fc.record({ own: fc.boolean(), countable: fc.boolean(), recalled: fc.boolean() }), { maxLength: 40 });
const counts = ({ own, countable, recalled }: Line): boolean => !own && countable && !recalled;
const recount = (all: readonly Line[], position: number): number => all.filter((line, i) => i + 1 > position && counts(line)).length;
const rowOf = (all: readonly Line[], readUpTo: number, version = 1): ConversationRow => ({
  ...emptyRow('direct:bob'),
  version,
  latestSeq: all.length,
  readUpTo,
  uncounted: fromSeqs(all.flatMap((line, i) => (i + 1 > readUpTo && !counts(line) ? [i + 1] : []))),
});

it('I-12, I-13: the unread count equals a recount, at the row’s position and at any higher pending position', () => {
  fc.assert(
    fc.property(lines, fc.nat(40), fc.nat(40), (all, position, pending) => {
      const readUpTo = Math.min(position, all.length);
      const inForce = Math.min(all.length, readUpTo + pending);
      expect(unreadAt(rowOf(all, readUpTo), inForce)).toEqual({ unreadCount: recount(all, inForce), exact: true });
    }),
  );
});

it('a row with only the number is exact at its position and beyond its end, and a lower bound in between', () => {
  fc.assert(
    fc.property(lines, lines, fc.nat(40), fc.nat(90), (all, later, position, pending) => {
      const at = Math.min(position, all.length);
      const both = [...all, ...later];
      const row: ConversationRow = {
        ...rowOf(both, at),
        uncounted: fromSeqs(later.flatMap((line, i) => (counts(line) ? [] : [all.length + i + 1]))),
        counted: { at, upTo: all.length, count: recount(all, at) },
      };
      const inForce = Math.min(both.length, at + pending);
      const { unreadCount, exact } = unreadAt(row, inForce);
      const truth = recount(both, inForce);
      if (exact) expect(unreadCount).toBe(truth);
      else expect(unreadCount).toBeLessThanOrEqual(truth);
      if (inForce === at || inForce >= all.length) expect(exact).toBe(true);
    }),
  );
});

it('marked unread from a message on, at least the messages from there on count: exact with the row, and never too many before', () => {
  fc.assert(
    fc.property(lines, fc.nat(40), fc.nat(40), fc.nat(40), (all, position, first, more) => {
      const readUpTo = Math.min(position, all.length);
      const from = 1 + Math.min(first, all.length);
      const mark: Mark = { count: 1, value: true, at: all.length, from };
      const base = Math.min(readUpTo, from - 1);
      const truth = { unreadCount: recount(all, base), exact: true };
      // The server's row covers the messages from there on.
      const covering: ConversationRow = { ...rowOf(all, base), readUpTo, marked: mark };
      expect(unreadAt(covering, readUpTo)).toEqual(truth);
      // The marking device has counted the messages, and has the row from before.
      const counted = { upTo: readUpTo, count: recount(all, base) - recount(all, readUpTo), exact: true };
      const before = rowOf(all, readUpTo);
      expect(unreadAt(before, readUpTo, { ...mark, counted })).toEqual(truth);
      // A device with fewer messages shows a smaller count.
      const less = unreadAt(before, readUpTo, { ...mark, counted: { ...counted, count: 0, exact: counted.count === 0 } });
      expect(less.unreadCount).toBe(recount(all, readUpTo));
      // Another device has read on meanwhile. No row of this device has the messages in between.
      const moved = Math.min(all.length, readUpTo + more);
      const later = unreadAt(rowOf(all, moved), moved, { ...mark, counted });
      const nowUnread = recount(all, Math.min(moved, from - 1));
      if (later.exact) expect(later.unreadCount).toBe(nowUnread);
      else expect(later.unreadCount).toBeLessThanOrEqual(nowUnread);
      // A position above the newest message at the mark ends the mark.
      expect(unreadAt(covering, all.length + 1).unreadCount).toBe(0);
    }),
  );
});

it('I-2, I-12: messages cleared one by one do not count, whether the row knows of them or this device alone', () => {
  fc.assert(
    fc.property(lines, fc.nat(40), fc.array(fc.nat(45)), fc.boolean(), (all, position, seqs, onlyNumber) => {
      const at = Math.min(position, all.length);
      const cleared = fromSeqs(seqs.filter((seq) => seq > 0));
      const left = all.map((line, i) => (contains(cleared, i + 1) ? { ...line, countable: false } : line));
      const plain = rowOf(all, at);
      const row = onlyNumber ? { ...plain, uncounted: [], counted: { at, upTo: all.length, count: recount(all, at) } } : plain;
      const { unreadCount, exact } = unreadAt(row, at, UNMARKED, cleared);
      if (exact) expect(unreadCount).toBe(recount(left, at));
      else expect(unreadCount).toBeLessThanOrEqual(recount(left, at));
      if (!onlyNumber) {
        expect(exact).toBe(true);
        expect(unreadAt(rowOf(left, at), at, UNMARKED, cleared)).toEqual({ unreadCount, exact });
        expect(size(countedAt(row, at, UNMARKED, cleared))).toBe(unreadCount);
        expect(size(uncountedAt(row, at, UNMARKED, cleared))).toBe(all.length - at - unreadCount);
      }
    }),
  );
});

it('I-2, I-12: a mark counts again what was cleared before it, not what is cleared after it, and its end ends both', () => {
  const some = fc.array(fc.integer({ min: 1, max: 40 })).map(fromSeqs);
  fc.assert(
    fc.property(lines, fc.nat(40), fc.nat(40), some, some, fc.boolean(), (all, position, first, early, late, onlyNumber) => {
      const latest = all.length;
      const readUpTo = Math.min(position, latest);
      const from = 1 + Math.min(first, latest);
      const base = Math.min(readUpTo, from - 1);
      const clearedBefore = intersect(early, range(readUpTo + 1, latest));
      const clearedAfter = intersect(late, range(base + 1, latest));
      const uncleared = (cleared: Ranges): Line[] =>
        all.map((line, i) => (contains(cleared, i + 1) ? { ...line, countable: false } : line));
      const isRight = (shown: { unreadCount: number; exact: boolean }, truth: number): void => {
        if (shown.exact) expect(shown.unreadCount).toBe(truth);
        else expect(shown.unreadCount).toBeLessThanOrEqual(truth);
      };
      const numbered = (row: ConversationRow, at: number, count: number): ConversationRow =>
        onlyNumber ? { ...row, uncounted: [], counted: { at, upTo: latest, count } } : row;
      const marked: Mark = { count: 1, value: true, at: latest, from, cleared: above(clearedAfter, from - 1) };
      const inForce = union(intersect(clearedBefore, range(1, from - 1)), clearedAfter);
      const truth = recount(uncleared(inForce), base);
      // The device that made the calls has the row from before them.
      const before = numbered({ ...rowOf(all, readUpTo), cleared: clearedBefore }, readUpTo, recount(uncleared(clearedBefore), readUpTo));
      const counted = { upTo: readUpTo, count: recount(all, base) - recount(all, readUpTo), exact: true };
      const mine = unreadAt(before, readUpTo, { ...marked, counted }, clearedAfter);
      isRight(mine, truth);
      if (!onlyNumber && from > readUpTo) expect(mine.exact).toBe(true);
      // The row from after them.
      const whole: ConversationRow = { ...rowOf(all, base, 2), readUpTo, cleared: union(clearedBefore, clearedAfter), marked };
      const after = numbered(whole, base, truth);
      expect(unreadAt(after, readUpTo)).toEqual({ unreadCount: truth, exact: true });
      expect(unreadAt(joinRows(before, after), readUpTo)).toEqual({ unreadCount: truth, exact: true });
      // A new mark from the same message, and the end of the mark.
      isRight(
        unreadAt(after, readUpTo, { ...marked, count: 2, cleared: undefined }),
        recount(uncleared(intersect(whole.cleared, range(1, from - 1))), base),
      );
      const unmarked = unreadAt(after, readUpTo, { count: 2, value: false, at: latest });
      isRight(unmarked, recount(uncleared(whole.cleared), readUpTo));
      if (!onlyNumber) expect(unmarked.exact).toBe(true);
    }),
  );
});

it('I-2: rows of one history join to the newest row in any order, also if uncounted messages count again', () => {
  // Each row is a moment of a history. In the history the user blocks and unblocks senders.
  const moments = fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.array(fc.nat(12))), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(moments, fc.infiniteStream(fc.nat(100)), (steps, order) => {
      let latestSeq = 0;
      let readUpTo = 0;
      const rows = steps.map(([more, read, seqs], i): ConversationRow => {
        latestSeq += more;
        readUpTo = Math.max(readUpTo, Math.min(latestSeq, read));
        const uncounted = fromSeqs(seqs.filter((seq) => seq > readUpTo && seq <= latestSeq));
        return { ...emptyRow('direct:bob'), version: i + 1, latestSeq, readUpTo, uncounted };
      });
      // A long row comes in parts of the same version.
      const parts = rows.map((row) => ({ ...row, uncounted: [] }));
      const shuffled = [...rows, ...parts].map((row) => ({ row, at: order.next().value as number })).sort((a, b) => a.at - b.at);
      const joined = [...shuffled, ...shuffled].map(({ row }) => row).reduce(joinRows);
      expect(joined).toEqual(rows[rows.length - 1]);
    }),
  );
});

it('I-2, I-4: rows of one history join to the same row in any order of arrival', () => {
  // In a history messages come and the position moves. Each row is a moment of the history.
  const moments = fc.array(fc.tuple(fc.nat(5), fc.nat(6)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lines, moments, fc.infiniteStream(fc.nat(100)), (all, steps, order) => {
      let latest = 0;
      let position = 0;
      const rows = steps.map(([more, read], i) => {
        latest = Math.min(all.length, latest + more);
        position = Math.max(position, Math.min(latest, read * 3));
        return rowOf(all.slice(0, latest), position, i + 1);
      });
      const last = rows[rows.length - 1]!;
      // Rows are written without fields in their initial value.
      for (const row of rows) expect(wholeRow(rowParts(row))).toEqual(row);
      const shuffled = rows.map((row) => ({ row, at: order.next().value as number })).sort((a, b) => a.at - b.at);
      const joined = [...shuffled, ...shuffled].map(({ row }) => row).reduce(joinRows);
      expect(joined.readUpTo).toBe(last.readUpTo);
      expect(unreadAt(joined, joined.readUpTo).unreadCount).toBe(recount(all.slice(0, latest), position));
    }),
  );
});

it('I-2: two rows of one version join to what counts after the later join, retention or departure', () => {
  // A departure that waited for a later message has the version of the message. The row of the member names the own message 8.
  const member: ConversationRow = {
    ...emptyRow('group:crew'),
    version: 6,
    latestSeq: 8,
    joinedAt: 5,
    uncounted: [[8, 8]],
    mentions: [[7, 7]],
  };
  const after = { ...member, uncounted: [], mentions: [] };
  for (const later of [
    { ...after, joinedAt: 8 },
    { ...after, firstSeq: 9 },
  ])
    for (const joined of [joinRows(member, later), joinRows(later, member)]) expect(joined).toEqual(later);
});
