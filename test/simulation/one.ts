/** Runs a seed for the commands: once, a second time if due, and with smaller worlds after a failure. */
import { watchTable } from './coverage.ts';
import { type Kind, KINDS, type Shrink, type Tier } from './config.ts';
import { type Outcome, runWorld, type RunOptions } from './run-world.ts';
import { isFault, type Line } from './tally.ts';

const MOST_SHRINKS = 8;

let cells = new Set<string>();
watchTable((cell) => cells.add(cell));

export const run = async (seed: string, tier: Tier, options: RunOptions = {}): Promise<Outcome> => {
  if (tier === 'model') return runWorld(seed, tier, options);
  const { dexieStorage } = await import('./dexie-storage.ts');
  return runWorld(seed, tier, { ...options, storage: dexieStorage });
};

export const shrinkArgs = ({ without, users, devices, ops }: Shrink): string =>
  [
    without && without.length > 0 ? `--without ${without.join()}` : '',
    users === undefined ? '' : `--users ${users}`,
    devices === undefined ? '' : `--devices ${devices}`,
    ops === undefined ? '' : `--ops ${ops}`,
  ]
    .filter((text) => text !== '')
    .join(' ');

/**
 * The smallest world found with the same broken invariant: first fewer kinds of trouble, by halves, then fewer
 * users, devices and calls.
 */
export const makeSmaller = async (outcome: Outcome): Promise<Shrink> => {
  const { config, violation } = outcome;
  const { seed, tier } = config;
  let best: Shrink = {};
  let left = MOST_SHRINKS;
  const fails = async (shrink: Shrink): Promise<boolean> => {
    if (left-- <= 0) return false;
    const again = await run(seed, tier, { shrink });
    if (again.violation?.invariant !== violation!.invariant) return false;
    best = shrink;
    return true;
  };
  const on = KINDS.filter((fault) => config.faults.has(fault));
  let gone: readonly Kind[] = [];
  for (let size = Math.ceil(on.length / 2); size >= 1 && left > 3; size = Math.floor(size / 2)) {
    const rest = on.filter((fault) => !gone.includes(fault));
    const some = rest.slice(0, size);
    if (await fails({ ...best, without: [...gone, ...some] })) gone = [...gone, ...some];
    else {
      const others = rest.slice(size, 2 * size);
      if (others.length > 0 && (await fails({ ...best, without: [...gone, ...others] }))) gone = [...gone, ...others];
    }
  }
  if (config.users > 2) await fails({ ...best, users: 2 });
  await fails({ ...best, devices: 1 });
  await fails({ ...best, ops: Math.ceil(config.ops / 2) });
  return best;
};

/** Runs a world, a second time and smaller if wanted, and returns its line. */
export const lineOf = async (seed: string, tier: Tier, again: boolean, smaller: boolean): Promise<Line> => {
  cells = new Set();
  const outcome = await run(seed, tier);
  const { steps, virtualMs, ops, entries, restMs, counts, points, violation, trace } = outcome;
  const seen = [...cells];
  const differs = again && (await run(seed, tier)).trace !== trace;
  const shrunk = violation && smaller ? shrinkArgs(await makeSmaller(outcome)) : null;
  return {
    seed,
    tier,
    steps,
    virtualMs,
    ops,
    entries,
    restMs,
    faults: [...counts].reduce((sum, [kind, n]) => (isFault(kind) ? sum + n : sum), 0),
    counts: [...counts],
    points: [...points],
    cells: seen,
    differs,
    again,
    violation: violation?.message ?? null,
    step: violation?.step ?? steps,
    shrunk,
  };
};
