import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { BUGS } from '../../simulation/bugs.mjs';

test('the code text of each bug of the drill stands in its file exactly once', async () => {
  const stale: string[] = [];
  for (const { name, file, from } of BUGS) {
    const text = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
    if (text.split(from).length !== 2) stale.push(`${name}: ${file}`);
  }
  expect(stale).toEqual([]);
});
