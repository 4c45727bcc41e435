import { expect, it } from 'vitest';
import { median, quantile, ratio, spread } from '../../bench/judge/arithmetic.ts';

it('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it('a quantile between two values is weighted by distance', () => {
  expect(quantile([10, 20, 30, 40, 50], 0.99)).toBeCloseTo(49.6);
  expect(quantile([7], 0.99)).toBe(7);
});

it('the spread is half of the range as a part of the median', () => {
  expect(spread([9, 10, 12])).toBeCloseTo(0.15);
  expect(spread([10])).toBe(0);
});

it('the ratio compares contestants run by run, so a slow minute of the machine cancels out', () => {
  // The second run was ten times slower for both.
  expect(ratio([1, 10, 1], [2, 20, 2])).toBe(0.5);
});

it('the ratio leaves out a run in which either contestant failed', () => {
  expect(ratio([1, undefined, 3], [2, 2, undefined])).toBe(0.5);
  expect(ratio([1], [undefined])).toBeNaN();
});
