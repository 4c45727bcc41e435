import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  above,
  contains,
  fromSeqs,
  intersect,
  isRanges,
  type Ranges,
  sameRanges,
  seqsOf,
  size,
  subtract,
  union,
} from '../../src/model/registers/ranges.ts';

const seqs = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
const setOf = (ranges: Ranges): Set<number> => new Set(seqsOf(ranges));
const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

describe('ranges as sets of numbers', () => {
  it('I-2: the union of ranges is the union of sets, in any order and any number of times', () => {
    fc.assert(
      fc.property(seqs, seqs, seqs, (a, b, c) => {
        const [x, y, z] = [fromSeqs(a), fromSeqs(b), fromSeqs(c)];
        expect(sorted(setOf(union(x, y)))).toEqual(sorted(new Set([...a, ...b])));
        expect(union(x, y)).toEqual(union(y, x));
        expect(union(union(x, y), z)).toEqual(union(x, union(y, z)));
        expect(union(union(x, y), y)).toEqual(union(x, y));
        expect(isRanges(union(x, y))).toBe(true);
      }),
    );
  });

  it('subtract, intersect, above, contains and size agree with sets', () => {
    fc.assert(
      fc.property(seqs, seqs, fc.integer({ min: 0, max: 61 }), (a, b, at) => {
        const [x, y] = [fromSeqs(a), fromSeqs(b)];
        const [one, two] = [new Set(a), new Set(b)];
        expect(sorted(setOf(subtract(x, y)))).toEqual(sorted([...one].filter((n) => !two.has(n))));
        expect(sorted(setOf(intersect(x, y)))).toEqual(sorted([...one].filter((n) => two.has(n))));
        expect(sorted(setOf(above(x, at)))).toEqual(sorted([...one].filter((n) => n > at)));
        expect(contains(x, at)).toBe(one.has(at));
        expect(size(x)).toBe(one.size);
        for (const ranges of [subtract(x, y), intersect(x, y), above(x, at)]) expect(isRanges(ranges)).toBe(true);
        expect(sameRanges(x, fromSeqs([...one].reverse()))).toBe(true);
      }),
    );
  });

  it('isRanges refuses values that look like ranges and are none', () => {
    for (const bad of [
      null,
      {},
      [[0, 1]],
      [[2, 1]],
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 5],
        [2, 3],
      ],
      [[1]],
      [[1, 1.5]],
      [[1, 2 ** 53]],
      [['1', 2]],
    ])
      expect(isRanges(bad)).toBe(false);
  });
});
