/** The host's blocks: which senders do not count for which reader. The host answers late or not at all, and calls `countsChanged`. */
import type { SeededRandom } from '../../src/testing/random.ts';
import type { TestWorld } from '../../src/testing/world.ts';
import { directChat } from './book.ts';
import type { Plans } from './plans.ts';
import { comesToRest } from './rest.ts';
import type { Simulation } from './simulation.ts';
import type { Stepping } from './stepping.ts';
import type { Workload } from './workload.ts';

/** A call of `countsChanged` without an answer for this time is made again: the server may have died. */
const ANSWER_MS = 20_000;
const LONGEST_WAIT_MS = 600_000;
/** A slow answer takes this long at least. */
const SLOW_MS = 1000;

export class Blocks {
  private readonly pairs = new Set<string>();
  private readonly ever = new Set<string>();
  /** By pair: the host answers the next question slowly, and changes its mind meanwhile. */
  private readonly meanwhile = new Map<string, () => void>();
  /** Readers with a change not confirmed by the server, with the number of the newest change. */
  private readonly open = new Map<string, number>();
  private changes = 0;
  private hasTrouble = true;

  constructor(
    private readonly world: () => TestWorld,
    private readonly random: () => SeededRandom,
  ) {}

  /** The answer of `directory.counts`. The host decides at once, and its answer may be on its way for a while. */
  counts(sender: string, reader: string): boolean | Promise<boolean> {
    const { time } = this.world();
    const random = this.random().fork(`${time.steps} ${sender} ${reader}`);
    const answer = !this.isBlocked(sender, reader);
    const change = this.hasTrouble ? this.meanwhile.get(`${sender} ${reader}`) : undefined;
    if (change) {
      this.meanwhile.delete(`${sender} ${reader}`);
      time.schedule(random.exponential(SLOW_MS / 5), `the host changes what counts for ${reader}`, change);
      return new Promise((resolve) => void time.schedule(SLOW_MS + random.exponential(SLOW_MS), 'the host answers', () => resolve(answer)));
    }
    if (!this.hasTrouble || random.chance(0.6)) return answer;
    if (random.chance(0.15)) throw new Error('the host is silent');
    return new Promise((resolve) => void time.schedule(random.exponential(800), 'the host answers', () => resolve(answer)));
  }

  isBlocked(sender: string, reader: string): boolean {
    return this.pairs.has(`${sender} ${reader}`);
  }

  wasBlocked(sender: string, reader: string): boolean {
    return this.ever.has(`${sender} ${reader}`);
  }

  get unconfirmed(): readonly string[] {
    return [...this.open.keys()];
  }

  start(plans: Plans, workload: Workload): void {
    plans.plan('block', 25, (random) => {
      const users = [...new Set(plans.sim.homes.map(({ device }) => device.userId))];
      const sender = random.pick(users);
      const reader = random.pick(users.filter((user) => user !== sender));
      const change = (): void => this.change(sender, reader);
      // Often while the host answers about a message of the sender.
      const own = random.fork('meanwhile');
      const home = plans.sim.homes.find(({ device }) => device.userId === sender)!;
      if (own.chance(0.5) && workload.does('say', home, directChat(sender, reader), own)) this.meanwhile.set(`${sender} ${reader}`, change);
      else change();
      return true;
    });
  }

  /** The server lost a part of its history: the host repeats its changes. */
  restored(): void {
    for (const pair of this.ever) this.changed(pair.split(' ')[1]!);
  }

  /** The faults stop: the host answers at once. */
  stop(): void {
    this.hasTrouble = false;
    for (const reader of this.open.keys()) this.changed(reader);
  }

  /** After the judgement of all calls, the host blocks or unblocks a sender for each user. No call follows, so the devices hear of it only from the server. */
  async judgeAtRest(sim: Simulation, stepping: Stepping): Promise<void> {
    const random = this.random().fork('at rest');
    const users = [...new Set(sim.homes.map(({ device }) => device.userId))];
    for (const reader of users) this.change(random.pick(users.filter((user) => user !== reader)), reader);
    const problems = await comesToRest(sim, stepping);
    if (problems.length > 0) sim.violated('I-14', `after a change of blocks: ${problems.slice(0, 3).join('; ')}`);
  }

  private change(sender: string, reader: string): void {
    const pair = `${sender} ${reader}`;
    this.ever.add(pair);
    if (!this.pairs.delete(pair)) this.pairs.add(pair);
    this.changed(reader);
  }

  private changed(reader: string): void {
    this.open.set(reader, ++this.changes);
    this.tell(reader, this.changes, 500);
  }

  private tell(reader: string, change: number, waitMs: number): void {
    const { server, time } = this.world();
    const isOpen = (): boolean => this.open.get(reader) === change;
    if (!isOpen()) return;
    let isSettled = false;
    const again = (ms: number): void => {
      if (isSettled) return;
      isSettled = true;
      time.schedule(ms, 'the host tells a change again', () => this.tell(reader, change, Math.min(waitMs * 2, LONGEST_WAIT_MS)));
    };
    if (!server.isUp) return again(waitMs);
    time.schedule(ANSWER_MS, 'the host waits no longer', () => again(0));
    server.host.countsChanged(reader).then(
      () => {
        isSettled = true;
        if (isOpen()) this.open.delete(reader);
      },
      () => again(waitMs),
    );
  }
}
