/** All faults of a world, drawn from the seed: their kinds, strengths and times. */
import type { MemoryDump } from '../../src/server/store/memory/memory-tables.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import { WELL } from '../../src/testing/virtual-wire.ts';
import { setConditions } from './conditions.ts';
import { Habits } from './habits.ts';
import type { Plans } from './plans.ts';
import { Refusals } from './refusals.ts';
import { planAnswers, planLostKeys, planDisagreements } from './sealing.ts';
import type { Home, Simulation } from './simulation.ts';
import type { Workload } from './workload.ts';

const DAY = 86_400_000;

export class Nemesis {
  private copy: MemoryDump | null = null;
  private readonly tokenLifeMs: number | null;
  private readonly tokenFails: number;
  private readonly sim: Simulation;
  private readonly refusals: Refusals;
  private readonly habits: Habits;
  /** How long all persons are away when the night comes. The plan sets the time, and the world's loop takes the time. */
  nights: number[] = [];

  constructor(
    private readonly plans: Plans,
    private readonly workload: Workload,
  ) {
    this.sim = plans.sim;
    this.refusals = new Refusals(plans, workload);
    this.habits = new Habits(plans, workload);
    const random = plans.stream('token');
    this.tokenLifeMs = plans.has('token') && random.chance(0.7) ? random.between(5_000, 200_000) : null;
    this.tokenFails = plans.has('token') ? random.next() * 0.3 : 0;
  }

  /** The token from an app to its tabs. */
  async token(userId: string): Promise<string> {
    const { world } = this.sim;
    const { stopped } = this.plans;
    if (!stopped && this.plans.stream('token').fork(String(world.time.steps)).chance(this.tokenFails)) {
      this.sim.count('no token');
      throw new Error('no token');
    }
    const named = this.refusals.nameFor(userId);
    return world.server.token(named, this.tokenLifeMs === null || stopped ? null : world.time.now + this.tokenLifeMs);
  }

  /** Sets up the lasting conditions, and plans the momentary faults. */
  start(): void {
    const { sim, plans } = this;
    const { homes, world } = sim;
    const aHome = (random: SeededRandom): Home => plans.aHome(random);
    setConditions(plans, this.refusals);
    this.refusals.start();
    this.habits.start();
    plans.plan('partition', 12, (random) => {
      const some = random.chance(0.3) ? homes : [aHome(random)];
      const ms = plans.while(random);
      const way = random.pick([{ up: false, down: false }, { up: false }, { down: false }]);
      for (const { device } of some) {
        device.network.set(way);
        // The devices come back, each in its own time.
        world.time.schedule(ms * (0.5 + random.next()), `${device.name} is reached again`, () =>
          device.network.set({ up: true, down: true }),
        );
        if (random.chance(0.5)) for (const tab of device.openTabs) tab.life('online');
      }
      return true;
    });
    sim.blocks.start(plans, this.workload);
    plans.plan('tab-crash', 40, (random) => {
      const home = aHome(random);
      const tab = home.device.openTabs.length > 0 ? random.pick(home.device.openTabs) : undefined;
      if (!tab) return false;
      tab.kill();
      if (random.chance(0.7)) world.time.schedule(random.exponential(3000), `${home.device.name} comes back`, () => plans.openTab(home));
      return true;
    });
    plans.plan('freeze', 15, (random) => {
      const { device } = aHome(random);
      const leader = random.chance(0.5) ? device.leader : undefined;
      const tab =
        device.openTabs.find(({ process }) => process === leader) ??
        (device.openTabs.length > 0 ? random.pick(device.openTabs) : undefined);
      if (!tab || tab.process.frozen) return false;
      tab.life('hidden');
      tab.freeze();
      const discarded = random.chance(0.2);
      plans.in(1000 * 120 ** random.next(), `${tab.process.name} thaws`, () => (discarded ? tab.kill() : tab.thaw()));
      return true;
    });
    plans.plan('power-loss', 8, (random) => {
      const { device } = aHome(random);
      void device.losePower(random.between(0, Math.min(10, device.disk.atRisk)));
      return true;
    });
    plans.plan('wipe', 1, (random) => {
      const { device } = aHome(random);
      sim.book.doubt(device.name);
      void device.wipe();
      return true;
    });
    plans.plan('steal', 10, (random) => {
      const home = aHome(random);
      if (home.loggedOut) return false;
      void home.device.stealLead().catch(() => undefined);
      return true;
    });
    plans.plan('clock', 10, (random) => {
      const { device } = aHome(random);
      device.skewMs += (random.chance(0.5) ? -1 : 1) * 1000 * 3e8 ** random.next();
      return true;
    });
    plans.plan('server-crash', 10, (random) => {
      if (!world.server.isUp) return false;
      this.crashServer(random);
      return true;
    });
    plans.plan('service-worker', 10, (random) => {
      const home = aHome(random);
      if (home.loggedOut) return false;
      const { device } = home;
      const sync = (): void => void device.sync().catch(() => undefined);
      if (random.chance(0.3)) sync();
      else {
        // The user goes on in a tunnel and closes the page there. Outside, the browser wakes the service
        // worker, and a page is opened later.
        device.network.set({ up: false, down: false });
        plans.in(random.exponential(5000), `${device.name} leaves the tunnel without a page`, () => {
          for (const tab of device.openTabs) tab.kill();
          device.network.set({ up: true, down: true });
          plans.in(0, `${device.name} is woken`, sync);
          plans.in(random.exponential(5000), `${device.name} comes back`, () => plans.openTab(home));
        });
      }
      return true;
    });
    plans.plan('membership', 20, (random) => {
      const chats = [...sim.groups.keys()];
      if (chats.length === 0 || !world.server.isUp) return false;
      const groupId = random.pick(chats).slice('group:'.length);
      const { userId } = aHome(random).device;
      sim.membersChanged = true;
      const host = world.server.host;
      void (random.chance(0.5) ? host.addMember(groupId, userId) : host.removeMember(groupId, userId)).catch(() => undefined);
      return true;
    });
    sim.ending.start(plans, this.workload);
    planAnswers(plans, this.workload);
    planLostKeys(plans, this.workload);
    planDisagreements(plans, this.workload);
    if (plans.has('token'))
      plans.plan('token', 4, (random) => {
        this.refusals.tokensGood = false;
        const { userId } = aHome(random).device;
        if (world.server.isUp) void world.server.host.revoke(userId);
        world.time.schedule(random.exponential(5000), 'tokens are taken again', () => (this.refusals.tokensGood = true));
        return true;
      });
    if (plans.has('restore')) {
      const random = plans.stream('restore');
      const copied = random.next() * 0.6;
      const putBack = copied + 0.1 + 0.2 * random.next();
      plans.at(copied, 'a copy is made', () => {
        this.copy = world.server.dump();
        if (this.copy.whileWriting) sim.count('restore while writing');
      });
      const device = random.fork('without a page');
      if (device.chance(0.5))
        plans.at(copied, 'a device hears nothing', () =>
          this.habits.sendsWithoutPage(aHome(device), (putBack - copied) * plans.horizonMs, device),
        );
      plans.at(putBack, 'the copy is put back', () => {
        if (!this.copy) return;
        sim.restored = true;
        sim.count('restore');
        world.server.restore(this.copy);
        sim.blocks.restored();
        sim.look(false);
      });
    }
    if (plans.has('night')) {
      const random = plans.stream('night');
      for (let i = random.between(1, 2); i > 0; i--) {
        const at = random.next();
        // Entries from the evening may have to wait until the morning.
        const evening = random.fork(`evening ${i}`);
        const from = at * evening.next();
        if (evening.chance(0.5))
          plans.at(from, 'the evening', () => {
            const home = aHome(evening);
            const { device } = home;
            device.network.set({ up: false, down: false });
            this.habits.evening(home, (at - from) * plans.horizonMs * 0.5, evening.fork('reads'));
            world.time.schedule((at - from) * plans.horizonMs + 1, `${device.name} is reached again`, () =>
              device.network.set({ up: true, down: true }),
            );
          });
        plans.at(at, 'night falls', () => {
          sim.count('night');
          this.nights.push(DAY * 14 ** random.next());
        });
      }
    }
  }

  private crashServer(random: SeededRandom): void {
    const { server, time } = this.sim.world;
    server.crash();
    time.schedule(random.exponential(4000), 'the server comes back', () => {
      if (!this.sim.asleep) server.start();
    });
  }

  /** Ends all faults and mends all mendable damage. From here on the world must come to rest without help. */
  stop(): void {
    const { sim } = this;
    this.plans.stopped = true;
    sim.resting = true;
    this.refusals.stop();
    sim.world.server.start();
    sim.blocks.stop();
    for (const { device } of sim.homes) {
      device.busLoss = 0;
      device.network.set({ ...WELL });
      for (const tab of device.openTabs) {
        if (tab.process.frozen) tab.thaw();
        tab.life('visible');
      }
    }
  }
}
