/** The lasting conditions of a world, drawn from the seed: the network, the disks, and the server's database. */
import { StoreError } from '../../src/errors.ts';
import type { DiskPoint, DiskTrouble } from '../../src/testing/virtual-disk.ts';
import type { Plans } from './plans.ts';
import type { Refusals } from './refusals.ts';
import type { Home } from './simulation.ts';

/** Sites where the engine may have to do something rare, or die. */
const SITES = ['write:before-commit', 'write:after-commit', 'compaction:due', 'log-out:recorded'] as const;

const setRoad = (plans: Plans, { device }: Home): void => {
  const random = plans.stream('delay').fork(device.name);
  const { conditions } = device.network;
  if (plans.has('delay')) {
    conditions.delayMs = 500 ** random.next();
    conditions.maxDelayMs = 60_000;
  }
  const hard = plans.stream('cut').fork(device.name);
  if (plans.has('cut')) Object.assign(conditions, { cut: 0.1 * hard.next() ** 2, halfOpen: hard.next() * 0.5 });
  if (plans.has('duplicate')) conditions.duplicate = plans.stream('duplicate').next() * 0.5;
  if (plans.has('stale')) conditions.stale = plans.stream('stale').next();
  if (plans.has('bus')) device.busLoss = plans.stream('bus').next() * 0.5;
};

const setDisk = (plans: Plans, refusals: Refusals, home: Home): void => {
  const { device } = home;
  const { sim } = plans;
  const { time } = sim.world;
  const disk = plans.stream('disk').fork(device.name);
  const crash = plans.stream('crash-point').fork(device.name);
  const p = plans.has('disk') ? 0.06 * disk.next() ** 2 : 0;
  const q = plans.has('crash-point') ? 0.01 * crash.next() : 0;
  const kinds: readonly DiskTrouble[] = ['abort', 'unknown', 'quota', 'hang'];
  const slow = plans.stream('delay').fork(`disk ${device.name}`);
  const latency = plans.has('delay') ? 20 * slow.next() : 1;
  device.disk.latencyMs = () => slow.exponential(latency);
  device.disk.trouble = (point: DiskPoint, name, process) => {
    sim.points.add(`${name} ${point}`);
    if (point === 'begin' && refusals.isOutdated(process)) return 'ahead';
    if (plans.stopped) return null;
    if (q > 0 && crash.chance(q)) {
      sim.count('crash-point');
      sim.points.add(`${name} ${point} †`);
      time.schedule(crash.exponential(3000), `${device.name} comes back`, () => plans.openTab(home));
      return 'die';
    }
    if (p === 0 || (point !== 'begin' && point !== 'commit') || !disk.chance(p)) return null;
    const kind = disk.pick(kinds);
    // A user reloads a hanging page.
    if (kind === 'hang') {
      if (process.name.includes('.sw')) return null;
      time.schedule(20_000, `${process.name} is reloaded`, () => {
        process.kill();
        plans.openTab(home);
      });
    }
    sim.count(`disk ${kind}`);
    return kind;
  };
};

const setSites = (plans: Plans, home: Home): void => {
  const { device } = home;
  const { sim } = plans;
  const { time } = sim.world;
  if (!plans.has('buggify')) return;
  const random = plans.stream('buggify').fork(device.name);
  const active = new Set<string>(SITES.filter(() => random.chance(0.25)));
  if (random.chance(0.5)) active.add('compaction:due');
  device.fault = (site, process) => {
    if (plans.stopped || !active.has(site) || !random.chance(site === 'compaction:due' ? 0.25 : 0.02)) return undefined;
    sim.count(`buggify ${site}`);
    if (site === 'write:before-commit') throw new StoreError('store/unavailable', 'on purpose');
    if (site === 'write:after-commit' || site === 'log-out:recorded') {
      process.kill();
      time.schedule(random.exponential(3000), `${device.name} comes back`, () => plans.openTab(home));
    }
    return true;
  };
};

const setServer = (plans: Plans, refusals: Refusals): void => {
  const { sim } = plans;
  const { server, time } = sim.world;
  const random = plans.stream('database');
  const p = plans.has('database') ? 0.08 * random.next() ** 2 : 0;
  if (plans.has('delay')) {
    const slow = plans.stream('delay').fork('server');
    const mean = 100 ** slow.next();
    server.latencyMs = () => slow.exponential(mean);
    server.answerMs = () => slow.exponential(mean);
  }
  const step = plans.stream('interleave');
  const stepMs = 10 ** (1.5 * step.next());
  server.statementMs = () => step.exponential(stepMs);
  let more = 0;
  server.trouble = () => {
    if (refusals.isDatabaseAway()) return 'refuse';
    if (plans.stopped || p === 0) return null;
    // A missing database refuses for longer than any client retries.
    if (more > 0) {
      more--;
      return 'refuse';
    }
    if (!random.chance(p)) return null;
    if (random.chance(0.2)) more = random.between(4, 12);
    const kind = random.pick(['refuse', 'refuse', 'lose', 'die'] as const);
    sim.count(`database ${kind}`);
    if (kind === 'die') time.schedule(random.exponential(3000), 'the server comes back', () => server.start());
    return kind;
  };
  server.accepts = () => refusals.accepts();
};

export const setConditions = (plans: Plans, refusals: Refusals): void => {
  const { homes } = plans.sim;
  for (const home of homes) setRoad(plans, home);
  for (const home of homes) setDisk(plans, refusals, home);
  for (const home of homes) setSites(plans, home);
  setServer(plans, refusals);
};
