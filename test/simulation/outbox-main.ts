/** The drill's program for bugs of the outbox: runs worlds of the outbox until one fails, or until the time is over. */
import { parseArgs } from 'node:util';
import { judgeOutboxWorld } from './outbox-worlds.ts';

const FOUND = 3;

/** Processor time of this process, because others may share the machine. */
const spentMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export const main = async (args: readonly string[]): Promise<number> => {
  const options = { first: { type: 'boolean' }, minutes: { type: 'string', default: '0.5' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  process.on('exit', () => console.log(`processor time ${(spentMs() / 1000).toFixed(1)} s`));
  for (let seed = 1; spentMs() < Number(values.minutes) * 60_000; seed++) {
    const wrong = await judgeOutboxWorld(seed);
    if (wrong.length === 0) continue;
    console.log(`seed ${seed} (outbox): ${wrong.join('; ').slice(0, 120)}`);
    return FOUND;
  }
  return 0;
};

process.exitCode = await main(process.argv.slice(2));
