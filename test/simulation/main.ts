/** `npm run simulate`: runs worlds by their seeds in several processes, and sums their counts. See README.md. */
import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { drawConfig, type Kind, KINDS, type Tier } from './config.ts';
import { lineOf, run } from './one.ts';
import { type Line, Tally } from './tally.ts';
import { runCommand } from '../support/run-command.mjs';

/** A hundredth of the worlds is run twice, and must leave the same trace. */
const AGAIN_EVERY = 100;

interface Job {
  readonly seed: string;
  readonly tier: Tier;
}

/** The child's answer to a job. `spentMs`: processor time of the child so far, because others may share the machine. */
interface Answer {
  readonly line: Line;
  readonly spentMs: number;
}

const spentMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** The child process: runs the incoming jobs, and answers each with a line. */
const serve = async (): Promise<void> => {
  let last: Promise<void> = Promise.resolve();
  process.on('message', ({ seed, tier }: Job) => {
    last = last.then(async () => {
      const line = await lineOf(seed, tier, Number(seed) % AGAIN_EVERY === 1, true);
      process.send!({ line, spentMs: spentMs() } satisfies Answer);
    });
  });
  await new Promise((resolve) => process.on('disconnect', resolve));
};

interface Plan {
  /** @param spent processor time of all children so far, in ms. */
  next(spent: number): Job | null;
  progress(tally: Tally, spent: number): string;
}

const runAll = async (plan: Plan, processes: number): Promise<{ tally: Tally; seconds: number }> => {
  const tally = new Tally();
  const began = Date.now();
  const spent = Array<number>(processes).fill(0);
  const spentByAll = (): number => spent.reduce((sum, ms) => sum + ms);
  const bar = process.stdout.isTTY;
  const show = (): void => {
    if (bar) process.stdout.write(`\r\x1b[K${plan.progress(tally, spentByAll())}`);
  };
  await Promise.all(
    Array.from(
      { length: processes },
      (_, at) =>
        new Promise<void>((resolve, reject) => {
          const child = fork(process.argv[1]!, ['--child'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
          const give = (): void => {
            const job = plan.next(spentByAll());
            if (job) child.send(job);
            else child.disconnect();
          };
          child.on('message', (answer: Answer) => {
            const { line } = answer;
            spent[at] = answer.spentMs;
            tally.add(line);
            if (line.violation !== null || line.differs)
              process.stdout.write(
                `${bar ? '\r\x1b[K' : ''}seed ${line.seed} (${line.tier}): ${(line.violation ?? 'another trace').slice(0, 200)}\n`,
              );
            show();
            give();
          });
          child.on('error', reject);
          child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process of the simulation ended with ${code}`))));
          give();
        }),
    ),
  );
  if (bar) process.stdout.write('\r\x1b[K');
  return { tally, seconds: (Date.now() - began) / 1000 };
};

const barOf = (part: number): string => `[${'#'.repeat(Math.round(part * 30)).padEnd(30)}]`;

/** The first seeds of a run: earlier failures, and rare cases. The large worlds come last: the drill has a short time. */
const corpus = async (): Promise<Job[]> => {
  const text = await readFile('test/simulation/corpus.json', 'utf8');
  const { model, dexie } = JSON.parse(text) as Record<Tier, readonly { readonly seed: number }[]>;
  return [
    ...model.map(({ seed }): Job => ({ seed: String(seed), tier: 'model' })),
    ...dexie.map(({ seed }): Job => ({ seed: String(seed), tier: 'dexie' })),
  ];
};

const USAGE = `npm run simulate -- [options]

  --seeds N        so many worlds (100)
  --from N         the first seed (1)
  --minutes N      new worlds for so long, instead of --seeds
  --tier TIER      model: the store in memory (default); dexie: Dexie over IndexedDB in memory
  --processes N    (1)
  --with a,b       only worlds with all these kinds: ${KINDS.join(', ')}
  --test           as in npm test: both tiers

  --seed N         one world; a failing one is made smaller
  --trace          prints every event of the world
  --until MS       ends the world at this time
  --without a,b    leaves these kinds out of the world
  --users N        so many users, as --devices and --ops
  --devices N
  --ops N

  --first          for the drill: ends with the first world that fails
  --child          for this command: runs the worlds that a parent process sends`;

export const main = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      child: { type: 'boolean', default: false },
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      tier: { type: 'string', default: 'model' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      until: { type: 'string' },
      minutes: { type: 'string' },
      processes: { type: 'string', default: '1' },
      /** As in `npm test`: both tiers, at least this many worlds. */
      test: { type: 'boolean', default: false },
      without: { type: 'string' },
      /** Only worlds with all these kinds. */
      with: { type: 'string' },
      users: { type: 'string' },
      devices: { type: 'string' },
      ops: { type: 'string' },
      /** The drill ends with the first world that fails. */
      first: { type: 'boolean', default: false },
    },
  });
  if (values.child) {
    await serve();
    return 0;
  }
  const tier: Tier = values.tier === 'dexie' ? 'dexie' : 'model';
  if (values.seed !== undefined) return one(values.seed, tier, values);
  const wanted = KINDS.filter((kind) => values.with?.split(',').includes(kind));
  const isWanted = (job: Job): boolean => wanted.length === 0 || hasAll(job, wanted);
  if (values.first) return untilFound(Number(values.minutes ?? '0.5') * 60_000, isWanted);
  const first = (await corpus()).filter(isWanted);
  const deadline = values.minutes === undefined ? Infinity : Date.now() + Number(values.minutes) * 60_000;
  const { tally, seconds } = values.test
    ? await runAll(testPlan(first), 2)
    : await runAll(
        simplePlan(
          first.filter((job) => job.tier === tier && values.from === '1'),
          Number(values.from),
          values.minutes === undefined ? Number(values.seeds) : Infinity,
          tier,
          deadline,
          isWanted,
        ),
        Number(values.processes),
      );
  console.log(tally.table(seconds));
  if (values.test && (tally.worlds('model') < FEWEST.model || tally.worlds('dexie') < FEWEST.dexie)) {
    console.log(
      `fewer than ${FEWEST.model} model and ${FEWEST.dexie} dexie worlds: cheaper steps (see the steps a second) or smaller worlds would mend it`,
    );
    return 1;
  }
  return tally.failures.length === 0 ? 0 : 1;
};

const hasAll = ({ seed, tier }: Job, kinds: readonly Kind[]): boolean => {
  const { faults } = drawConfig(seed, tier);
  return kinds.every((kind) => faults.has(kind));
};

const simplePlan = (
  first: readonly Job[],
  from: number,
  count: number,
  tier: Tier,
  deadline: number,
  isWanted: (job: Job) => boolean,
): Plan => {
  const before = [...first];
  let given = 0;
  let seed = from;
  return {
    next: () => {
      const known = before.shift();
      if (known) return known;
      if (given >= count || Date.now() >= deadline) return null;
      given++;
      for (;;) {
        const job: Job = { seed: String(seed++), tier };
        if (isWanted(job)) return job;
      }
    },
    progress: ({ lines, failures }) =>
      `${barOf(Number.isFinite(count) ? Math.min(1, lines.length / (count + first.length)) : 0)} ${lines.length} worlds, ${failures.length} failed`,
  };
};

/** The longest processor time. The run ends earlier after a twentieth more worlds than the minimum. */
const TEST_MS = 12 * 60_000;
const FEWEST: Record<Tier, number> = { model: 1000, dexie: 50 };

/** Both tiers in turn, so that each gets its share of the time; the corpus first, then new seeds from 1. */
const testPlan = (first: readonly Job[]): Plan => {
  const before = [...first];
  const given: Record<Tier, number> = { model: 0, dexie: 0 };
  const wanted = (of: Tier): number => given[of] / (1.05 * FEWEST[of]);
  return {
    next: (spent) => {
      const known = before.shift();
      if (known) {
        given[known.tier]++;
        return known;
      }
      const tier: Tier = wanted('dexie') < wanted('model') ? 'dexie' : 'model';
      if (spent > TEST_MS || wanted(tier) >= 1) return null;
      return { seed: String(++given[tier]), tier };
    },
    progress: ({ lines, failures }, spent) => `${barOf(Math.min(1, spent / TEST_MS))} ${lines.length} worlds, ${failures.length} failed`,
  };
};

type Values = { readonly [K in 'without' | 'users' | 'devices' | 'ops' | 'until']?: string } & { readonly trace?: boolean };

const one = async (seed: string, tier: Tier, { without, users, devices, ops, until, trace }: Values): Promise<number> => {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  const shrink: Record<string, unknown> = {
    without: KINDS.filter((kind: Kind) => without?.split(',').includes(kind)),
    users: number(users),
    devices: number(devices),
    ops: number(ops),
  };
  const {
    violation,
    config,
    steps,
    trace: hash,
  } = await run(seed, tier, {
    shrink: Object.fromEntries(Object.entries(shrink).filter(([, value]) => value !== undefined)),
    ...(trace ? { onTrace: (line) => console.log(line) } : {}),
    ...(until === undefined ? {} : { untilStep: Number(until) }),
  });
  console.log(`seed ${seed} (${tier}): ${config.users} users, ${config.ops} operations, ${[...config.faults].join()}`);
  console.log(violation ? `${violation.message} (step ${violation.step})` : `${steps} steps, all well; trace ${hash.toString(16)}`);
  return violation ? 1 : 0;
};

/**
 * Exits with 3 if a world failed: in a drill, a found bug. @param ms processor time of this
 * process, because others may share the machine.
 */
const untilFound = async (ms: number, isWanted: (job: Job) => boolean): Promise<number> => {
  const isOver = (): boolean => spentMs() > ms;
  process.on('exit', () => console.log(`processor time ${(spentMs() / 1000).toFixed(1)} s`));
  const known = await corpus();
  for (let turn = 0, seed = 1; !isOver(); turn++) {
    // In turns: worlds that failed once, and new ones.
    const next = turn % 2 === 0 ? known.shift() : undefined;
    const job = next ?? { seed: String(seed), tier: seed++ % 8 === 0 ? ('dexie' as const) : ('model' as const) };
    if (!isWanted(job)) continue;
    const { violation } = await run(job.seed, job.tier);
    if (!violation) continue;
    console.log(`seed ${job.seed} (${job.tier}): ${violation.message.slice(0, 120)}`);
    return 3;
  }
  return 0;
};

process.exitCode = await runCommand({ USAGE, main }, process.argv.slice(2));
