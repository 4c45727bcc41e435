/** Small invented traffic in the recorded form, with the real server and a browser with kills and cuts. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { replayGroups } from '../replay/groups/replay-groups.ts';
import { replay } from '../replay/replay.ts';

const file = fileURLToPath(new URL('../data/small-traffic.jsonl', import.meta.url));

it('after the replay every count, position and receipt equals the recount', async () => {
  const { comparisons, messages, kills, cuts } = await replay({ file, seed: 1 });
  expect(comparisons.flatMap(({ mismatches }) => mismatches)).toEqual([]);
  // Proof of a complete replay with kills and cuts.
  expect(messages).toBe(178);
  expect(comparisons.reduce((sum, { compared }) => sum + compared, 0)).toBeGreaterThan(1500);
  expect(kills).toBeGreaterThan(0);
  expect(cuts).toBeGreaterThan(0);
});

it('after the replay as groups every count, position, list of readers and membership equals the recount', async () => {
  const { comparisons, messages, asking, groups, kills, cuts } = await replayGroups({ file, days: 2, seed: 1, maxMembers: 10 });
  expect(comparisons.flatMap(({ mismatches }) => mismatches)).toEqual([]);
  expect({ groups, messages, asking }).toEqual({ groups: 2, messages: 182, asking: 14 });
  // Some members left, some came late, some groups were too large for receipts, and every kind of query was
  // made.
  for (const what of ['unread counts of who left', 'asked by a member: no counts', 'lists of who has not', 'second device: read positions'])
    expect(comparisons.find((one) => one.what === what)?.compared, what).toBeGreaterThan(0);
  expect(comparisons.reduce((sum, { compared }) => sum + compared, 0)).toBeGreaterThan(4000);
  expect(kills).toBeGreaterThan(0);
  expect(cuts).toBeGreaterThan(0);
});
