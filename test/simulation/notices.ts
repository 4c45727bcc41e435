/**
 * The notifications of one device: its service worker shows and closes them, and its pages close them too. Judged by contract section 4:
 * every push leads to something shown, and a notification is closed once its message is read, and never without that.
 */
import { closeNotifications } from '../../src/platform/notifications.ts';
import { readNotificationTag } from '../../src/model/notification-tag.ts';
import type { PushFrame } from '../../src/protocol/push.ts';
import { SHOWN_WITHIN_MS } from '../../src/service-worker/notice.ts';
import type { LoggedSyncOptions, MessageNotification } from '../../src/service-worker/options.ts';
import { takePush } from '../../src/service-worker/push.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import { serviceWorkerOptions } from '../../src/testing/virtual-push.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { type Chat, chatOf } from './book.ts';
import type { Home, Simulation } from './simulation.ts';
import { has, isCleared, type Part, type SeenMessage } from './truths.ts';

/** The pages look at the notifications so long after a read, as in `client/page/close-notifications.ts`. */
const LOOK_AFTER_MS = 250;
/** The browser brings a push again if the service worker is at work. */
const AGAIN_MS = 500;
const READING = ['clear', 'clear-all', 'clear-direct', 'clear-group', 'read-chat', 'read-group', 'view', 'pass', 'ack', 'clear-some'];

export class Notices {
  /** The tags of the shown notifications. */
  private readonly shown = new Set<string>();
  private readonly waiting: PushFrame[] = [];
  private isWaking = false;
  /** A page or the service worker died or failed before its look: a notification may stay until the next look. */
  private isDoubtful = false;
  private isAtWork = false;
  /** The conversation whose older notifications the app replaces by the current one. */
  private replaces: string | null = null;

  constructor(
    private readonly sim: Simulation,
    private readonly home: Pick<Home, 'device'>,
    private readonly random: SeededRandom,
  ) {}

  private readonly source = {
    getNotifications: async () => [...this.shown].map((tag) => ({ tag, close: () => this.close(tag) })),
  };

  /** A page is open: it looks at the notifications at once, and after each read. */
  page(tab: VirtualTab): () => void {
    let isDue = false;
    const look = (): void => {
      if (isDue) return;
      isDue = true;
      // Until the look, a notification may stay.
      this.isDoubtful = true;
      tab.process.later(LOOK_AFTER_MS, 'looks at notifications', () => {
        isDue = false;
        void this.look(tab);
      });
    };
    const subscription = tab.watch({ of: 'reads' }).subscribe(look);
    look();
    return () => subscription.unsubscribe();
  }

  private async look(tab: VirtualTab): Promise<void> {
    this.isDoubtful = true;
    try {
      await closeNotifications(this.source, this.home.device.userId, (messages) => tab.ask('settledOf', messages));
      // A page that dies on the way leaves the doubt.
      this.isDoubtful = false;
    } catch {
      this.sim.count('no look at notifications');
    }
  }

  /** The browser brings a push to the service worker: one after the other. */
  push(push: PushFrame): void {
    // No process runs at night.
    if (this.sim.asleep) return;
    this.waiting.push(push);
    this.wake();
  }

  private wake(): void {
    const { device } = this.home;
    const { time } = this.sim.world;
    const [push] = this.waiting;
    if (!push || this.isWaking) return;
    this.isWaking = true;
    const again = (ms: number): void =>
      void time.schedule(ms, `${device.name} gets a push`, () => {
        this.isWaking = false;
        this.wake();
      });
    void device
      .wake((process) => {
        this.waiting.shift();
        // The service worker may die on the way.
        process.onEnd(() => again(0));
        return this.take(process, push);
      })
      .then(
        (taken) => void (taken || again(AGAIN_MS)),
        () => undefined,
      );
  }

  private async take(process: VirtualProcess, push: PushFrame): Promise<void> {
    const { sim } = this;
    const random = this.random.fork(process.name);
    const began = sim.world.time.now;
    const result: { shownAt: number | null; isRefused: boolean } = { shownAt: null, isRefused: false };
    this.isAtWork = true;
    const stop = process.onEnd(() => {
      this.isDoubtful = true;
      this.isAtWork = false;
    });
    const show = async (tag: string): Promise<void> => {
      if (random.chance(0.03)) {
        result.isRefused = true;
        throw new TypeError('no permission to show notifications');
      }
      result.shownAt ??= sim.world.time.now;
      this.shown.add(tag);
    };
    sim.count('push');
    await takePush(JSON.stringify(push), await this.options(process, random, show, push.conversationId)).catch(() => undefined);
    stop();
    this.replaces = null;
    this.isAtWork = false;
    const { shownAt, isRefused } = result;
    if (isRefused) return;
    if (shownAt === null) sim.violated('push', `${process.name} shows nothing for the push of ${push.message.id}`);
    else if (shownAt - began > SHOWN_WITHIN_MS + 1000)
      sim.violated('push', `${process.name} shows the push of ${push.message.id} after ${Math.round(shownAt - began)} ms`);
  }

  private async options(
    process: VirtualProcess,
    random: SeededRandom,
    show: (tag: string) => Promise<void>,
    conversationId: string,
  ): Promise<LoggedSyncOptions> {
    const { device } = this.home;
    const ports = await device.ports(process);
    return {
      ...serviceWorkerOptions(ports, device.userId, () => device.openTabs.length, {
        showNotification: (_, shown) => show(shown?.tag ?? ''),
        getNotifications: this.source.getNotifications,
      }),
      notification: (message) => this.answer(process, random, message.id, conversationId),
    };
  }

  /** The app's notification of a message: sometimes none, an error, or too late. */
  private answer(
    process: VirtualProcess,
    random: SeededRandom,
    id: string,
    conversationId: string,
  ): Promise<MessageNotification | null> | null {
    if (random.chance(0.1)) throw new Error('the app fails');
    if (random.chance(0.15)) return null;
    const replacesOlder = random.chance(0.2);
    const ms = random.chance(0.8) ? random.exponential(200) : random.exponential(10_000);
    return new Promise((resolve) => {
      process.later(ms, 'the app answers', () => {
        if (replacesOlder) this.replaces = conversationId;
        resolve({ title: id, replacesOlder });
      });
    });
  }

  private close(tag: string): void {
    const { sim, home } = this;
    const ref = readNotificationTag(tag);
    if (!this.shown.delete(tag) || !ref || ref.conversationId === null || ref.seq === null || sim.restored) return;
    if (this.replaces === ref.conversationId || sim.counts.has('op log-out') || sim.counts.has('log-out')) return;
    const chat = chatOf(home.device.userId, ref.conversationId);
    const found = this.find(chat, ref.seq);
    if (found && !this.mayBeDone(chat, found.part, found.message))
      sim.violated(
        'push',
        `${home.device.name} closes the notification of ${found.message.id}, which no call of ${home.device.userId} has read`,
      );
  }

  private find(chat: Chat, seq: number): { readonly part: Part; readonly message: SeenMessage } | undefined {
    const truth = this.sim.truths.get(chat);
    const part = truth?.parts.get(this.home.device.userId);
    const message = truth?.messages[seq - 1];
    return part && message ? { part, message } : undefined;
  }

  /** Whether the message may be read, recalled, or no longer counted. */
  private mayBeDone(chat: Chat, part: Part, { id, seq, countable, recalled, ended, senderId, uncountedFor }: SeenMessage): boolean {
    const { book, blocks } = this.sim;
    if (recalled || ended || !countable || uncountedFor.includes(part.user) || blocks.wasBlocked(senderId, part.user)) return true;
    if (!part.isIn || part.joinedAt >= seq || (this.sim.membersChanged && chat.startsWith('group:'))) return true;
    return book
      .of(part.user, chat, ...READING)
      .some(({ ids, latestAtEnd, kind }) => ids.includes(id) || (seq <= latestAtEnd && kind !== 'ack' && kind !== 'clear-some'));
  }

  /** At rest, with an open page: no notification of a read message is left. */
  async judgeAtRest(tab: VirtualTab): Promise<void> {
    const { sim, home } = this;
    if (this.isDoubtful) await this.look(tab);
    if (this.isAtWork) return;
    for (const tag of sim.restored ? [] : this.shown) {
      const ref = readNotificationTag(tag);
      const found = ref?.conversationId ? this.find(chatOf(home.device.userId, ref.conversationId), ref.seq!) : undefined;
      if (!found) continue;
      const { part, message } = found;
      const { id, seq, recalled, ended, asked } = message;
      const isDone = seq <= part.readUpTo || recalled || ended || has(part.read, seq) || isCleared(part, seq);
      if (!part.isIn || !(isDone || (asked && has(part.named, seq)))) continue;
      // A device that no longer stores a group's message cannot know whether the message has a receipt.
      if (isDone || ref?.conversationId?.startsWith('direct:') || (await tab.ask('findMessage', id)) !== null)
        sim.violated('push', `${home.device.name} still shows the notification of ${message.id}, which is read`);
    }
  }
}

/** The host: it sends the pushes of a message to all devices of a user. Some are late, doubled or lost. */
export const pushToDevices = (sim: Simulation, random: SeededRandom, push: PushFrame): void => {
  for (const { device, notices } of sim.homes) {
    if (device.userId !== push.userId || sim.asleep) continue;
    const times = random.chance(0.8) ? 1 : random.pick([0, 2]);
    for (let i = 0; i < times; i++)
      sim.world.time.schedule(random.exponential(1500), `${device.name} gets a push`, () => notices.push(push));
  }
};
