/**
 * Messages end at the server by `policy.retention`. Here are the policies of a world, the messages that end at a bad moment, and the judge:
 * a commit ends only what a policy in force no longer keeps, and at rest every device hears of it by itself.
 */
import type { SeededRandom } from '../../src/testing/random.ts';
import type { Chat } from './book.ts';
import type { Plans } from './plans.ts';
import { comesToRest } from './rest.ts';
import { judgeScreens } from './screens.ts';
import type { Simulation } from './simulation.ts';
import type { Stepping } from './stepping.ts';
import { EPOCH, type SeenMessage, type Truth, type Violated } from './truths.ts';
import type { Workload } from './workload.ts';

interface Retention {
  readonly messagesPerConversation: number | null;
  readonly days: number | null;
}

const FOR_GOOD: Retention = { messagesPerConversation: null, days: null };
const DAY_MS = 86_400_000;
/** A transaction that began under a replaced policy may end messages this much later. */
const UNDER_WAY_MS = 3000;

/** Whether the policy no longer keeps the message at this time. */
const isOver = ({ messages }: Truth, { seq, sentAt }: SeenMessage, { messagesPerConversation, days }: Retention, now: number): boolean =>
  (messagesPerConversation !== null && seq <= messages.length - messagesPerConversation) ||
  (days !== null && sentAt < EPOCH + now - days * DAY_MS);

export class Ending {
  private readonly policies: { readonly retention: Retention; until: number }[] = [];

  constructor(private readonly sim: Simulation) {}

  private get now(): number {
    return this.sim.world.time.now;
  }

  private set(retention: Retention): void {
    const { server } = this.sim.world;
    if (!server.isUp) return;
    for (const policy of this.policies) policy.until = Math.min(policy.until, this.now + UNDER_WAY_MS);
    this.policies.push({ retention, until: Infinity });
    void server.host.setPolicy({ retention });
  }

  start(plans: Plans, workload: Workload): void {
    plans.plan('retention', 6, (random) => {
      if (!this.sim.world.server.isUp) return false;
      const unheard = random.fork('unheard');
      if (unheard.chance(0.4)) return this.endsUnheard(plans, workload, unheard);
      const most = random.between(1, 10);
      // From eight seconds to a day, or as long as a message is old.
      const drawnDays = random.chance(0.3) ? 10 ** (-4 * random.next()) : null;
      const age = random.fork('age');
      const days = (age.chance(0.3) ? this.ageOfOne(age) : null) ?? drawnDays;
      this.set({ messagesPerConversation: days === null ? most : null, days });
      if (random.chance(0.5)) plans.in(random.exponential(1000), 'messages are kept for good', () => this.set(FOR_GOOD));
      return true;
    });
  }

  /** The age of some message, in days. */
  private ageOfOne(random: SeededRandom): number | null {
    const messages = [...this.sim.truths.values()].flatMap((truth) => truth.messages.filter(({ ended }) => !ended));
    return messages.length > 0 ? (EPOCH + this.now - random.pick(messages).sentAt + 1) / DAY_MS : null;
  }

  /** A message ends while its sender hears nothing from the server: the sender repeats the message afterwards. */
  private endsUnheard(plans: Plans, workload: Workload, random: SeededRandom): boolean {
    const { sim } = this;
    const home = plans.aHome(random);
    const { device } = home;
    const chat = workload.aChatOf(home, random);
    const peer = sim.homes.find((one) => one.device.userId !== device.userId && chat.includes(one.device.userId));
    if (!workload.does('say', home, chat, random.fork('say'))) return false;
    device.network.set({ down: false });
    plans.in(1500, 'others go on', () => {
      for (let i = random.between(1, 2); peer && i > 0; i--) workload.does('say', peer, chat, random.fork(`say ${i}`));
    });
    plans.in(3000, 'messages end unheard', () => this.set({ messagesPerConversation: 1, days: null }));
    plans.in(4000, `${device.name} is cut off`, () => {
      device.network.cut();
      if (random.chance(0.7)) this.set(FOR_GOOD);
    });
    plans.in(5000 + random.exponential(3000), `${device.name} is reached again`, () => device.network.set({ down: true }));
    return true;
  }

  /** Judges what a commit has ended: from the oldest message on, and only what a policy in force no longer keeps. */
  judge(now: ReadonlyMap<Chat, Truth>, before: ReadonlyMap<Chat, Truth>, violated: Violated): void {
    const inForce = this.policies.filter(({ until }) => until >= this.now).map(({ retention }) => retention);
    for (const [chat, truth] of now) {
      const old = before.get(chat);
      if (truth === old) continue;
      for (const message of truth.messages) {
        if (!message.ended) break;
        if (old?.messages[message.seq - 1]?.ended === false && !inForce.some((policy) => isOver(truth, message, policy, this.now)))
          violated('retention', `${chat}: ${message.id} has ended, and the policy keeps it: ${JSON.stringify(inForce)}`);
      }
    }
  }

  /** After the judgement of all calls, messages end once more. No call follows, so the devices hear of it only from the server. */
  async judgeAtRest(stepping: Stepping): Promise<void> {
    const { sim } = this;
    const random = sim.world.random.fork('ends at rest');
    const days = random.chance(0.5) ? this.ageOfOne(random) : null;
    const retention: Retention = { messagesPerConversation: days === null ? random.between(1, 6) : null, days };
    // Nothing is under way.
    this.policies.length = 0;
    // Half of the devices lose their connection just before, and nothing tells them.
    const cuts = random.fork('cuts');
    for (const { device } of sim.config.faults.has('cut') ? sim.homes : []) if (cuts.chance(0.5)) device.network.cut(true);
    // The server ends messages after a change of its policy. Without a change, it waits for its next hour.
    this.set(FOR_GOOD);
    this.set(retention);
    const since = this.now;
    const kept = (): string[] =>
      [...sim.truths.values()].flatMap((truth) =>
        truth.messages.flatMap((one) => (one.ended || !isOver(truth, one, retention, since) ? [] : [`${truth.chat} keeps ${one.id}`])),
      );
    const problems = await comesToRest(sim, stepping, () => [...kept(), ...sim.unsettled()]);
    if (problems.length > 0) sim.violated('retention', `under ${JSON.stringify(retention)}: ${problems.slice(0, 3).join('; ')}`);
    if (sim.violation === null) await judgeScreens(sim, sim.homes, stepping);
  }
}
