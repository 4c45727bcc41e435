/** What a developer sees in the editor and in the API reference: a text for every public name, member, option, event and error code. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { countDocstrings } from '../../support/docstrings.ts';

it('every public name, member, option, event and error code has a docstring', () => {
  const { total, missing } = countDocstrings(fileURLToPath(new URL('../../../', import.meta.url)));
  console.log(`docstrings: ${total - missing.length} of ${total}`);
  expect(missing).toEqual([]);
}, 180_000);
