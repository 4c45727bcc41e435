/** The values of a world, drawn from its seed: its size, its pace, and its kinds of trouble. */
import { SeededRandom } from '../../src/testing/random.ts';

export type Tier = 'model' | 'dexie';

/**
 * Kinds of trouble and of hard use. Each kind is on in half of the worlds, with random numbers of its own.
 * Switching a kind off changes no other kind.
 */
export const KINDS = [
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
  // Long refusals.
  'busy',
  'policy',
  'wrong-user',
  'version',
  'upgrade',
  'no-sockets',
  'restart',
  // Changes of a tab's life without its death.
  'life',
  'park',
  // Calls that are hard to handle: many at once, of every kind, or too late.
  'flurry',
  'elsewhere',
  'regret',
  'history',
  'sweep',
  'slow',
  'clear-some',
  'archive',
  'block',
  'switch',
  'drop',
  'mark-from',
  'pass',
  'clear-type',
  'invite',
  'push',
  'load',
  // The server's transactions run side by side.
  'interleave',
  'retention',
  // Encrypted texts, and switches of the option.
  'encrypt',
] as const;
export type Kind = (typeof KINDS)[number];

/** These kinds are too hard or too slow to be in every second world. */
const RARE: Partial<Record<Kind, number>> = {
  wipe: 0.2,
  restore: 0.3,
  'log-out': 0.25,
  night: 0.4,
  busy: 0.3,
  policy: 0.25,
  'wrong-user': 0.15,
  version: 0.15,
  upgrade: 0.1,
  'no-sockets': 0.25,
  restart: 0.2,
  history: 0.08,
  sweep: 0.2,
  slow: 0.2,
  block: 0.3,
  invite: 0.25,
  push: 0.25,
  interleave: 0.25,
  retention: 0.25,
  encrypt: 0.3,
};
/**
 * A third of the worlds have two themes: kinds that happen several times as often, with less trouble beside them. A rare
 * meeting of two calls shows there, and trouble excuses less. Long chats are no theme: such worlds take seconds.
 */
const THEMES = [
  'membership',
  'settings',
  'service-worker',
  'archive',
  'block',
  'clear-some',
  'drop',
  'elsewhere',
  'encrypt',
  'invite',
  'load',
  'mark-from',
  'push',
  'regret',
  'retention',
  'sweep',
  'switch',
] as const satisfies readonly Kind[];
const THEMED = 0.35;
/** By this factor a theme happens more often. */
export const THEME_TIMES = 3;
/** In a themed world, each other kind keeps this part of its chance. */
const CALM = 0.3;

/** The shortest mean time between two calls in a slow world, with room for minutes of work in between. */
const SLOW_GAP_MS = 4000;

/** The maximum number of pieces in the message read receipts of one user in one chat. */
export const MOST_PIECES = 150;

/** The changes for a smaller world of the same seed. */
export interface Shrink {
  readonly without?: readonly Kind[];
  readonly users?: number;
  readonly devices?: number;
  readonly ops?: number;
}

export interface Config {
  readonly seed: string;
  readonly tier: Tier;
  readonly users: number;
  /** The number of devices of each user. */
  readonly devices: readonly number[];
  readonly tabs: number;
  readonly groups: number;
  readonly ops: number;
  /** The mean time between two calls, ms. */
  readonly gapMs: number;
  readonly faults: ReadonlySet<Kind>;
  /** The kinds that happen more often; none in most worlds. */
  readonly themes: ReadonlySet<Kind>;
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
  const drawnGapMs = 20 * 500 ** sizes.next();
  const themes = new Set<Kind>();
  const themed = random.fork('themes');
  if (themed.chance(THEMED)) for (let i = 0; i < 2; i++) themes.add(themed.pick(THEMES));
  const part = themes.size > 0 ? CALM : 1;
  const faults = new Set<Kind>();
  for (const kind of KINDS) {
    const isOn = random.fork(`on ${kind}`).chance((RARE[kind] ?? 0.5) * part) || themes.has(kind);
    if (isOn && !shrink.without?.includes(kind)) faults.add(kind);
  }
  // Scattered receipts show in a long chat.
  if (faults.has('history') && !shrink.without?.includes('sweep')) faults.add('sweep');
  const gapMs = faults.has('slow') ? Math.max(SLOW_GAP_MS, drawnGapMs) : drawnGapMs;
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
    themes,
  };
};
