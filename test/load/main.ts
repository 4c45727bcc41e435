/**
 * `npm run load -- [SCENARIO …]`: the load that servers carry, with a real PostgreSQL, a real NATS, processes and sockets. Each scenario
 * asks the server at its end what took effect. No number fails the run; a wrong answer or a failed socket does.
 */
import { loadavg } from 'node:os';
import { thisMachine } from '../bench/rig/machine.ts';
import { readOptions, USAGE } from './options.ts';
import { failuresIn, type Result } from './report/results.ts';
import { table } from './report/table.ts';
import { writeResults } from './report/write-results.ts';
import { Ground } from './rig/rig.ts';
import { listedOf } from './scenarios/list.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export { USAGE };

export const main = async (args: string[]): Promise<number> => {
  const { scenarios, isQuick, isJson, isWritten, profiles } = readOptions(args);
  const ground = new Ground(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
  const stop = (): void => void ground.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const { browser: _, ...machine } = thisMachine('');
  const results: Result[] = [];
  try {
    for (const id of scenarios) {
      const since = performance.now();
      const scenario = listedOf(id);
      const load = Math.round(loadavg()[0]! * 10) / 10;
      const measured = await scenario.run(ground, isQuick);
      const result: Result = {
        scenario: id,
        title: scenario.title,
        about: scenario.about,
        date: new Date().toISOString().slice(0, 10),
        machine: { ...machine, load },
        isQuick,
        ...measured,
      };
      results.push(result);
      if (!isJson) console.log(table([result]));
      say(`${id}: ${((performance.now() - since) / 1000).toFixed(0)} s`);
      if (isWritten) await writeResults([result]);
    }
  } finally {
    await ground.stop();
  }
  if (isJson) console.log(JSON.stringify(results, null, 1));
  const failures = failuresIn(results);
  for (const failure of failures) say(`WRONG: ${failure}`);
  return failures.length === 0 ? 0 : 1;
};
