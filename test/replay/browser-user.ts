/** The person with the most incoming messages, on a phone. */
import type { Page } from 'playwright';
import { contains } from '../../src/model/registers/ranges.ts';
import { Deadline, stretched } from '../support/machine.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import type { ServedReceipts } from '../support/serve.ts';
import type { Book } from './book.ts';
import type { Chance } from './chance.ts';
import { direct, type Participant } from './person.ts';
import { Phone } from './phone.ts';

const PATIENCE_MS = 60_000;
const FLUSH_MS = 1_000;

export class BrowserUser implements Participant {
  /** The total right after each reading: all messages were read, for any kills and cuts. */
  readonly totalsAfterReading: number[] = [];
  /** Persons to whom the browser has written while cut off: the server may not have these messages yet. */
  readonly #unsentTo: string[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #unsettled = true;
  /** A second device, which only receives. */
  #witness: ProtocolClient | undefined;

  private constructor(
    readonly userId: string,
    private readonly server: ServedReceipts,
    private readonly book: Book,
    private readonly chance: Chance,
    readonly phone: Phone,
  ) {}

  static async start(userId: string, server: ServedReceipts, site: string, book: Book, chance: Chance): Promise<BrowserUser> {
    const user = new BrowserUser(userId, server, book, chance, await Phone.start(userId, server.port, site));
    await user.inPage((page) => page.evaluate(() => window.phone.client.pause()));
    return user;
  }

  inPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
    return this.phone.inPage(work);
  }

  /** A message was sent to this person: the device must store it before the next reading. */
  expectMore(): void {
    this.#unsettled = true;
  }

  hasUnsentTo(peer: string): boolean {
    return this.#unsentTo.includes(peer);
  }

  /** Resolves once the server has all messages and reads of this person. Heals the network if needed. */
  flushed(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    const deadline = new Deadline(PATIENCE_MS);
    for (;;) {
      const count = this.#unsentTo.length;
      const pending = await this.phone.flush(FLUSH_MS);
      if (pending === 0) {
        for (const peer of this.#unsentTo.splice(0, count)) this.book.accepted(this.userId, peer);
        return;
      }
      if (await deadline.isOver()) throw new Error(`${this.userId}: the outbox still holds ${pending} entries`);
    }
  }

  async comeOnline(): Promise<void> {
    await this.phone.heal();
    this.#witness = await ProtocolClient.connect(this.server.url, await this.server.token(this.userId), this.userId, 'witness');
    await this.inPage((page) => page.evaluate(() => window.phone.client.resume()));
    this.#unsettled = true;
  }

  async goOffline(): Promise<void> {
    await this.settle();
    await this.flushed();
    await this.inPage((page) => page.evaluate(() => window.phone.client.pause()));
    this.#witness!.close();
  }

  /** Resolves once the device stores all messages sent so far, which the second device sees by the delivery receipts. */
  async settle(): Promise<void> {
    if (!this.#unsettled) return;
    const { rows } = this.#witness!;
    const missing = (): string | undefined => {
      for (const [peer, senders] of this.book.conversationsOf(this.userId)) {
        const row = rows.get(direct(peer));
        const undelivered = senders.findIndex((sender, i) => sender === peer && !contains(row?.mine.delivered ?? [], i + 1));
        if (undelivered >= 0) return `message ${undelivered + 1} of ${peer}`;
      }
      return undefined;
    };
    // The network may be cut during the wait, so each turn of the wait heals it.
    await this.flushed();
    for (const deadline = new Deadline(PATIENCE_MS); missing() !== undefined; await this.flushed()) {
      if (await deadline.isOver())
        throw new Error(`${this.userId}: ${missing() ?? 'something'} was never delivered; ${await this.#whatItShows()}`);
      await this.#witness!.waitFor(() => missing() === undefined, FLUSH_MS).catch(() => undefined);
    }
    this.#unsettled = false;
  }

  async #whatItShows(): Promise<string> {
    const shown = await this.inPage((page) =>
      page.evaluate(async () => {
        const { client, now } = window.phone;
        const conversations = await now(client.watchConversations({ limit: 1000 }));
        const held = await Promise.all(
          conversations.map(async ({ id }) => [id, (await now(client.watchMessages(id, { limit: 1000 }))).map(({ seq }) => seq)]),
        );
        return JSON.stringify([await now(client.watchConnection()), await now(client.watchOutbox()), conversations, held]);
      }),
    );
    const rows = JSON.stringify([...this.#witness!.rows.values()]);
    return `it shows ${shown}; the second device, live: ${this.#witness!.live}, ${rows}`;
  }

  /** Resolves once the device has caught up with the server. */
  async caughtUp(): Promise<void> {
    return this.phone.live(await stretched(PATIENCE_MS));
  }

  async read(cleared: readonly string[], answered: string | null): Promise<void> {
    if (cleared.length > 0 || answered !== null) await this.settle();
    if (this.chance.happens(0.15)) this.phone.cut();
    const peers = answered === null ? cleared : [...cleared, answered];
    if (peers.length === 0) return;
    const reading = this.inPage((page) =>
      page.evaluate(
        async ([cleared, answered]) => {
          const { client, id } = window.phone;
          const calls = cleared.map((peer) => client.clearConversationUnreadCount(id(peer)));
          if (answered !== null) calls.push(client.sendConversationReadReceipt(id(answered)));
          await Promise.all(calls);
        },
        [cleared, answered] as const,
      ),
    );
    if (this.chance.happens(0.06)) await Promise.all([reading, this.chance.pause(40).then(() => this.phone.kill())]);
    await reading;
    if (this.chance.happens(0.03)) await this.phone.kill();
    this.totalsAfterReading.push(
      await this.inPage((page) => page.evaluate(() => window.phone.now(window.phone.client.watchTotalUnreadCount()))),
    );
  }

  async say(to: string, text: string, id: string): Promise<void> {
    const sending = this.inPage((page) =>
      page.evaluate(([peer, body, id]) => window.phone.client.sendMessage(window.phone.id(peer), body, { id }), [to, text, id] as const),
    );
    if (this.chance.happens(0.03)) await Promise.all([sending, this.chance.pause(20).then(() => this.phone.kill())]);
    await sending;
    this.#unsentTo.push(to);
    if (!this.phone.isCut) await this.flushed();
  }

  async close(): Promise<void> {
    this.#witness?.close();
    await this.phone.close();
  }
}
