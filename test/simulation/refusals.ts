/** Long refusals: by the server, by its database, by the app with its tokens, by a proxy, or by newer code. */
import { AuthError } from '../../src/errors.ts';
import type { PolicyChange } from '../../src/server/policy.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { Plans } from './plans.ts';
import type { Home } from './simulation.ts';
import type { Said } from './talk.ts';
import type { Workload } from './workload.ts';

/** The policy at the start of a world. */
const POLICY: PolicyChange = {
  limits: DEFAULT_POLICY.limits,
  receipts: { ...DEFAULT_POLICY.receipts, groups: true },
  rate: DEFAULT_POLICY.rate,
};

/** The server refuses a conversation at most so often in this time, if the waits grow from its first refusal on. */
const MOST_REFUSED = 11;
const REFUSED_MS = 30_000;
/** After so many refusals the next waits are drawn from up to 17, 33, 65, 129 and 257 s: all five hardly pass in this time. */
const FIRST_REFUSALS = 5;
const MOST_LATE = 5;
const LATE_MS = 15_000;

export class Refusals {
  tokensGood = true;
  private databaseAwaySince = 0;
  private databaseAwayUntil = 0;
  /** By tab: the last submitted frame, with the conversation of its first entry in this lead of the tab. */
  private readonly asked = new WeakMap<VirtualProcess, { readonly id: number; readonly key: string; readonly queue: string }>();
  /** By tab and conversation: the times of the refusals. */
  private readonly refused = new WeakMap<VirtualProcess, Map<string, number[]>>();
  private authAwayUntil = 0;
  /** The user in the wrong token from the app, by user. */
  private readonly mistaken = new Map<string, string>();
  private readonly outdated = new WeakSet<VirtualProcess>();

  constructor(
    private readonly plans: Plans,
    private readonly workload: Workload,
  ) {}

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
  isOutdated(process: VirtualProcess): boolean {
    return this.outdated.has(process);
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
    sim.leaving.add((home, text, process) => this.asks(home, text, process));
    sim.arriving.add((frame, process) => this.answers(frame, process));
    plans.plan('busy', 3, (random) => {
      const until = this.now + Math.max(plans.while(random), plans.has('slow') ? 0.6 * plans.horizonMs : 0);
      if (random.chance(0.7)) {
        if (!this.isDatabaseAway()) this.databaseAwaySince = this.now;
        this.databaseAwayUntil = until;
        this.crowd(random.fork('crowd'));
      } else this.authAwayUntil = until;
      return true;
    });
    plans.plan('policy', 8, (random) => {
      if (!server.isUp) return false;
      sim.policyChanged = true;
      void server.host.setPolicy(this.policy(random));
      return true;
    });
    plans.plan('wrong-user', 2, (random) => {
      const { userId } = plans.aHome(random).device;
      const others = sim.homes.map(({ device }) => device.userId).filter((name) => name !== userId);
      if (others.length === 0) return false;
      const homes = sim.homes.filter(({ device }) => device.userId === userId);
      for (const home of homes) home.mayStop = true;
      this.mistaken.set(userId, random.pick(others));
      if (random.chance(0.5) && server.isUp) void server.host.revoke(userId);
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
      for (const { process } of home.device.openTabs) this.outdated.add(process);
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

  /** Often each frame has room for one entry during a long refusal, and a user calls in one chat after the other. */
  private crowd(random: SeededRandom): void {
    const { plans, workload } = this;
    const { server } = plans.sim.world;
    if (!random.chance(0.6) || !server.isUp) return;
    plans.sim.policyChanged = true;
    plans.sim.count('crowd');
    void server.host.setPolicy({ ...POLICY, limits: { ...DEFAULT_POLICY.limits, entries: 1 } });
    const home = plans.aHome(random);
    const chats = workload.everyChatOf(home);
    // There is always a chat that was refused for the first time a moment ago.
    const gapMs = (REFUSED_MS * (0.6 + 0.4 * random.next())) / chats.length;
    this.databaseAwayUntil = Math.max(this.databaseAwayUntil, this.now + gapMs * chats.length + REFUSED_MS);
    for (const [i, chat] of chats.entries())
      plans.in(gapMs * i, `${home.device.name} calls in ${chat}`, () => {
        const own = random.fork(chat);
        workload.does(own.pick(['say', 'mute', 'archive']), home, chat, own);
      });
  }

  private asks({ ledger }: Home, text: string, process: VirtualProcess): void {
    if (!this.isDatabaseAway() || !text.includes('"type":"submit"')) return;
    const { id, entries } = ([JSON.parse(text)].flat() as readonly Said[]).find(({ type }) => type === 'submit')!;
    // A tab that takes the lead again knows of no refusal.
    const [entry] = entries;
    if (entry) this.asked.set(process, { id, key: entry.key, queue: `${ledger.leads} ${entry.conversationId ?? ''}` });
  }

  /**
   * I-21: the first entry of a frame goes by the waits of its own conversation, which grow from its first refusal on. Refusals of other
   * conversations leave these waits alone.
   */
  private answers(frame: ServerFrame, process: VirtualProcess): void {
    if (!this.isDatabaseAway() || frame.type !== 'answer') return;
    const asked = this.asked.get(process);
    const result = asked?.id === frame.id ? frame.results.find(({ key }) => key === asked.key) : undefined;
    if (!asked || result?.outcome !== 'retry') return;
    // A frame may come twice.
    this.asked.delete(process);
    const refused = this.refused.get(process) ?? new Map<string, number[]>();
    this.refused.set(process, refused);
    const times = [...(refused.get(asked.queue) ?? []), this.now].filter((at) => at > this.databaseAwaySince);
    refused.set(asked.queue, times);
    const judge = (some: readonly number[], most: number, ms: number): void => {
      const within = some.filter((at) => at > this.now - ms).length;
      if (within > most)
        this.plans.sim.violated('I-21', `${process.name} was refused ${within} times within ${ms / 1000} s in ${asked.queue}`);
    };
    judge(times, MOST_REFUSED, REFUSED_MS);
    judge(times.slice(FIRST_REFUSALS), MOST_LATE, LATE_MS);
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
    if (sim.policyChanged) void server.host.setPolicy(POLICY);
    for (const { device, mayStop, screens } of sim.homes)
      for (const tab of device.openTabs)
        if (this.outdated.has(tab.process) || (mayStop && screens.get(tab)?.connection === 'stopped')) tab.kill();
  }
}
