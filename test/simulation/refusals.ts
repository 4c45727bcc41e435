/** Long refusals: by the server, by its database, by the app with its tokens, by a proxy, or by newer code. */
import { AuthError } from '../../src/errors.ts';
import type { PolicyChange } from '../../src/server/policy.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import type { Lane } from '../../src/testing/lane.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { Plans } from './plans.ts';

/** The policy at the start of a world. */
const POLICY: PolicyChange = {
  limits: DEFAULT_POLICY.limits,
  receipts: { ...DEFAULT_POLICY.receipts, groups: true },
  rate: DEFAULT_POLICY.rate,
};

/** After this time, a constantly refused entry has long waits. */
const GROWN_MS = 30_000;
/** Attempts in a minute after that: more than a page needs at its start, and fewer than without growing waits. */
const MOST_ASKED = 16;

export class Refusals {
  tokensGood = true;
  private databaseAwaySince = 0;
  private databaseAwayUntil = 0;
  private readonly asked = new WeakMap<Lane, readonly number[]>();
  /** By tab and entry: the first attempt since the database went away. */
  private readonly firstAsked = new WeakMap<Lane, Map<string, number>>();
  private authAwayUntil = 0;
  /** The user in the wrong token from the app, by user. */
  private readonly mistaken = new Map<string, string>();
  private readonly outdated = new WeakSet<Lane>();

  constructor(private readonly plans: Plans) {}

  private get now(): number {
    return this.plans.sim.world.time.now;
  }

  nameFor(userId: string): string {
    return (this.plans.stopped ? undefined : this.mistaken.get(userId)) ?? userId;
  }

  isDatabaseAway(): boolean {
    return !this.plans.stopped && this.now < this.databaseAwayUntil;
  }

  /** Newer code has opened the store while this tab ran: the tab does nothing until it is reloaded. */
  isOutdated(lane: Lane): boolean {
    return this.outdated.has(lane);
  }

  accepts(): boolean {
    if (this.plans.stopped) return true;
    if (this.now < this.authAwayUntil) throw new AuthError('auth/unavailable', 'the key server does not answer');
    return this.tokensGood;
  }

  start(): void {
    const { plans } = this;
    const { sim } = plans;
    const { server } = sim.world;
    sim.leaving.add((_, text, lane) => this.asks(lane, text));
    plans.plan('busy', 3, (random) => {
      const until = this.now + Math.max(plans.while(random), plans.has('slow') ? 0.6 * plans.horizonMs : 0);
      if (random.chance(0.7)) {
        if (!this.isDatabaseAway()) this.databaseAwaySince = this.now;
        this.databaseAwayUntil = until;
      } else this.authAwayUntil = until;
      return true;
    });
    plans.plan('policy', 8, (random) => {
      if (!server.isUp) return false;
      sim.policyChanged = true;
      server.host.setPolicy(this.policy(random));
      return true;
    });
    plans.plan('wrong-user', 2, (random) => {
      const { userId } = plans.aHome(random).device;
      const others = sim.homes.map(({ device }) => device.userId).filter((name) => name !== userId);
      if (others.length === 0) return false;
      const homes = sim.homes.filter(({ device }) => device.userId === userId);
      for (const home of homes) home.mayStop = true;
      this.mistaken.set(userId, random.pick(others));
      if (random.chance(0.5) && server.isUp) server.host.revoke(userId);
      plans.in(plans.while(random), `the app names ${userId} again`, () => {
        this.mistaken.delete(userId);
        for (const home of homes) plans.reload(home, random.exponential(3000));
      });
      return true;
    });
    plans.plan('version', 2, (random) => {
      server.isOtherVersion = true;
      server.crash();
      server.start();
      for (const home of sim.homes) home.mayStop = true;
      plans.in(plans.while(random), 'the server speaks our version again', () => {
        server.isOtherVersion = false;
        for (const home of sim.homes) plans.reload(home, random.exponential(3000));
      });
      return true;
    });
    plans.plan('upgrade', 2, (random) => {
      const home = plans.aHome(random);
      for (const { lane } of home.device.openTabs) this.outdated.add(lane);
      home.mayStop = true;
      plans.reload(home, random.exponential(20_000));
      return home.device.openTabs.length > 0;
    });
    plans.plan('no-sockets', 4, (random) => {
      const some = random.chance(0.5) ? sim.homes : [plans.aHome(random)];
      const ms = plans.while(random);
      for (const { device } of some) {
        device.network.set({ sockets: false });
        device.network.cut();
        plans.in(ms, `${device.name} gets sockets through`, () => device.network.set({ sockets: true }));
      }
      return true;
    });
    plans.plan('restart', 6, (random) => {
      if (!server.isUp) return false;
      server.close();
      sim.world.time.schedule(random.exponential(2000), 'the server is up again', () => {
        if (!sim.asleep) server.start();
      });
      return true;
    });
  }

  /** I-21: a tab refused for long retries with growing waits from its first refusal on. */
  private asks(lane: Lane, text: string): void {
    if (!this.isDatabaseAway() || !text.includes('"type":"submit"')) return;
    const { now, databaseAwaySince } = this;
    const firstAsked = this.firstAsked.get(lane) ?? new Map<string, number>();
    this.firstAsked.set(lane, firstAsked);
    const keys = [...text.matchAll(/"key":"(\w+)"/g)].map(([, key]) => key!);
    for (const key of keys) if ((firstAsked.get(key) ?? 0) < databaseAwaySince) firstAsked.set(key, now);
    // An entry that was written during the refusal begins with short waits of its own.
    if (keys.some((key) => firstAsked.get(key)! > now - GROWN_MS)) return;
    const asked = [...(this.asked.get(lane) ?? []).filter((at) => at > now - 60_000 && at > databaseAwaySince), now];
    this.asked.set(lane, asked);
    const times = asked.length;
    if (times > MOST_ASKED) this.plans.sim.violated('I-21', `${lane.name} retries ${times} times a minute after a long refusal`);
  }

  /** A tight policy, or a tighter one; now and then the first policy again. */
  private policy(random: SeededRandom): PolicyChange {
    if (random.chance(0.3)) return POLICY;
    const { limits, receipts } = DEFAULT_POLICY;
    return {
      limits: {
        ...limits,
        entries: random.pick([1, 2, 5, 100]),
        frameBytes: random.pick([2048, 4096, limits.frameBytes]),
        fetchMessages: random.pick([1, 10, limits.fetchMessages]),
        heartbeatMs: random.pick([5000, limits.heartbeatMs]),
      },
      receipts: { ...receipts, groups: random.chance(0.7), maxMembers: random.pick([1, 200]) },
      rate: random.chance(0.3) ? DEFAULT_POLICY.rate : { perSecond: random.pick([0.1, 1, 5]), burst: random.pick([2, 10]) },
    };
  }

  /** Ends the refusals. Users reload the stopped tabs. */
  stop(): void {
    const { sim } = this.plans;
    const { server } = sim.world;
    this.tokensGood = true;
    server.isOtherVersion = false;
    server.start();
    if (sim.policyChanged) server.host.setPolicy(POLICY);
    for (const { device, mayStop, screens } of sim.homes)
      for (const tab of device.openTabs)
        if (this.outdated.has(tab.lane) || (mayStop && screens.get(tab)?.connection === 'stopped')) tab.kill();
  }
}
