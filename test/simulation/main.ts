/** `npm run simulate`: worlds by their seeds, in one process. */
import { parseArgs } from 'node:util';
import type { Tier } from './config.ts';
import { runWorld } from './run-world.ts';

export const main = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      tier: { type: 'string', default: 'model' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      until: { type: 'string' },
    },
  });
  const tier = values.tier as Tier;
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const began = Date.now();
  let steps = 0;
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await runWorld(String(seed), tier, {
      ...(values.trace ? { onTrace: (line: string) => console.log(line) } : {}),
      ...(values.until === undefined ? {} : { untilStep: Number(values.until) }),
    });
    steps += outcome.steps;
    if (outcome.violation) {
      failed++;
      console.log(
        `seed ${seed}: ${outcome.violation.message.slice(0, 400)} (step ${outcome.violation.step}) ${[...outcome.config.faults].join()}`,
      );
    }
  }
  const seconds = (Date.now() - began) / 1000;
  console.log(
    `${count} worlds, ${failed} failed, ${steps} steps, ${seconds.toFixed(1)} s: ${(count / seconds).toFixed(1)} worlds/s, ${Math.round(steps / seconds)} steps/s`,
  );
  return failed === 0 ? 0 : 1;
};

process.exitCode = await main(process.argv.slice(2));
