/** The command line of the load. */
import { parseArgs } from 'node:util';
import { listedOf, SCENARIOS } from './scenarios/list.ts';

export interface LoadOptions {
  readonly scenarios: readonly string[];
  readonly isQuick: boolean;
  readonly isJson: boolean;
  readonly isWritten: boolean;
  readonly profiles: string | undefined;
}

export const USAGE = `npm run load -- [SCENARIO …] [options]

${SCENARIOS.map(({ id, title, isLong }) => `  ${id.padEnd(10)} ${title}${isLong ? ' (runs by name only)' : ''}`).join('\n')}

  --quick     a little of everything, in about a minute: does it run, and is everything right?
  --write     writes test/load/results/: table, plots, JSON
  --json      prints the results as JSON
  --prof DIR  writes a CPU profile of each server process into the folder`;

export const readOptions = (args: string[]): LoadOptions => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      prof: { type: 'string' },
    },
  });
  for (const name of positionals) listedOf(name);
  if (values.write && values.quick) throw new Error('--write keeps real numbers, and --quick has none');
  return {
    scenarios: positionals.length > 0 ? positionals : SCENARIOS.flatMap(({ id, isLong }) => (isLong ? [] : [id])),
    isQuick: values.quick,
    isJson: values.json,
    isWritten: values.write,
    profiles: values.prof,
  };
};
