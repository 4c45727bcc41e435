/** One device of a test user: says hello, submits, pulls, and checks that the feed joins end to end. */
import type { Frame } from '../protocol/frames.ts';
import type { WireMessage } from '../protocol/changes.ts';
import type { WireResult } from '../protocol/submit.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import { demand, like, Mismatch, shown } from './demand.ts';
import { Copy } from './copy.ts';
import type { Ledger } from './ledger.ts';
import type { Person } from './users.ts';
import type { WireSocket } from './wire/socket.ts';

export const hello = ({ userId, token }: Person, deviceId = 'd1'): Frame<'hello'> => ({
  type: 'hello',
  version: PROTOCOL_VERSION,
  token,
  userId,
  deviceId,
});

export type Confirmed = Extract<WireResult, { outcome: 'confirmed' }>;

export class Device {
  copy = new Copy();
  /** The cursor of the copy. */
  cursor: string | null = null;
  welcome: Frame<'welcome'> | undefined;
  /** Frames of the feed since the last pull. */
  news: Frame<'changes'>[] = [];
  private pulling = false;
  private hasPulled = false;
  private lastId = 0;

  constructor(
    readonly wire: WireSocket,
    readonly person: Person,
    private readonly ledger: Ledger,
  ) {
    wire.onFrame = (frame) => {
      if (frame.type === 'changes') this.readChanges(frame);
    };
  }

  get userId(): string {
    return this.person.userId;
  }

  /** The name of the conversation with another user. */
  with(peer: { readonly userId: string }): `direct:${string}` {
    return `direct:${peer.userId}`;
  }

  newId(): number {
    return ++this.lastId;
  }

  /** Sends a request, and again if the server is busy, as every client does. @returns the first frame of the answer */
  private async ask<T extends 'answer' | 'messages' | 'receipts' | 'members'>(
    frame: { type: string; id: number },
    type: T,
  ): Promise<Frame<T>> {
    const end = Date.now() + this.wire.patienceMs;
    for (;;) {
      this.wire.send(frame);
      const what = `${type} to ${frame.type} ${frame.id}`;
      const answer = await this.wire.until(() => this.wire.take((one) => one.type === type || one.type === 'error'), what);
      if (answer.type === type) return answer as Frame<T>;
      const isBusy = answer.type === 'error' && answer.code === 'server/busy';
      demand(isBusy && Date.now() < end, what, answer);
      await new Promise((resolve) => setTimeout(resolve, answer.retryAfterMs ?? 100));
    }
  }

  /** Submits entries. @returns the whole answer. @throws {Mismatch} for results that do not fit the entries */
  async submit(entries: readonly object[], more: object = {}): Promise<Frame<'answer'>> {
    const id = this.newId();
    const answer = await this.ask({ type: 'submit', id, ...{ entries, ...more } }, 'answer');
    const [saw, wanted] = [answer.results.map(({ key }) => key), entries.map((entry) => (entry as { key: string }).key)];
    if (answer.id !== id || shown(saw) !== shown(wanted)) {
      const contradiction = `answer ${answer.id} with the keys ${shown(saw)}, to submit ${id} with the keys ${shown(wanted)}`;
      this.ledger.note('answer-order', contradiction);
      throw new Mismatch('one result for each entry, in the order of the entries', contradiction);
    }
    return answer;
  }

  /** Submits one entry. @returns its result */
  async put(entry: object): Promise<WireResult> {
    return (await this.submit([entry])).results[0]!;
  }

  /** Submits one entry that the server must confirm. */
  async confirm(entry: object, what = 'the entry'): Promise<Confirmed> {
    const result = await this.put(entry);
    demand(result.outcome === 'confirmed', `${what} confirmed`, result);
    return result;
  }

  /** Submits one entry that the server must reject. */
  async refuse(entry: object, code: string, what: string): Promise<void> {
    like(await this.put(entry), { outcome: 'rejected', code }, `the result of ${what}`);
  }

  /** Pulls, and waits for the last frame. @returns the frames */
  async pull(cursor: string | null = this.cursor, more: object = {}): Promise<Frame<'changes'>[]> {
    this.startPull(cursor);
    this.wire.send({ type: 'pull', cursor, ...more });
    return this.pulled();
  }

  /**
   * Pulls into a new copy, again until the copy has what `has` looks for: the feed may be behind the answers to other devices.
   *
   * @returns the frames of the last pull
   */
  async pullFor(cursor: string | null, what: string, has: (copy: Copy) => boolean): Promise<Frame<'changes'>[]> {
    const end = Date.now() + this.wire.patienceMs;
    for (;;) {
      this.copy = new Copy();
      const frames = await this.pull(cursor);
      if (has(this.copy)) return frames;
      if (Date.now() > end) throw new Mismatch(`${what} in the answer to a pull`, shown(frames));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Pulls until an answer has no row: the feed may bring a fact again while the cursor is behind the answers to other devices. */
  async pullRest(): Promise<void> {
    const end = Date.now() + this.wire.patienceMs;
    for (let frames = await this.pull(); frames.some(({ rows }) => rows.length > 0); frames = await this.pull()) {
      if (Date.now() > end) throw new Mismatch('an answer without a row to a pull at the newest cursor', shown(frames));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  startPull(cursor: string | null): void {
    this.news = [];
    this.cursor = cursor;
    this.pulling = true;
    this.hasPulled = true;
  }

  async pulled(): Promise<Frame<'changes'>[]> {
    await this.wire.until(
      () => (this.news.some(({ complete }) => complete) || this.refused() ? true : undefined),
      'changes up to complete: true',
    );
    const refusal = this.refused();
    demand(!refusal, 'changes', refusal);
    return this.news;
  }

  /** What the feed brings until the answer to a ping, which is a pull too. */
  async quiet(): Promise<Frame<'changes'>[]> {
    const before = this.news.length;
    this.wire.send({ type: 'ping' });
    await this.wire.next('pong', 'a pong');
    return this.news.slice(before);
  }

  /** Waits until the feed has brought what `has` looks for. */
  async sees(what: string, has: (copy: Copy) => boolean): Promise<void> {
    await this.wire
      .until(() => (has(this.copy) ? true : undefined), `${what} in the feed of ${this.userId}, by itself`)
      .catch((error: unknown) => {
        if (!(error instanceof Mismatch)) throw error;
        throw new Mismatch(error.expected, `the rows ${shown([...this.copy.rows.values()])} and no more`);
      });
  }

  /** Fetches messages. */
  async fetch(wants: readonly object[]): Promise<WireMessage[]> {
    const id = this.newId();
    const found: WireMessage[] = [];
    for (let frame = await this.ask({ type: 'fetch', id, ...{ wants } }, 'messages'); ; frame = await this.wire.next('messages')) {
      demand(frame.id === id, `messages with id ${id}`, frame);
      found.push(...frame.of.flatMap(({ messages }) => messages));
      if (frame.complete) return found;
    }
  }

  async fetchReceipts(messageIds: readonly string[]): Promise<Frame<'receipts'>['receipts']> {
    const frame = { type: 'fetch-receipts', id: this.newId(), messageIds };
    return (await this.ask(frame, 'receipts')).receipts;
  }

  async fetchMembers(messageId: string, filter: 'read' | 'unread', cursor: string | null = null, limit = 100): Promise<Frame<'members'>> {
    const frame = { type: 'fetch-members', id: this.newId(), messageId, filter, cursor, limit };
    return this.ask(frame, 'members');
  }

  close(): void {
    this.wire.cut();
  }

  private refused(): Frame<'error'> | undefined {
    return this.wire.frames.find((frame) => frame.type === 'error');
  }

  private readChanges(frame: Frame<'changes'>): void {
    this.wire.take((one) => one === frame);
    if (frame.from !== this.cursor) {
      // A live frame may cross a new pull; a client drops it.
      if (!this.pulling)
        this.ledger.note('contiguous', `a frame from ${shown(frame.from)} at the cursor ${shown(this.cursor)} of ${this.userId}`);
      return;
    }
    if (!this.hasPulled) this.ledger.note('contiguous', `changes for ${this.userId} before any pull`);
    this.pulling = false;
    this.cursor = frame.to;
    this.copy.apply(frame);
    this.news.push(frame);
  }
}
