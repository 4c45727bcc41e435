/** Runs one world from its seed to its verdict: people and faults, then rest, then the comparison of all states. */
import { createTestWorld, type TestWorld } from '../../src/testing/world.ts';
import { createInterleavingStore } from '../support/interleaving-store.ts';
import type { DiskOptions } from '../../src/testing/virtual-disk.ts';
import { Blocks } from './blocks.ts';
import { makeHistory } from './history.ts';
import { type Config, drawConfig, type Shrink, type Tier } from './config.ts';
import { Nemesis } from './nemesis.ts';
import { pushToDevices } from './notices.ts';
import { judgeMeaning } from './oracle.ts';
import { Plans } from './plans.ts';
import { comesToRest, rest } from './rest.ts';
import { judgeScreens } from './screens.ts';
import { settled } from './settled.ts';
import { type Home, Simulation, Violation } from './simulation.ts';
import { Stepping } from './stepping.ts';
import { EPOCH, RECEIPT_WINDOW_MS } from './truths.ts';
import { Workload } from './workload.ts';

export interface Outcome {
  readonly config: Config;
  readonly steps: number;
  readonly virtualMs: number;
  readonly ops: number;
  readonly entries: number;
  readonly trace: number;
  /** The time of the world to come to rest, virtual ms. */
  readonly restMs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly points: ReadonlySet<string>;
  readonly violation: Violation | null;
}

export interface RunOptions {
  readonly shrink?: Shrink;
  readonly onTrace?: (line: string) => void;
  readonly untilStep?: number;
  readonly storage?: (world: () => TestWorld) => (name: string) => DiskOptions;
}

export const runWorld = async (seed: string, tier: Tier, options: RunOptions = {}): Promise<Outcome> => {
  const config = drawConfig(seed, tier, options.shrink);
  const blocks = new Blocks(
    () => world,
    () => world.random.fork('host'),
  );
  const world: TestWorld = createTestWorld({
    seed: `${tier} ${seed}`,
    ...(config.faults.has('block') ? { directory: { counts: (sender, reader) => blocks.counts(sender, reader) } } : {}),
    ...(config.faults.has('push') ? { onMessage: (push) => pushToDevices(sim, pushes, push) } : {}),
    ...(config.faults.has('interleave') ? { database: createInterleavingStore } : {}),
    ...(options.storage ? { storage: options.storage(() => world) } : {}),
  });
  world.time.onTrace = options.onTrace ?? null;
  // The steps of the simulated IndexedDB need a round of the event loop each.
  if (!options.storage) world.time.settle = settled;
  const pushes = world.random.fork('pushes');
  const sim: Simulation = new Simulation(world, config, blocks);
  const { time, server } = world;
  const openTab = (home: Home): void => {
    if (!sim.asleep && home.opening === 0) void sim.open(home);
  };
  const horizonMs = config.ops * config.gapMs;
  const workload = new Workload(sim, openTab);
  const nemesis = new Nemesis(new Plans(sim, horizonMs, openTab), workload);
  const setUp = world.random.fork('set up');
  const users = Array.from({ length: config.users }, (_, i) => `u${i}`);
  for (const [i, user] of users.entries()) {
    const silent = setUp.chance(0.1);
    if (silent) sim.book.silent.add(user);
    for (let d = 0; d < config.devices[i]!; d++) {
      const name = `${user}d${d}`;
      sim.addHome(
        world.device(user, name, () => nemesis.token(user)),
        silent,
      );
    }
  }

  const stepping = new Stepping(sim, options.untilStep);

  let restMs = 0;
  try {
    for (let g = 0; g < config.groups; g++) {
      const members = users.filter(() => setUp.chance(0.8));
      sim.groups.set(`group:g${g}`, new Set(members));
      await stepping.wait(server.host.createGroup({ groupId: `g${g}`, members: members.map((userId) => ({ userId })) }));
    }
    if (config.faults.has('history')) await stepping.wait(makeHistory(sim), Infinity);
    workload.begin();
    nemesis.start();
    for (const home of sim.homes) for (let i = setUp.between(1, config.tabs); i > 0; i--) void sim.open(home);

    const gaps = world.random.fork('gaps');
    let next = (): void => undefined;
    const late: (() => void)[] = [];
    const act = (): void => {
      if (sim.asleep) {
        late.push(() => next());
        return;
      }
      workload.act();
      if (workload.done < config.ops) next();
    };
    next = () => void time.schedule(gaps.exponential(config.gapMs), 'a user acts', act);
    next();
    for (;;) {
      await stepping.until(() => workload.done >= config.ops || nemesis.nights.length > 0);
      const nightMs = nemesis.nights.shift();
      if (nightMs === undefined) break;
      // The night: no process runs, and time passes.
      sim.asleep = true;
      for (const { device } of sim.homes) device.killAll();
      server.crash();
      const morning = time.now + nightMs;
      await stepping.until(() => time.nextAt > morning);
      time.now = Math.max(time.now, morning);
      sim.asleep = false;
      server.start();
      for (const home of sim.homes) openTab(home);
      for (const goOn of late.splice(0)) goOn();
    }

    restMs = await rest(sim, nemesis, stepping);
    if (sim.violation === null) await finalJudgement(sim, stepping);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    if (error.invariant !== 'stopped') sim.violation ??= error;
  }
  for (const { device } of sim.homes) device.killAll();
  return {
    config,
    steps: time.steps,
    virtualMs: time.now,
    ops: sim.book.ops.length,
    entries: sim.homes.reduce((sum, { ledger }) => sum + ledger.made, 0),
    trace: time.trace,
    restMs,
    counts: sim.counts,
    points: sim.points,
    violation: sim.violation,
  };
};

/** Compares the calls with their effect, each device's messages with the server's, and new devices with old ones. */
const finalJudgement = async (sim: Simulation, stepping: Stepping): Promise<void> => {
  const { world, book, violated } = sim;
  const { time } = world;
  judgeMeaning(
    sim.truths,
    book,
    {
      restored: sim.restored,
      mayForget: sim.config.faults.has('clock') || sim.config.faults.has('night'),
      membersChanged: sim.membersChanged || sim.policyChanged,
      mayExpire: (sentAt) => sentAt + RECEIPT_WINDOW_MS < EPOCH + time.now,
      blocks: sim.blocks,
      wasRecallRefused: (id) => sim.homes.some(({ ledger }) => ledger.refusedRecalls.has(id)),
      wasUnreadable: (id, device) => sim.homes.some((home) => home.device.name === device && home.ledger.unreadable.has(id)),
      endOf: (id, device) => sim.homes.find((home) => home.device.name === device)?.ledger.endOfMessage(id),
    },
    violated,
  );
  for (const { sealed } of sim.homes) sealed.judgeAtRest();
  await judgeScreens(sim, sim.homes, stepping);
  if (sim.violation === null) await sim.questions.judgeAtRest(stepping);
  if (sim.violation === null && sim.config.faults.has('block')) await sim.blocks.judgeAtRest(sim, stepping);
  if (sim.violation === null && sim.config.faults.has('retention')) await sim.ending.judgeAtRest(stepping);
  if (sim.violation === null) await secondRoad(sim, stepping);
};

/** No entry is pending any more: a new device of an account must show the same as the old devices. */
const secondRoad = async (sim: Simulation, stepping: Stepping): Promise<void> => {
  const { world, violated } = sim;
  const fresh: Home[] = [];
  for (const user of new Set(sim.homes.map(({ device }) => device.userId))) {
    const silent = sim.book.silent.has(user);
    const home = sim.addHome(
      world.device(user, `${user}new`, async () => world.server.token(user)),
      silent,
    );
    fresh.push(home);
    if (!(await stepping.wait(sim.open(home)))) violated('I-14', `${home.device.name} does not open`);
  }
  const problems = await comesToRest(sim, stepping);
  if (problems.length > 0) violated('second road', problems.slice(0, 3).join('; '));
  if (sim.violation === null) await judgeScreens(sim, fresh, stepping);
};
