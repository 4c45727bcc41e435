/** The person with the most messages: a phone with kills and cuts, and a second device of the same account. Both read now and then. */
import { Deadline, stretched } from '../../support/machine.ts';
import type { Chance } from '../chance.ts';
import type { Door } from '../door.ts';
import { Phone } from '../phone.ts';
import { Member, type Saying } from './member.ts';
import { groupId, messageId } from './names.ts';

const PATIENCE_MS = 60_000;
const FLUSH_MS = 1_000;
/** Maximum length of a list of messages. */
export const MOST_SHOWN = 1000;

/** A value seen during the replay. The value must be right at every moment, for any kills and cuts. */
export interface Noted {
  readonly what: string;
  readonly where: string;
  readonly found: number;
  readonly right: number;
}

export class BrowserMember {
  readonly noted: Noted[] = [];
  /** By group: the messages since the member's last reading. */
  readonly #unread = new Map<string, number[]>();

  private constructor(
    readonly userId: string,
    readonly phone: Phone,
    readonly second: Member,
    private readonly chance: Chance,
  ) {}

  static async start(userId: string, door: Door, site: string, chance: Chance): Promise<BrowserMember> {
    const second = new Member(userId, door, 'second-device');
    await second.comeOnline();
    return new BrowserMember(userId, await Phone.start(userId, door.server.port, site), second, chance);
  }

  /** A message came into a group of this member. */
  expect(group: string, number: number): void {
    const unread = this.#unread.get(group);
    if (unread) unread.push(number);
    else this.#unread.set(group, [number]);
  }

  /**
   * Reads all messages, on one device or on both, and sends a message if the line has one.
   *
   * @param length messages in the group
   */
  async act(group: string, length: number, saying?: Saying): Promise<void> {
    const unread = this.#unread.get(group) ?? [];
    await this.#settle(group, length, unread);
    const isCut = this.chance.happens(0.15);
    if (isCut) this.phone.cut();
    const device = this.chance.next();
    // The second device goes offline and online too.
    if (device > 0.45) this.second.goOffline();
    if (device < 0.2) await this.#readOnSecond(group, length, unread, isCut);
    else await Promise.all([this.#read(group, unread), device < 0.3 ? this.second.act(group, length) : undefined]);
    this.#unread.delete(group);
    if (saying) await this.#say(group, length + 1, saying);
  }

  /**
   * Resolves once this member may leave the group: the device stores the messages of the stay, because the server sends no message of an
   * earlier stay later, and the server has the receipts.
   *
   * @param length messages in the group
   */
  async leaves(group: string, length: number): Promise<void> {
    await this.#settle(group, length, this.#unread.get(group) ?? []);
    await this.flushed();
  }

  /** Resolves once the server has all messages and reads of this member. */
  async flushed(): Promise<void> {
    for (const deadline = new Deadline(PATIENCE_MS); ;) {
      const pending = await this.phone.flush(FLUSH_MS);
      if (pending === 0) return;
      if (await deadline.isOver()) throw new Error(`${this.userId}: the outbox still holds ${pending} entries`);
    }
  }

  /** Resolves once the device stores all messages sent so far. */
  async #settle(group: string, length: number, unread: readonly number[]): Promise<void> {
    await this.phone.heal();
    if (length === 0) return;
    const work = this.phone.inPage(async (page) =>
      page.evaluate(
        async ([id, length, unread, most, ms]) => {
          const { client, until } = window.phone;
          await until(client.watchConversation(id), (conversation) => (conversation?.latestSeq ?? 0) >= length, ms);
          const awaited = unread.filter((seq) => seq > length - most);
          if (awaited.length === 0) return;
          const limit = length - awaited[0]! + 1;
          await until(
            client.watchMessages(id, { limit }),
            (list) => {
              const held = new Set(list.map(({ seq }) => seq));
              return awaited.every((seq) => held.has(seq));
            },
            ms,
          );
        },
        [groupId(group), length, [...unread], MOST_SHOWN, await stretched(PATIENCE_MS)] as const,
      ),
    );
    await work.catch(async (error: unknown) => {
      throw new Error(`${this.userId} never held the messages up to ${length} of ${group}; ${await this.#whatItShows(group)}`, {
        cause: error,
      });
    });
  }

  async #read(group: string, unread: readonly number[]): Promise<void> {
    const reading = this.chance.happens(0.3) ? this.#look(group) : this.#readInPage(group, unread);
    if (this.chance.happens(0.03)) await Promise.all([reading, this.chance.pause(40).then(() => this.phone.kill())]);
    await reading;
    if (this.chance.happens(0.015)) await this.phone.kill();
    const count = await this.phone.inPage((page) =>
      page.evaluate((id) => window.phone.now(window.phone.client.watchUnreadCount(id)), groupId(group)),
    );
    this.#note('browser: unread right after reading everything', group, count, 0);
  }

  /** Views the group until all is read. */
  #look(group: string): Promise<void> {
    return this.phone.inPage(async (page) =>
      page.evaluate(
        async ([id, ms]) => {
          const { client, until } = window.phone;
          document.hasFocus = () => true;
          const viewing = client.viewConversation(id);
          await until(client.watchUnreadCount(id), (count) => count === 0, ms);
          // If nothing was unread, no value shows the effect of the view. A later call takes effect after the
          // view.
          await client.clearConversationUnreadCount(id);
          viewing.close();
        },
        [groupId(group), await stretched(PATIENCE_MS)] as const,
      ),
    );
  }

  /** @returns number of queued receipts */
  #readInPage(group: string, unread: readonly number[]): Promise<number> {
    return this.phone.inPage((page) =>
      page.evaluate(
        async ([id, unread, most]) => {
          const { client, now } = window.phone;
          const read = new Set(unread);
          const list = await now(client.watchMessages(id, { limit: most }));
          const asking = list.filter(
            ({ seq, senderId, receiptRequested }) => seq !== null && read.has(seq) && receiptRequested && senderId !== client.userId,
          );
          const ids = asking.map((message) => message.id);
          const [told] = await Promise.all([
            ids.length > 0 ? client.sendReadReceipts(id, ids) : null,
            client.clearConversationUnreadCount(id),
          ]);
          return told?.queued.length ?? 0;
        },
        [groupId(group), [...unread], MOST_SHOWN] as const,
      ),
    );
  }

  /** The browser learns the receipts and the position of the second device, and does not send them again. */
  async #readOnSecond(group: string, length: number, unread: readonly number[], isCut: boolean): Promise<void> {
    await this.second.act(group, length);
    if (isCut || length === 0) return;
    const count = await this.phone.inPage(async (page) =>
      page.evaluate(
        async ([id, ms]) => {
          const { client, now, until } = window.phone;
          const counts = client.watchUnreadCount(id);
          return until(counts, (count) => count === 0, ms).catch(() => now(counts));
        },
        [groupId(group), await stretched(PATIENCE_MS)] as const,
      ),
    );
    this.#note('browser: unread after the second device read everything', group, count, 0);
    this.#note('browser: receipts told again after the second device', group, await this.#readInPage(group, unread), 0);
  }

  async #say(group: string, number: number, { text, asks }: Saying): Promise<void> {
    const sending = this.phone.inPage((page) =>
      page.evaluate(
        async ([group, body, id, requestReceipt]) => void (await window.phone.client.sendMessage(group, body, { id, requestReceipt })),
        [groupId(group), text, messageId(group, number), asks] as const,
      ),
    );
    if (this.chance.happens(0.02)) await Promise.all([sending, this.chance.pause(20).then(() => this.phone.kill())]);
    await sending;
    await this.flushed();
  }

  #note(what: string, group: string, found: number, right: number): void {
    this.noted.push({ what, where: `${this.userId} in ${group}`, found, right });
  }

  async #whatItShows(group: string): Promise<string> {
    const shown = await this.phone.inPage((page) =>
      page.evaluate(async (id) => {
        const { client, now } = window.phone;
        const held = await now(client.watchMessages(id, { limit: 1000 }));
        return JSON.stringify([
          await now(client.watchConnection()),
          await now(client.watchOutbox()),
          await now(client.watchDeadLetters()),
          await now(client.watchConversation(id)),
          held.map(({ seq }) => seq),
        ]);
      }, groupId(group)),
    );
    return `it shows ${shown}`;
  }

  async close(): Promise<void> {
    this.second.goOffline();
    await this.phone.close();
  }
}
