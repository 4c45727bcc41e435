/** One world from its seed to its verdict: people and trouble, then peace, then everything must agree. */
import { firstValueFrom } from 'rxjs';
import { createTestWorld, type TestWorld } from '../../src/testing/world.ts';
import type { DiskOptions } from '../../src/testing/virtual-disk.ts';
import { BACKOFF_CAP_MS } from '../../src/model/backoff.ts';
import { judgeAnswers } from './answers.ts';
import { type Chat, nameFor } from './book.ts';
import { makeHistory } from './history.ts';
import { type Config, drawConfig, type Shrink, type Tier } from './config.ts';
import { Nemesis } from './nemesis.ts';
import { EPOCH, judgeMeaning, RECEIPT_WINDOW_MS } from './oracle.ts';
import { Plans } from './plans.ts';
import { type Home, Simulation, Violation } from './simulation.ts';
import { Stepping } from './stepping.ts';
import { Workload } from './workload.ts';

/** I-14: a minute, and the longest wait between two attempts. */
const REST_WITHIN_MS = 60_000 + BACKOFF_CAP_MS;
/** Where answers were slow a silent line is waited for longer: twice what they took, at most two minutes (F55). */
const SLOW_MS = 120_000;
const restWithin = ({ faults }: Config): number => REST_WITHIN_MS + (faults.has('delay') || faults.has('partition') ? SLOW_MS : 0);

export interface Outcome {
  readonly config: Config;
  readonly steps: number;
  readonly virtualMs: number;
  readonly ops: number;
  readonly entries: number;
  readonly trace: number;
  /** How long it took to come to rest, virtual ms. */
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
  const world: TestWorld = createTestWorld({
    seed: `${tier} ${seed}`,
    ...(options.storage ? { storage: options.storage(() => world) } : {}),
  });
  world.time.onTrace = options.onTrace ?? null;
  const sim = new Simulation(world, config);
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

  const { until: stepUntil, wait } = new Stepping(sim, options.untilStep);

  let restMs = 0;
  try {
    for (let g = 0; g < config.groups; g++) {
      const members = users.filter(() => setUp.chance(0.8));
      sim.groups.set(`group:g${g}`, new Set(members));
      await wait(server.host.createGroup({ groupId: `g${g}`, members: members.map((userId) => ({ userId })) }));
    }
    if (config.faults.has('history')) await wait(makeHistory(sim), Infinity);
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
    next = () => void time.schedule(gaps.exponential(config.gapMs), 'somebody acts', act);
    next();
    for (;;) {
      await stepUntil(() => workload.done >= config.ops || nemesis.nights.length > 0);
      const nightMs = nemesis.nights.shift();
      if (nightMs === undefined) break;
      // Everybody sleeps: nothing runs, and time goes by.
      sim.asleep = true;
      for (const { device } of sim.homes) device.killAll();
      server.crash();
      const morning = time.now + nightMs;
      await stepUntil(() => time.nextAt > morning);
      time.now = Math.max(time.now, morning);
      sim.asleep = false;
      server.start();
      for (const home of sim.homes) openTab(home);
      for (const goOn of late.splice(0)) goOn();
    }

    restMs = await rest(sim, nemesis, stepUntil, wait);
    if (sim.violation === null) await finalJudgement(sim, stepUntil, wait);
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

type StepUntil = Stepping['until'];
type Wait = Stepping['wait'];

/** One that was about to be reloaded when faults stopped. */
const reopen = (sim: Simulation): void => {
  for (const home of sim.homes) {
    home.pausedSince = null;
    // A final word that was on its way when everything was mended: people reload.
    for (const { tab, connection } of home.screens.values()) if (connection === 'stopped' && home.mayStop) tab.kill();
    if (home.opening === 0 && !home.device.openTabs.some((tab) => tab.isReady)) void sim.open(home);
    // A pause that was on its way when everybody was told to go on.
    for (const { tab, paused } of home.screens.values()) if (paused && tab.isReady) void tab.do('setPaused', false).catch(() => undefined);
  }
};

/** Faults stop; what is left must come to rest by itself, and within the bound. */
const rest = async (sim: Simulation, nemesis: Nemesis, stepUntil: StepUntil, wait: Wait): Promise<number> => {
  const { time } = sim.world;
  nemesis.stop();
  time.note('faults stop');
  // Tabs that hang are reloaded, as people do.
  await stepUntil(() => !sim.homes.some(({ opening }) => opening > 0) || time.nextAt > time.now + 20_000);
  for (const home of sim.homes) {
    home.pausedSince = null;
    for (const tab of home.device.openTabs) if (!tab.isReady || !home.screens.has(tab)) tab.kill();
    const ready = home.device.openTabs.find((tab) => tab.isReady);
    if (!ready && !(await wait(sim.open(home), 10_000))) sim.violated('I-14', `${home.device.name}: a tab does not open`);
    const tab = home.device.openTabs.find((one) => one.isReady);
    if (tab && !(await wait(tab.do('setPaused', false), 30_000))) tab.kill();
  }
  for (const home of sim.homes) if (!home.device.openTabs.some((tab) => tab.isReady)) await wait(sim.open(home));
  const began = time.now;
  for (;;) {
    const lookAt = time.now + 500;
    await stepUntil(() => time.now >= lookAt || time.nextAt > lookAt);
    time.now = Math.max(time.now, lookAt);
    if (sim.violation) return 0;
    reopen(sim);
    const problems = sim.unsettled();
    if (problems.length === 0) return time.now - began;
    if (time.now - began > restWithin(sim.config)) {
      sim.violated('I-14', `no rest after ${restWithin(sim.config) / 1000} s: ${problems.slice(0, 4).join('; ')}`);
      return 0;
    }
  }
};

const statusOf = (sim: Simulation, chat: Chat, user: string, seq: number): string => {
  const truth = sim.truths.get(chat)!;
  if (truth.isGroup) return 'sent';
  const message = truth.messages[seq - 1]!;
  const peer = [...truth.parts.values()].find((part) => part.user !== user);
  const within = (ranges: readonly (readonly [number, number])[]): boolean => ranges.some(([from, upTo]) => seq >= from && seq <= upTo);
  if (!peer) return 'sent';
  const isRead = within(peer.read) || within(peer.named);
  if (message.asked && isRead) return 'read';
  return isRead || within(peer.delivered) ? 'delivered' : 'sent';
};

/** What was meant against what came of it; what each device shows of each message; and a second road to the same end. */
const finalJudgement = async (sim: Simulation, stepUntil: StepUntil, wait: Wait): Promise<void> => {
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
      wasRecallRefused: (id) => sim.homes.some(({ ledger }) => ledger.refusedRecalls.has(id)),
      endOf: (id, device) => sim.homes.find((home) => home.device.name === device)?.ledger.endOfMessage(id),
    },
    violated,
  );
  for (const home of sim.homes) {
    const tab = home.device.openTabs.find((one) => one.isReady && home.screens.has(one));
    if (!tab) continue;
    const user = home.device.userId;
    for (const truth of sim.truths.values()) {
      if (!truth.parts.get(user)?.isIn || truth.messages.length === 0) continue;
      const shows = async (): Promise<string[]> => {
        const list = await firstValueFrom(tab.watch({ of: 'messages', conversationId: nameFor(user, truth.chat), limit: 1000 }));
        const problems: string[] = [];
        const held = new Map(list.filter(({ seq }) => seq !== null).map((message) => [message.seq!, message]));
        for (const { id, seq, senderId, recalled } of truth.messages) {
          const message = held.get(seq);
          if (!message) {
            // A device without room gives up old messages, to write what people do.
            if (!truth.isGroup && !sim.counts.has('disk quota')) problems.push(`${tab.lane.name} does not hold ${id} of ${truth.chat}`);
            continue;
          }
          const status = senderId === user ? statusOf(sim, truth.chat, user, seq) : 'received';
          const body = message.body as { id?: string } | null;
          if (
            message.id !== id ||
            message.recalled !== recalled ||
            message.status !== status ||
            (body === null) !== recalled ||
            (body && body.id !== id)
          )
            problems.push(
              `${tab.lane.name} shows ${message.id} at ${seq} of ${truth.chat} as ${message.status}${message.recalled ? ', recalled' : ''} ${JSON.stringify(body)}; it is ${id}, ${status}${recalled ? ', recalled' : ''}`,
            );
        }
        return problems;
      };
      const deadline = time.now + restWithin(sim.config);
      for (;;) {
        let problems: string[] = ['no answer'];
        await wait(
          shows().then((found) => (problems = found)),
          10_000,
        );
        if (problems.length === 0 || sim.violation) break;
        if (time.now > deadline) {
          violated('I-14', problems[0]!);
          break;
        }
        const until = time.now + 500;
        await stepUntil(() => time.now >= until || time.nextAt > until);
        time.now = Math.max(time.now, until);
      }
      await wait(
        // A request may be lost to the last trouble there was.
        judgeAnswers(sim, tab, user, truth).catch((error: unknown) => sim.count(`refused at rest ${String(error)}`)),
        30_000,
      );
      if (sim.violation) return;
    }
  }
  await secondRoad(sim, stepUntil, wait);
};

/** Nothing is owed any more: whoever comes new to an account must see what the old devices see. */
const secondRoad = async (sim: Simulation, stepUntil: StepUntil, wait: Wait): Promise<void> => {
  const { world, violated } = sim;
  const { time } = world;
  const fresh: Home[] = [];
  for (const user of new Set(sim.homes.map(({ device }) => device.userId))) {
    const silent = sim.book.silent.has(user);
    const home = sim.addHome(
      world.device(user, `${user}new`, async () => world.server.token(user)),
      silent,
    );
    fresh.push(home);
    if (!(await wait(sim.open(home)))) violated('I-14', `${home.device.name} does not open`);
  }
  const deadline = time.now + restWithin(sim.config);
  while (sim.violation === null) {
    const until = time.now + 500;
    await stepUntil(() => time.now >= until || time.nextAt > until);
    time.now = Math.max(time.now, until);
    reopen(sim);
    const problems = sim.unsettled();
    if (problems.length === 0) return;
    if (time.now > deadline) violated('second road', problems.slice(0, 3).join('; '));
  }
};
