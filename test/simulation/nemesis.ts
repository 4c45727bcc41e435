/** Everything that goes wrong, drawn from the seed: which kinds, how hard, and when. */
import { StoreError } from '../../src/errors.ts';
import type { MemoryDump } from '../../src/server/memory-tables.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { DiskPoint, DiskTrouble } from '../../src/testing/virtual-disk.ts';
import { WELL } from '../../src/testing/virtual-network.ts';
import type { Fault } from './config.ts';
import type { Home, Simulation } from './simulation.ts';

const DAY = 86_400_000;

/** Sites where the engine may be told to do something rare, or die. */
const SITES = ['write:before-commit', 'write:after-commit', 'fold:due', 'log-out:recorded'] as const;

export class Nemesis {
  private stopped = false;
  private copy: MemoryDump | null = null;
  private tokensGood = true;
  private readonly tokenLifeMs: number | null;
  private readonly tokenFails: number;
  /** How long everybody is away, when the night comes; set by the plan, taken by the world's own loop. */
  nights: number[] = [];

  constructor(
    private readonly sim: Simulation,
    private readonly horizonMs: number,
    private readonly openTab: (home: Home) => void,
  ) {
    const random = this.stream('token');
    this.tokenLifeMs = this.has('token') && random.chance(0.7) ? random.between(5_000, 200_000) : null;
    this.tokenFails = this.has('token') ? random.next() * 0.3 : 0;
  }

  private has(fault: Fault): boolean {
    return this.sim.config.faults.has(fault);
  }

  private stream(fault: Fault): SeededRandom {
    return this.sim.world.random.fork(`nemesis ${fault}`);
  }

  /** What an app hands its tabs. */
  async token(userId: string): Promise<string> {
    const { world } = this.sim;
    if (!this.stopped && this.stream('token').fork(String(world.time.steps)).chance(this.tokenFails)) {
      this.sim.count('no token');
      throw new Error('no token');
    }
    return world.server.token(userId, this.tokenLifeMs === null || this.stopped ? null : world.time.now + this.tokenLifeMs);
  }

  /** Everything is set up, and what happens at a moment is planned. */
  start(): void {
    const { sim } = this;
    const { homes, world } = sim;
    for (const home of homes) this.setRoad(home);
    for (const home of homes) this.setDisk(home);
    for (const home of homes) this.setSites(home);
    this.setServer();

    const aHome = (random: SeededRandom): Home => random.pick(homes);
    this.plan('partition', 12, (random) => {
      const some = random.chance(0.3) ? homes : [aHome(random)];
      // Out of reach for a moment, or for a good part of all that happens here.
      const ms = random.chance(0.5) ? 1000 * 600 ** random.next() : this.horizonMs * (0.1 + 0.5 * random.next());
      const way = random.pick([{ up: false, down: false }, { up: false }, { down: false }]);
      for (const { device } of some) {
        device.network.set(way);
        // Swizzled: one by one, each in its own time.
        world.time.schedule(ms * (0.5 + random.next()), `${device.name} is reached again`, () =>
          device.network.set({ up: true, down: true }),
        );
        if (random.chance(0.5)) for (const tab of device.openTabs) tab.life('online');
      }
      return true;
    });
    this.plan('tab-crash', 40, (random) => {
      const home = aHome(random);
      const tab = home.device.openTabs.length > 0 ? random.pick(home.device.openTabs) : undefined;
      if (!tab) return false;
      tab.kill();
      if (random.chance(0.7)) world.time.schedule(random.exponential(3000), `${home.device.name} comes back`, () => this.openTab(home));
      return true;
    });
    this.plan('freeze', 15, (random) => {
      const { device } = aHome(random);
      const leader = random.chance(0.5) ? device.leader : undefined;
      const tab =
        device.openTabs.find(({ lane }) => lane === leader) ?? (device.openTabs.length > 0 ? random.pick(device.openTabs) : undefined);
      if (!tab || tab.lane.frozen) return false;
      tab.life('hidden');
      tab.freeze();
      const discarded = random.chance(0.2);
      world.time.schedule(1000 * 120 ** random.next(), `${tab.lane.name} thaws`, () => (discarded ? tab.kill() : tab.thaw()));
      return true;
    });
    this.plan('power-loss', 8, (random) => {
      const { device } = aHome(random);
      void device.losePower(random.between(0, Math.min(10, device.disk.atRisk)));
      return true;
    });
    this.plan('wipe', 1, (random) => {
      const { device } = aHome(random);
      sim.book.doubt(device.name);
      void device.wipe();
      return true;
    });
    this.plan('steal', 10, (random) => {
      const home = aHome(random);
      if (home.loggedOut) return false;
      void home.device.stealLead().catch(() => undefined);
      return true;
    });
    this.plan('clock', 10, (random) => {
      const { device } = aHome(random);
      device.skewMs += (random.chance(0.5) ? -1 : 1) * 1000 * 3e8 ** random.next();
      return true;
    });
    this.plan('server-crash', 10, (random) => {
      if (!world.server.isUp) return false;
      this.crashServer(random);
      return true;
    });
    this.plan('service-worker', 10, (random) => {
      const home = aHome(random);
      if (home.loggedOut) return false;
      void home.device.sync().catch(() => undefined);
      return true;
    });
    this.plan('membership', 20, (random) => {
      const chats = [...sim.groups.keys()];
      if (chats.length === 0 || !world.server.isUp) return false;
      const groupId = random.pick(chats).slice('group:'.length);
      const { userId } = aHome(random).device;
      sim.membersChanged = true;
      const host = world.server.host;
      void (random.chance(0.5) ? host.addMember(groupId, userId) : host.removeMember(groupId, userId)).catch(() => undefined);
      return true;
    });
    if (this.has('token'))
      this.plan('token', 4, (random) => {
        this.tokensGood = false;
        const { userId } = aHome(random).device;
        if (world.server.isUp) world.server.host.revoke(userId);
        world.time.schedule(random.exponential(5000), 'tokens are taken again', () => (this.tokensGood = true));
        return true;
      });
    if (this.has('restore')) {
      const random = this.stream('restore');
      const at = random.next();
      this.at(at * 0.6, 'a copy is made', () => (this.copy = world.server.dump()));
      this.at(at * 0.6 + 0.1 + 0.2 * random.next(), 'the copy is put back', () => {
        if (!this.copy) return;
        sim.restored = true;
        sim.count('restore');
        world.server.restore(this.copy);
        sim.look(false);
      });
    }
    if (this.has('night')) {
      const random = this.stream('night');
      for (let i = random.between(1, 2); i > 0; i--) {
        const at = random.next();
        // What was done in the evening may have to wait until the morning.
        const evening = random.fork(`evening ${i}`);
        const from = at * evening.next();
        if (evening.chance(0.5))
          this.at(from, 'the evening', () => {
            const { device } = aHome(evening);
            device.network.set({ up: false, down: false });
            world.time.schedule((at - from) * this.horizonMs + 1, `${device.name} is reached again`, () =>
              device.network.set({ up: true, down: true }),
            );
          });
        this.at(at, 'night falls', () => {
          sim.count('night');
          this.nights.push(DAY * 14 ** random.next());
        });
      }
    }
  }

  private at(part: number, what: string, fn: () => void): void {
    this.sim.world.time.schedule(part * this.horizonMs, what, () => {
      if (!this.stopped) fn();
    });
  }

  /** Up to `most` times at random moments. What could not be done is not counted. */
  private plan(fault: Fault, most: number, fn: (random: SeededRandom) => boolean): void {
    if (!this.has(fault)) return;
    const random = this.stream(fault);
    const times = Math.ceil(most * random.next() ** 2);
    for (let i = 0; i < times; i++) {
      const own = random.fork(String(i));
      this.at(own.next(), fault, () => {
        if (!this.sim.asleep && fn(own)) this.sim.count(fault);
      });
    }
  }

  private setRoad({ device }: Home): void {
    const random = this.stream('delay').fork(device.name);
    const { conditions } = device.network;
    if (this.has('delay')) {
      conditions.delayMs = 500 ** random.next();
      conditions.maxDelayMs = 60_000;
    }
    const hard = this.stream('cut').fork(device.name);
    if (this.has('cut')) Object.assign(conditions, { cut: 0.1 * hard.next() ** 2, halfOpen: hard.next() * 0.5 });
    if (this.has('duplicate')) conditions.duplicate = this.stream('duplicate').next() * 0.5;
    if (this.has('stale')) conditions.stale = this.stream('stale').next();
    if (this.has('bus')) device.busLoss = this.stream('bus').next() * 0.5;
  }

  private setDisk(home: Home): void {
    const { device } = home;
    const { sim } = this;
    const disk = this.stream('disk').fork(device.name);
    const crash = this.stream('crash-point').fork(device.name);
    const p = this.has('disk') ? 0.06 * disk.next() ** 2 : 0;
    const q = this.has('crash-point') ? 0.01 * crash.next() : 0;
    const kinds: readonly DiskTrouble[] = ['abort', 'unknown', 'quota', 'hang'];
    const slow = this.stream('delay').fork(`disk ${device.name}`);
    const latency = this.has('delay') ? 20 * slow.next() : 1;
    device.disk.latencyMs = () => slow.exponential(latency);
    device.disk.trouble = (point: DiskPoint, name, lane) => {
      sim.points.add(`${name} ${point}`);
      if (this.stopped) return null;
      if (q > 0 && crash.chance(q)) {
        sim.count('crash-point');
        sim.points.add(`${name} ${point} †`);
        world(sim).schedule(crash.exponential(3000), `${device.name} comes back`, () => this.openTab(home));
        return 'die';
      }
      if (p === 0 || (point !== 'begin' && point !== 'commit') || !disk.chance(p)) return null;
      const kind = disk.pick(kinds);
      // People reload a page that does not answer.
      if (kind === 'hang') {
        if (lane.name.includes('.sw')) return null;
        world(sim).schedule(20_000, `${lane.name} is reloaded`, () => {
          lane.kill();
          this.openTab(home);
        });
      }
      sim.count(`disk ${kind}`);
      return kind;
    };
  }

  private setSites(home: Home): void {
    const { device } = home;
    const { sim } = this;
    if (!this.has('buggify')) return;
    const random = this.stream('buggify').fork(device.name);
    const active = new Set<string>(SITES.filter(() => random.chance(0.25)));
    if (random.chance(0.5)) active.add('fold:due');
    device.fault = (site, lane) => {
      if (this.stopped || !active.has(site) || !random.chance(site === 'fold:due' ? 0.25 : 0.02)) return undefined;
      sim.count(`buggify ${site}`);
      if (site === 'write:before-commit') throw new StoreError('store/unavailable', 'on purpose');
      if (site === 'write:after-commit' || site === 'log-out:recorded') {
        lane.kill();
        world(sim).schedule(random.exponential(3000), `${device.name} comes back`, () => this.openTab(home));
      }
      return true;
    };
  }

  private setServer(): void {
    const { server } = this.sim.world;
    const random = this.stream('database');
    const p = this.has('database') ? 0.08 * random.next() ** 2 : 0;
    if (this.has('delay')) {
      const slow = this.stream('delay').fork('server');
      const mean = 100 ** slow.next();
      server.latencyMs = () => slow.exponential(mean);
      server.answerMs = () => slow.exponential(mean);
    }
    let more = 0;
    server.trouble = () => {
      if (this.stopped || p === 0) return null;
      // A database that is away refuses for longer than anybody tries again.
      if (more > 0) {
        more--;
        return 'refuse';
      }
      if (!random.chance(p)) return null;
      if (random.chance(0.2)) more = random.between(4, 12);
      const kind = random.pick(['refuse', 'refuse', 'lose', 'die'] as const);
      this.sim.count(`database ${kind}`);
      if (kind === 'die') this.sim.world.time.schedule(random.exponential(3000), 'the server comes back', () => server.start());
      return kind;
    };
    server.accepts = () => this.tokensGood || this.stopped;
  }

  private crashServer(random: SeededRandom): void {
    const { server, time } = this.sim.world;
    server.crash();
    time.schedule(random.exponential(4000), 'the server comes back', () => {
      if (!this.sim.asleep) server.start();
    });
  }

  /** Nothing more goes wrong, and what can be mended is: what is left must come to rest by itself. */
  stop(): void {
    const { sim } = this;
    this.stopped = true;
    sim.resting = true;
    sim.world.server.start();
    for (const { device } of sim.homes) {
      device.busLoss = 0;
      device.network.set({ ...WELL });
      for (const tab of device.openTabs) if (tab.lane.frozen) tab.thaw();
    }
  }
}

const world = (sim: Simulation) => sim.world.time;
