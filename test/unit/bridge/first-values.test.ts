/**
 * A whole client through cuts, reloads and changes of the leader tab, as a vendor's facade uses it: each refresh of a chat asks one question
 * after the other, so a single answer that never comes stops the app.
 */
import 'fake-indexeddb/auto';
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { Watching } from '../../../src/client/watching.ts';
import type { Topic } from '../../../src/model/api/topic.ts';
import { SeededRandom } from '../../../src/testing/random.ts';
import { goOffline, goOnline } from '../../support/on-tab.ts';
import { type Phone, twoPeople } from '../../support/whole-client.ts';

const CHATS = ['direct:bob', 'group:crew'] as const;
/** A question may fetch from the server several times, for at most 10 s each. */
const ANSWERED_WITHIN_MS = 60_000;

class Page {
  /** The questions without an answer. */
  readonly open = new Set<string>();
  private readonly page: ReturnType<Phone['open']>;
  private readonly watching: Watching;
  private asked = 0;

  constructor(phone: Phone) {
    this.page = phone.open();
    const { streams, started } = this.page.connection;
    this.watching = new Watching(streams, Promise.resolve(null), started);
  }

  kill(): void {
    this.page.kill();
  }

  private async noted<T>(what: string, answer: Promise<T>): Promise<T> {
    const name = `${what} ${++this.asked}`;
    this.open.add(name);
    return answer.finally(() => this.open.delete(name));
  }

  private first<T extends Topic>(topic: T) {
    return this.noted(JSON.stringify(topic), firstValueFrom(this.watching.watch(topic)));
  }

  /** Everything that a facade asks to show a chat, and sometimes a call. */
  async refresh(random: SeededRandom): Promise<void> {
    const { connection } = this.page;
    const conversationId = random.pick(CHATS);
    await this.first({ of: 'conversations', limit: 1000 });
    await this.first({ of: 'conversation', conversationId });
    const wanted = { before: Number.MAX_SAFE_INTEGER, limit: 15 };
    const { messages } = await this.noted('loadMessages', connection.query('loadMessages', conversationId, wanted));
    const shown = await this.first({ of: 'messages', conversationId, limit: 15 });
    const ids = [...messages, ...shown].map(({ id }) => id);
    await Promise.all(ids.map((messageId) => this.first({ of: 'receipts', messageId })));
    if (random.chance(0.5)) await this.noted('read', connection.intent('sendConversationReadReceipt', conversationId, {}));
    if (random.chance(0.3)) await this.noted('send', connection.intent('sendMessage', conversationId, { body: '"mine"' }));
    for (const id of ids.slice(0, 3)) await this.noted('findMessage', connection.query('findMessage', id));
    await this.first({ of: 'total-unread' });
  }
}

it.each([1, 2, 3])(
  'every question of a page is answered, through cuts, reloads and changes of the leader tab (seed %i)',
  async (seed) => {
    const { world, phone, bob } = await twoPeople(seed);
    const random = new SeededRandom(`first values ${seed}`);
    let pages = [new Page(phone)];
    const reload = (): void => {
      for (const page of pages) page.kill();
      pages = [new Page(phone), ...(random.chance(0.5) ? [new Page(phone)] : [])];
    };
    const close = (): void => {
      if (pages.length > 1) pages.shift()!.kill();
    };
    const say = (): void => {
      const to = random.pick(['direct:alice', 'group:crew'] as const);
      void bob.tab.do('sendMessage', to, { body: '"hi"', requestReceipt: true });
    };
    const nothing = (): void => undefined;
    const events = [() => goOffline(phone.device), () => goOnline(phone.device), reload, close, say, say, nothing];
    await world.pass(2000);
    for (let round = 0; round < 25; round++) {
      random.pick(events)();
      for (const page of pages) if (random.chance(0.8)) void page.refresh(random).catch(() => undefined);
      await world.pass(random.pick([1, 20, 200, 1500, 5000]));
    }
    goOnline(phone.device);
    for (const page of pages) void page.refresh(random).catch(() => undefined);
    await world.pass(ANSWERED_WITHIN_MS);
    expect(pages.flatMap(({ open }) => [...open])).toEqual([]);
    for (const page of pages) page.kill();
  },
  60_000,
);
