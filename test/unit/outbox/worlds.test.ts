/** Random worlds for the outbox, each from a printed seed: nothing is lost, nothing is made up, and the backend is not flooded. */
import { describe, expect, it } from 'vitest';
import { judgeOutboxWorld } from '../../simulation/outbox-worlds.ts';

describe('random worlds of the outbox', () => {
  const worlds = Number(process.env['OUTBOX_WORLDS'] ?? 300);
  const first = Number(process.env['OUTBOX_FROM'] ?? 1);

  it(
    `in ${worlds} worlds nothing is lost, nothing is made up, and the backend is not flooded`,
    { timeout: 60_000 + worlds * 200 },
    async () => {
      const failures: string[] = [];
      for (let seed = first; seed < first + worlds; seed++) {
        const wrong = await judgeOutboxWorld(seed);
        if (wrong.length > 0) failures.push(`seed ${seed}: ${wrong.join('; ')}`);
      }
      expect(failures).toEqual([]);
    },
  );
});
