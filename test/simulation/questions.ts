/** Judges that every question of a living tab gets an answer: each call, and the first value of each stream. */
import { Observable } from 'rxjs';
import type { Topic } from '../../src/model/api/topic.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { nameFor } from './book.ts';
import type { Simulation } from './simulation.ts';
import type { Stepping } from './stepping.ts';

/** A question may fetch from the server several times, for at most 10 s each. */
const ANSWERED_WITHIN_MS = 60_000;

/** Every stream except the events, which may have nothing to tell. A new topic compiles only with a line of its own. */
const topicsOf = (conversationId: `group:${string}` | `direct:${string}`, messageId: string): readonly Topic[] => {
  const topics: { readonly [K in Exclude<Topic['of'], 'events'>]: Extract<Topic, { readonly of: K }> } = {
    'total-unread': { of: 'total-unread' },
    badge: { of: 'badge' },
    unread: { of: 'unread', conversationId },
    mentions: { of: 'mentions', conversationId },
    conversations: { of: 'conversations', limit: 10 },
    conversation: { of: 'conversation', conversationId },
    messages: { of: 'messages', conversationId, limit: 10 },
    'message-id': { of: 'message-id', conversationId, seq: 1 },
    receipts: { of: 'receipts', messageId },
    'receipts-in': { of: 'receipts-in', conversationId, limit: 10 },
    reads: { of: 'reads' },
    connection: { of: 'connection' },
    outbox: { of: 'outbox' },
    'dead-letters': { of: 'dead-letters' },
    'receipt-settings': { of: 'receipt-settings' },
  };
  return Object.values(topics);
};

export class Questions {
  /** The questions without an answer. */
  private readonly open = new Map<object, { readonly tab: VirtualTab; readonly what: string; readonly at: number }>();

  constructor(private readonly sim: Simulation) {}

  /** Notes each question of this tab from here on. */
  follow(tab: VirtualTab): void {
    const { ask, intent, watch } = { ask: tab.ask.bind(tab), intent: tab.intent.bind(tab), watch: tab.watch.bind(tab) };
    tab.ask = (name, ...args) => this.noted(tab, name, ask(name, ...args));
    tab.intent = (call) => this.noted(tab, call.do, intent(call));
    tab.watch = (topic) =>
      new Observable((subscriber) => {
        const answered = topic.of === 'events' ? () => undefined : this.note(tab, JSON.stringify(topic));
        const watched = watch(topic).subscribe({
          next: (value) => {
            answered();
            subscriber.next(value);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
        return () => {
          answered();
          watched.unsubscribe();
        };
      });
  }

  private note(tab: VirtualTab, what: string): () => void {
    const key = {};
    this.open.set(key, { tab, what, at: this.sim.world.time.now });
    return () => void this.open.delete(key);
  }

  private noted<T>(tab: VirtualTab, what: string, answer: Promise<T>): Promise<T> {
    const answered = this.note(tab, what);
    answer.then(answered, answered);
    return answer;
  }

  /** The world is at rest: every tab answers what it was asked, and tells a first value of every stream. */
  async judgeAtRest(stepping: Stepping): Promise<void> {
    const { sim } = this;
    for (const home of sim.homes)
      for (const tab of home.device.openTabs.filter((one) => one.isReady && home.screens.has(one))) {
        const user = home.device.userId;
        const truth = [...sim.truths.values()].find(({ parts }) => parts.get(user)?.isIn);
        if (!truth) continue;
        for (const topic of topicsOf(nameFor(user, truth.chat), truth.messages[0]?.id ?? 'none')) {
          const watched = tab.watch(topic).subscribe({
            next: () => queueMicrotask(() => watched.unsubscribe()),
            error: (error: unknown) => sim.violated('I-14', `${tab.process.name} ends ${JSON.stringify(topic)}: ${String(error)}`),
          });
        }
      }
    const { time } = sim.world;
    const deadline = time.now + ANSWERED_WITHIN_MS;
    const left = () => [...this.open.values()].filter(({ tab }) => tab.isReady && !tab.process.frozen);
    await stepping.until(() => left().length === 0 || time.nextAt > deadline);
    const [first] = left();
    if (first) sim.violated('I-14', `${first.tab.process.name} does not answer ${first.what}, asked at ${(first.at / 1000).toFixed(3)} s`);
  }
}
