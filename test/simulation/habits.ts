/** Calls that are hard to handle: many at once, of every kind, too late, or recalled at a bad moment. */
import type { SeededRandom } from '../../src/testing/random.ts';
import type { Chat, Op } from './book.ts';
import { MOST_PIECES } from './config.ts';
import { planInviting } from './inviting.ts';
import type { Plans } from './plans.ts';
import type { Home } from './simulation.ts';
import { planSwitching } from './switching.ts';
import { KINDS_OF_OPS, type OpKind, type Workload } from './workload.ts';

/** Calls of the same kind on two devices at once find the most mistakes. */
const TOGETHER: readonly OpKind[] = ['say', 'ack', 'read-chat', 'clear', 'read-group', 'mark', 'mute', 'recall', 'flush'];

export class Habits {
  private readonly swept = new Set<string>();

  constructor(
    private readonly plans: Plans,
    private readonly workload: Workload,
  ) {}

  start(): void {
    const { plans, workload } = this;
    const { sim } = plans;
    plans.plan('life', 30, (random) => {
      const { device } = plans.aHome(random);
      const tab = device.openTabs.length > 0 ? random.pick(device.openTabs) : undefined;
      if (!tab) return false;
      const event = random.pick(['hidden', 'visible', 'online', 'offline'] as const);
      tab.life(event);
      if (event === 'hidden') plans.in(plans.while(random), `${tab.process.name} is looked at`, () => tab.life('visible'));
      return true;
    });
    plans.plan('park', 10, (random) => {
      const { device } = plans.aHome(random);
      const tab = device.openTabs.length > 0 ? random.pick(device.openTabs) : undefined;
      if (!tab || tab.process.frozen) return false;
      tab.life('hidden');
      tab.life('parked');
      tab.freeze();
      plans.in(plans.while(random), `${tab.process.name} is back`, () => {
        tab.thaw();
        tab.life('visible');
      });
      return true;
    });
    plans.plan('flurry', 12, (random) => {
      const home = plans.aHome(random);
      const chat = workload.aChatOf(home, random);
      const kinds = random.chance(0.5) ? TOGETHER : KINDS_OF_OPS;
      for (let i = random.between(2, 8); i > 0; i--) workload.does(random.pick(kinds), home, chat, random.fork(String(i)));
      return true;
    });
    plans.plan('log-out', 2, (random) => {
      const home = plans.aHome(random);
      const tabs = home.device.openTabs.filter(({ isReady, process }) => isReady && !process.frozen);
      const frozen = tabs.find(({ process }) => process === home.device.leader);
      if (tabs.length < 2 || !frozen) return false;
      // The frozen leader tab learns of the log-out only at the thaw.
      frozen.freeze();
      workload.does('log-out', home, workload.aChatOf(home, random), random);
      plans.in(10_000 + random.exponential(20_000), `${frozen.process.name} thaws`, () => frozen.thaw());
      return true;
    });
    plans.plan('clear-some', 20, (random) => {
      const home = plans.aHome(random);
      const others = plans.sim.homes.filter(({ device }) => device.userId === home.device.userId);
      const chat = workload.aChatOf(home, random);
      // Often on two devices of the user at once: their sets add up.
      for (const [i, one] of (random.chance(0.3) ? others : [home]).entries())
        workload.does('clear-some', one, chat, random.fork(String(i)));
      return true;
    });
    plans.plan('archive', 24, (random) => {
      const home = plans.aHome(random);
      const { device } = home;
      const chat = workload.aSpokenChatOf(home, random);
      const all = plans.sim.homes.filter((one) => one.device.userId === device.userId);
      const isOffline = random.chance(0.3);
      if (isOffline) device.network.set({ up: false, down: false });
      for (const [i, one] of (random.chance(0.3) ? all : [home]).entries())
        workload.does(random.chance(0.3) ? 'mute' : 'archive', one, chat, random.fork(String(i)));
      if (isOffline)
        plans.in(random.exponential(3000), `${device.name} is reached again`, () => device.network.set({ up: true, down: true }));
      return true;
    });
    planSwitching(plans, workload);
    planInviting(plans, workload);
    plans.plan('drop', 6, (random) => {
      const { device } = plans.aHome(random);
      const tabs = device.openTabs.filter(({ isReady, process }) => isReady && !process.frozen);
      if (tabs.length === 0) return false;
      void random
        .pick(tabs)
        .ask('dropCachedMessages')
        .catch(() => undefined);
      return true;
    });
    plans.plan('push', 60, (random) => {
      // A message is pushed, and its notification is shown or still on its way when the user reads the chat on one of the devices.
      const { userId } = plans.aHome(random).device;
      const own = plans.sim.homes.filter(({ device }) => device.userId === userId);
      const chat = workload.aChatOf(own[0]!, random);
      const peer = plans.sim.homes.find(({ device }) => device.userId !== userId && chat.includes(device.userId));
      if (!peer || !workload.does('say', peer, chat, random.fork('say'))) return false;
      plans.in(500 + random.exponential(5000), `${userId} reads a pushed message`, () => {
        const open = own.filter(({ device }) => device.openTabs.some(({ isReady, process }) => isReady && !process.frozen));
        if (open.length > 0 && random.fork('reads').chance(0.6))
          workload.does(random.pick(['clear', 'read-chat'] as const), random.pick(open), chat, random.fork('read'));
      });
      return true;
    });
    plans.plan('load', 40, (random) => {
      const home = plans.aHome(random);
      const screens = [...home.screens.values()].filter(({ tab }) => tab.isReady && !tab.process.frozen);
      if (screens.length === 0) return false;
      const { loads } = random.pick(screens);
      const chat = workload.aChatOf(home, random);
      // Often several at a time. A refused question tells nothing.
      for (let i = random.between(1, 3); i > 0; i--) void loads.ask(chat, random.fork(`question ${i}`)).catch(() => undefined);
      return true;
    });
    plans.plan('mark-from', 12, (random) => {
      const home = plans.aHome(random);
      const chat = workload.aChatOf(home, random);
      const then = random.fork('then');
      // Messages cleared before the mark count again. Messages cleared under the mark do not.
      if (then.chance(0.5)) workload.does('clear-some', home, chat, then.fork('before'));
      workload.does('mark-from', home, chat, random);
      for (let i = then.between(0, 2); i > 0; i--)
        plans.in(then.between(300, 3000), 'clears under the mark', () => {
          // Often on all devices of the user at once: what each has cleared adds up.
          const own = plans.sim.homes.filter(({ device }) => device.userId === home.device.userId);
          for (const one of then.fork(`who ${i}`).chance(0.5) ? own : [home])
            workload.does('clear-some', one, chat, then.fork(`clear ${i} ${one.device.name}`));
        });
      return true;
    });
    plans.plan('pass', 12, (random) => {
      const home = plans.aHome(random);
      workload.does('pass', home, workload.aChatOf(home, random), random);
      return true;
    });
    plans.plan('clear-type', 4, (random) => {
      const home = plans.aHome(random);
      workload.does(random.pick(['clear-direct', 'clear-group'] as const), home, workload.aChatOf(home, random), random);
      return true;
    });
    plans.plan('elsewhere', 5, (random) => this.elsewhere(random));
    plans.plan('regret', 6, (random) => this.regret(random));
    plans.plan('sweep', 4, (random) => this.sweep(random));
    if (plans.has('regret')) sim.leaving.add((home, text) => this.losesPower(home, text));
  }

  /** Reads the groups' messages while the device is offline: the server gets the receipts days later. */
  evening(home: Home, inMs: number, random: SeededRandom): void {
    this.plans.in(inMs, `${home.device.name} reads`, () => {
      for (const [chat, members] of this.plans.sim.groups)
        if (members.has(home.device.userId)) this.workload.does('read-group', home, chat, random.fork(chat));
    });
  }

  /**
   * An offline device writes, and a Background Sync sends the entry after its page has closed: the
   * confirmation is newer than the cursor of the device.
   */
  sendsWithoutPage(home: Home, withinMs: number, random: SeededRandom): void {
    const { plans, workload } = this;
    const { device } = home;
    device.network.set({ up: false, down: false });
    plans.in(withinMs * 0.8, `${device.name} writes`, () => workload.does('say', home, workload.aChatOf(home, random), random));
    plans.in(withinMs * 0.8 + 200, `${device.name} sends without a page`, () => {
      device.killAll();
      device.network.set({ up: true, down: true });
      void device.sync().catch(() => undefined);
    });
  }

  /** An offline device of a user makes the same calls as another device, with an older state. Its entries come last. */
  private elsewhere(random: SeededRandom): boolean {
    const { plans, workload } = this;
    const one = plans.aHome(random);
    const other = plans.sim.homes.find(({ device }) => device.userId === one.device.userId && device !== one.device);
    if (!other) return false;
    const chat = workload.aChatOf(one, random);
    const kind = random.pick(['clear', 'clear', 'read-chat', 'mute', 'mark'] as const);
    const [peer] = plans.sim.homes.filter(({ device }) => device.userId !== one.device.userId && chat.includes(device.userId));
    one.device.network.set({ up: false, down: false });
    workload.does(kind, one, chat, random.fork('one'));
    for (let i = random.between(1, 3); peer && i > 0; i--) workload.does('say', peer, chat, random.fork(`say ${i}`));
    const aWhile = random.exponential(1000);
    // All pending receipts of a chat are in a single entry, which a change of settings may cancel.
    for (const part of [0.3, 0.6])
      plans.in(aWhile * part, `${one.device.name} acks`, () => void workload.does('ack', one, chat, random.fork(`ack ${part}`)));
    if (random.chance(0.3))
      plans.in(aWhile * 0.8, `${one.device.name} switches`, () => void workload.does('settings', one, chat, random.fork('switch')));
    plans.in(aWhile, `${other.device.name} does ${kind}`, () => void workload.does(kind, other, chat, random.fork('other')));
    plans.in(aWhile + random.exponential(2000), `${one.device.name} is reached again`, () =>
      one.device.network.set({ up: true, down: true }),
    );
    return true;
  }

  /** Receipts for every second message with a request: the largest number of pieces in message read receipts. */
  private sweep(random: SeededRandom): boolean {
    const { truths, homes } = this.plans.sim;
    const [long] = [...truths.values()].sort((a, b) => b.messages.length - a.messages.length);
    const inLong = random.chance(0.7) ? long : undefined;
    // In a long chat, a user who has most to read.
    const toRead = (user: string): number => inLong!.messages.filter(({ senderId }) => senderId !== user).length;
    const members = inLong ? homes.filter(({ device }) => inLong.parts.get(device.userId)?.isIn) : [];
    const most = Math.max(...members.map(({ device }) => toRead(device.userId)));
    const home =
      members.length > 0 ? random.pick(members.filter(({ device }) => toRead(device.userId) === most)) : this.plans.aHome(random);
    const user = home.device.userId;
    const chat = members.length > 0 ? inLong!.chat : this.workload.aChatOf(home, random);
    // Once for each user and chat, so that the number of pieces stays.
    if (this.swept.has(`${user} ${chat}`)) return false;
    const ids = (truths.get(chat)?.messages ?? [])
      .filter(({ senderId, asked }) => senderId !== user && asked)
      .filter((_, i) => i % 2 === 0)
      .slice(-MOST_PIECES)
      .map(({ id }) => id);
    if (ids.length < 2 || !this.workload.does('ack', home, chat, random, ids)) return false;
    this.swept.add(`${user} ${chat}`);
    return true;
  }

  /** By message: the power fails in the moment of the sending, and its sender recalls it as soon as a page is open again. */
  private readonly doomed = new Map<string, Home>();

  /** Sends a message and recalls the message: a little later, or after a loss of power at the moment of the send. */
  private regret(random: SeededRandom): boolean {
    const { plans, workload } = this;
    const home = plans.aHome(random);
    const chat = workload.aChatOf(home, random);
    const op = workload.does('say', home, chat, random);
    if (!op) return false;
    if (random.chance(0.5)) this.doomed.set(op.ids[0]!, home);
    else plans.in(random.exponential(2000), 'a sender recalls', () => this.takeBack(home, chat, op, random));
    return true;
  }

  private losesPower(home: Home, text: string): void {
    for (const [id, owner] of this.doomed) {
      if (owner !== home || !text.includes(`"id":"${id}"`)) continue;
      this.doomed.delete(id);
      const { plans, workload } = this;
      const random = plans.stream('regret').fork(id);
      const said = plans.sim.book.said.get(id)!;
      // On its way to the server, or back.
      plans.in(home.device.network.delay() * 2, `${home.device.name} loses power`, () => {
        void home.device.losePower(home.device.disk.atRisk).then(() => plans.openTab(home));
        workload.onceReady(home, () => this.takeBack(home, said.chat, said.op, random));
      });
    }
  }

  private takeBack(home: Home, chat: Chat, { ids }: Op, random: SeededRandom): void {
    this.workload.does('recall', home, chat, random.fork('recall'), ids);
  }
}
