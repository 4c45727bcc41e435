import { expect, it } from 'vitest';
import { isEmpty, withoutEmpty } from '../../../src/model/without-empty.ts';

it.each([[0], [null], [undefined], [false], [''], [[]], [{}], [{ count: 0, value: false, at: 0 }], [{ delivered: [], read: [] }]])(
  'a value that says nothing is empty: %j',
  (value) => {
    expect(isEmpty(value)).toBe(true);
  },
);

it.each([[1], [true], ['m1'], [[[1, 2]]], [{ count: 1, value: false }], [{ delivered: [], read: [[1, 1]] }]])(
  'a value that says something is not empty: %j',
  (value) => {
    expect(isEmpty(value)).toBe(false);
  },
);

it('a copy has the fields that say something, as they are', () => {
  const flag = { count: 2, value: false };
  const copy = withoutEmpty({ position: 0, flag, read: [], by: null });
  expect(copy).toEqual({ flag });
  expect(copy.flag).toBe(flag);
});
