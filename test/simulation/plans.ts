/** The times of faults and special calls, which come from a stream of random numbers of each kind. */
import type { SeededRandom } from '../../src/testing/random.ts';
import { type Kind, THEME_TIMES } from './config.ts';
import type { Home, Simulation } from './simulation.ts';

export class Plans {
  /** From here on, no planned event happens. */
  stopped = false;

  /** @param horizonMs the time for which people act, about. */
  constructor(
    readonly sim: Simulation,
    readonly horizonMs: number,
    readonly openTab: (home: Home) => void,
  ) {}

  has(kind: Kind): boolean {
    return this.sim.config.faults.has(kind);
  }

  stream(kind: Kind): SeededRandom {
    return this.sim.world.random.fork(`nemesis ${kind}`);
  }

  aHome(random: SeededRandom): Home {
    return random.pick(this.sim.homes);
  }

  at(part: number, what: string, fn: () => void): void {
    this.in(part * this.horizonMs, what, fn);
  }

  in(ms: number, what: string, fn: () => void): void {
    this.sim.world.time.schedule(ms, what, () => {
      if (!this.stopped) fn();
    });
  }

  /** Plans up to `most` events at random moments. Impossible events are not counted. */
  plan(kind: Kind, most: number, fn: (random: SeededRandom) => boolean, random = this.stream(kind)): void {
    if (!this.has(kind)) return;
    const drawn = random.next() ** 2;
    const times = Math.ceil(this.sim.config.themes.has(kind) ? most * THEME_TIMES * (0.25 + 0.75 * drawn) : most * drawn);
    for (let i = 0; i < times; i++) {
      const own = random.fork(String(i));
      this.at(own.next(), kind, () => {
        if (!this.sim.asleep && fn(own)) this.sim.count(kind);
      });
    }
  }

  /** A moment, or a good part of the whole time. */
  while(random: SeededRandom): number {
    return random.chance(0.5) ? 1000 * 600 ** random.next() : this.horizonMs * (0.1 + 0.5 * random.next());
  }

  /** A user reloads a hanging page. */
  reload(home: Home, ms: number): void {
    for (const tab of home.device.openTabs)
      this.in(ms, `${tab.process.name} is reloaded`, () => {
        tab.kill();
        this.openTab(home);
      });
  }
}
