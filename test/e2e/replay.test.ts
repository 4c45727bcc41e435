/** Traffic of the recorded form, small and invented, against the real server and a browser that is killed and cut off. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { replay } from '../replay/replay.ts';

it('after the traffic every count, position and receipt equals the recount', async () => {
  const file = fileURLToPath(new URL('../data/small-traffic.jsonl', import.meta.url));
  const { comparisons, messages, kills, cuts } = await replay({ file, seed: 1 });
  expect(comparisons.flatMap(({ mismatches }) => mismatches)).toEqual([]);
  // What was to be seen was seen: all of it played, and not in fair weather.
  expect(messages).toBe(178);
  expect(comparisons.reduce((sum, { compared }) => sum + compared, 0)).toBeGreaterThan(1500);
  expect(kills).toBeGreaterThan(0);
  expect(cuts).toBeGreaterThan(0);
});
