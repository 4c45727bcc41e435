/** Random worlds for the outbox, each from its seed: tabs come, freeze and die, the store and the backend fail. In the end all heals, and it is judged. */
import type { OutboxDeadLetter } from '../../src/outbox/records.ts';
import type { Answer, OutboxTab } from '../support/outbox-world.ts';
import { OutboxWorld } from '../support/outbox-world.ts';

const CHATS = ['a', 'b', 'c', 'd'];

/** What the app was told that it is stored. */
interface Promised {
  readonly messages: Map<string, Set<string>>;
  readonly readUpTo: Map<string, number>;
  readonly cleared: Map<string, number>;
}

class RandomOutboxWorld extends OutboxWorld {
  readonly promised: Promised = { messages: new Map(), readUpTo: new Map(), cleared: new Map() };
  /** What the app asked for, also by calls that were refused or cut off. */
  readonly asked: Promised = { messages: new Map(), readUpTo: new Map(), cleared: new Map() };
  private readonly chance = this.random.fork('plans');
  private calls = 0;
  private staysFrozen = false;

  private note(to: Promised, chat: string, kind: number, order: number): void {
    if (kind === 0) to.messages.set(chat, (to.messages.get(chat) ?? new Set()).add(`m${order}`));
    else {
      const orders = kind === 1 ? to.readUpTo : to.cleared;
      orders.set(chat, Math.max(orders.get(chat) ?? -Infinity, order));
    }
  }

  private call({ outbox }: OutboxTab): void {
    const chat = this.chance.pick(CHATS);
    const kind = this.chance.below(3);
    const order = this.chance.below(50);
    this.note(this.asked, chat, kind, order);
    const place = { id: `m${order}`, order };
    const call =
      kind === 0
        ? outbox.read(chat, [`m${order}`])
        : kind === 1
          ? outbox.readConversation(chat, { upTo: place })
          : outbox.clear(chat, { upTo: place });
    this.calls++;
    call.then(
      () => this.note(this.promised, chat, kind, order),
      () => undefined,
    );
  }

  private thaw({ process }: OutboxTab): void {
    if (!this.staysFrozen) process.thaw();
  }

  private trouble(): void {
    const { chance } = this;
    const tab = this.tabs.length > 0 ? chance.pick(this.tabs) : undefined;
    switch (chance.below(8)) {
      case 0:
        return this.setOnline(!this.isOnline);
      case 1:
        return tab?.process.kill();
      case 2:
        tab?.process.freeze();
        if (tab) this.time.schedule(chance.exponential(8000), 'thaws', () => this.thaw(tab));
        return;
      case 3: {
        const answers: Answer[] = ['takes', 'takes', 'loses-request', 'loses-answer', 'fails', 'hangs', 'refuses'];
        this.answer = () => chance.pick(answers);
        return;
      }
      case 4:
        this.storeTrouble = chance.chance(0.5) ? 0.3 : 0;
        return;
      case 5:
        this.busLoss = chance.chance(0.5) ? 0.6 : 0;
        return;
      case 6:
        tab?.outbox.close();
        return tab?.process.kill();
      case 7:
        if (this.tabs.length < 4) this.open();
    }
  }

  async live(): Promise<void> {
    const { chance } = this;
    this.locks.areMissing = chance.chance(0.15);
    this.isOnline = chance.chance(0.5);
    this.open();
    for (let i = chance.between(20, 120); i > 0; i--) {
      if (chance.chance(0.25)) this.trouble();
      if (this.tabs.length === 0) this.open();
      if (chance.chance(0.7)) this.call(chance.pick(this.tabs));
      await this.time.pass(chance.exponential(chance.chance(0.1) ? 20_000 : 300));
    }
    // Everything else heals, and one tab more opens.
    this.answer = () => 'takes';
    this.storeTrouble = this.busLoss = 0;
    // A frozen tab may never thaw, and it may hold the lock: another tab takes over.
    this.staysFrozen = chance.chance(0.5);
    for (const tab of this.tabs) this.thaw(tab);
    this.open();
    this.setOnline(true);
    await this.time.pass(15 * 60_000);
  }

  /** Receipts refused for good: each one is in a dead letter. */
  private refused(): Promised {
    const refused: Promised = { messages: new Map(), readUpTo: new Map(), cleared: new Map() };
    for (const [key, record] of this.records) {
      if (!key.startsWith('dead:')) continue;
      const { conversation, messages, readUpTo, cleared } = (record as OutboxDeadLetter).receipts;
      for (const { id } of messages) this.note(refused, conversation, 0, Number(id.slice(1)));
      if (readUpTo) this.note(refused, conversation, 1, readUpTo.order);
      if (cleared && cleared !== 'whole') this.note(refused, conversation, 2, cleared.order);
    }
    return refused;
  }

  /** No tab shows a count that the backend has already dropped. */
  private judgeShown(refused: Promised): string[] {
    const wrong: string[] = [];
    for (const chat of CHATS) {
      if (refused.messages.has(chat) || refused.readUpTo.has(chat) || refused.cleared.has(chat)) continue;
      const newest = Math.max(this.backend.readUpTo.get(chat) ?? -Infinity, this.backend.clearedUpTo.get(chat) ?? -Infinity);
      if (newest === -Infinity) continue;
      for (const { process, outbox } of this.tabs) {
        if (process.frozen) continue;
        const [read, unread] = [outbox.shown(chat, 3, newest), outbox.shown(chat, 3, newest + 1)];
        if (read !== 0 || unread !== 3)
          wrong.push(`${process.name} shows ${read} and ${unread} unread messages in ${chat} instead of 0 and 3`);
      }
    }
    return wrong;
  }

  judge(): string[] {
    const refused = this.refused();
    const wrong = this.judgeShown(refused);
    const left = [...this.records.keys()].filter((key) => key.startsWith('pending'));
    if (left.length > 0) wrong.push(`left in the store: ${left.join()}`);
    for (const chat of CHATS) {
      const [there, promised, asked] = [this.backend, this.promised, this.asked].map((one) => one.messages.get(chat) ?? new Set<string>());
      for (const id of promised!)
        if (!there!.has(id) && !refused.messages.get(chat)?.has(id)) wrong.push(`the read of ${id} in ${chat} is lost`);
      for (const id of there!) if (!asked!.has(id)) wrong.push(`the app did not read ${id} in ${chat}`);
      for (const [name, upTo, dead, least, most] of [
        ['read', this.backend.readUpTo, refused.readUpTo, this.promised.readUpTo, this.asked.readUpTo],
        ['cleared', this.backend.clearedUpTo, refused.cleared, this.promised.cleared, this.asked.cleared],
      ] as const) {
        const at = upTo.get(chat) ?? -Infinity;
        if (Math.max(at, dead.get(chat) ?? -Infinity) < (least.get(chat) ?? -Infinity))
          wrong.push(`${chat} is ${name} up to ${at} instead of ${least.get(chat)}`);
        if (at > (most.get(chat) ?? -Infinity))
          wrong.push(`${chat} is ${name} up to ${at}, and the app asked for no more than ${most.get(chat)}`);
      }
    }
    // At most one request for each call, and retries with growing waits.
    const { requests } = this.backend;
    if (requests.length > this.calls + 12 * CHATS.length * (1 + this.time.now / 60_000))
      wrong.push(`${requests.length} requests for ${this.calls} calls`);
    return wrong;
  }
}

/** What is wrong at the end of the world of this seed; empty if nothing is. */
export const judgeOutboxWorld = async (seed: number): Promise<string[]> => {
  const world = new RandomOutboxWorld(seed);
  await world.live();
  return world.judge();
};
