import { expect, it } from 'vitest';
import { PAINT_KEY, PAINT_TABLE } from '../../../src/client/first-paint.ts';
import { PAINT_KEY as STORED_KEY, TABLES } from '../../../src/log/tables.ts';

it('the page reads the first paint at the key written by the worker', () => {
  expect(PAINT_KEY).toBe(STORED_KEY);
  expect(TABLES).toContain(PAINT_TABLE);
});
