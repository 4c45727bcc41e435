/** What a world is made of, drawn from its seed: how large, how busy, and which kinds of trouble it has. */
import { SeededRandom } from '../../src/testing/random.ts';

export type Tier = 'model' | 'dexie';

/** Each is on in half of the worlds; a stream of chance of its own, so that switching one off shifts nothing else. */
export const FAULTS = [
  'delay',
  'cut',
  'duplicate',
  'stale',
  'partition',
  'tab-crash',
  'crash-point',
  'freeze',
  'disk',
  'power-loss',
  'wipe',
  'steal',
  'clock',
  'server-crash',
  'database',
  'restore',
  'token',
  'membership',
  'settings',
  'pause',
  'log-out',
  'night',
  'bus',
  'buggify',
  'service-worker',
] as const;
export type Fault = (typeof FAULTS)[number];

/** These are too hard on a world to be in every second one. */
const RARE: Partial<Record<Fault, number>> = { wipe: 0.2, restore: 0.3, 'log-out': 0.25, night: 0.4 };

/** What a smaller world of the same seed is made with. */
export interface Shrink {
  readonly without?: readonly Fault[];
  readonly users?: number;
  readonly devices?: number;
  readonly ops?: number;
}

export interface Config {
  readonly seed: string;
  readonly tier: Tier;
  readonly users: number;
  /** By user. */
  readonly devices: readonly number[];
  readonly tabs: number;
  readonly groups: number;
  readonly ops: number;
  /** Mean time between two things people do, ms. */
  readonly gapMs: number;
  readonly faults: ReadonlySet<Fault>;
}

export const drawConfig = (seed: string, tier: Tier, shrink: Shrink = {}): Config => {
  const random = new SeededRandom(`${tier} ${seed}`);
  const small = tier === 'dexie';
  const sizes = random.fork('sizes');
  const users = sizes.between(2, small ? 3 : 5);
  const devices = Array.from({ length: users }, () => sizes.pick(small ? [1, 1, 2] : [1, 1, 2, 2, 3]));
  const tabs = sizes.between(1, small ? 2 : 3);
  const groups = sizes.between(0, 2);
  const ops = Math.round(small ? 12 * 4 ** sizes.next() : 14 * 6 ** sizes.next());
  const gapMs = 20 * 500 ** sizes.next();
  const faults = new Set<Fault>();
  for (const fault of FAULTS)
    if (random.fork(`on ${fault}`).chance(RARE[fault] ?? 0.5) && !shrink.without?.includes(fault)) faults.add(fault);
  return {
    seed,
    tier,
    users: Math.min(users, shrink.users ?? users),
    devices: devices.map((count) => Math.min(count, shrink.devices ?? count)),
    tabs,
    groups,
    ops: Math.min(ops, shrink.ops ?? ops),
    gapMs,
    faults,
  };
};
