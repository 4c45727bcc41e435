/**
 * The messages of every contestant, from a seed: conversations by Zipf's law, a fifth of the messages the user's own.
 * The feed counts the unread messages one by one, so its counts are the oracle of each contestant's counts.
 */
import { Chance } from '../../replay/chance.ts';

export const ME = 'me';
export const PER_BATCH = 1000;
/** The screen shows the counts of this many conversations. */
export const VISIBLE = 50;
/** Read receipts are queued for this many of the newest messages of each conversation. */
const NEWEST = 14;
const OWN = 0.2;
const SEED = 42;
const FIRST_SENT_AT = Date.UTC(2031, 0, 1);
const TEXT = 'the lamp of the lighthouse is lit again, come and see';

/** How much a contestant stores. */
export interface Amount {
  readonly messages: number;
  readonly conversations: number;
}

export interface FedMessage {
  readonly id: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly senderId: string;
  readonly sentAt: number;
  /** JSON text. */
  readonly body: string;
}

export interface Target {
  readonly conversationId: string;
  readonly id: string;
}

export const peerOf = (number: number): string => `u${number}`;
export const conversationOf = (number: number): `direct:${string}` => `direct:${peerOf(number)}`;

/** The conversations with counts on the screen. */
export const visibleOf = (conversations: number): `direct:${string}`[] =>
  Array.from({ length: Math.min(VISIBLE, conversations) }, (_, number) => conversationOf(number));

export class Feed {
  readonly unread = new Map<string, number>();
  readonly latestSeq = new Map<string, number>();
  totalUnread = 0;
  private sent = 0;
  private readonly chance = new Chance(SEED);
  private readonly shares: number[] = [];
  private readonly newest = new Map<string, string[]>();

  constructor(private readonly amount: Amount) {
    let sum = 0;
    for (let rank = 1; rank <= amount.conversations; rank++) this.shares.push((sum += 1 / rank));
  }

  /** The next messages. @param onlyOthers no message is the user's own, so each message counts. */
  take(count: number, onlyOthers = false): FedMessage[] {
    return Array.from({ length: count }, () => this.next(onlyOthers));
  }

  /** The rest of the backlog in batches. */
  batches(): FedMessage[][] {
    const batches: FedMessage[][] = [];
    while (this.sent < this.amount.messages) batches.push(this.take(Math.min(PER_BATCH, this.amount.messages - this.sent)));
    return batches;
  }

  /** Counts the whole backlog, and keeps no message. */
  skipBacklog(): this {
    while (this.sent < this.amount.messages) this.next(false);
    return this;
  }

  /** Messages to read: among the newest messages of others in each conversation, in any order. @param skip leaves out the first ones. */
  toRead(count: number, skip = 0): Target[] {
    const all = [...this.newest].flatMap(([conversationId, ids]) => ids.map((id) => ({ conversationId, id })));
    const order = new Chance(SEED);
    for (let i = all.length - 1; i > 0; i--) {
      const other = order.between(0, i);
      [all[i], all[other]] = [all[other]!, all[i]!];
    }
    if (all.length < skip + count) throw new Error(`only ${all.length} messages to read`);
    return all.slice(skip, skip + count);
  }

  private next(onlyOthers: boolean): FedMessage {
    const number = this.pick();
    const conversationId = conversationOf(number);
    const seq = (this.latestSeq.get(conversationId) ?? 0) + 1;
    const isMine = this.chance.happens(OWN) && !onlyOthers;
    const sent = this.sent++;
    const id = `message-${sent.toString(36).padStart(6, '0')}`;
    this.latestSeq.set(conversationId, seq);
    if (!isMine) {
      this.totalUnread++;
      this.unread.set(conversationId, (this.unread.get(conversationId) ?? 0) + 1);
      const ids = this.newest.get(conversationId) ?? [];
      if (ids.push(id) > NEWEST) ids.shift();
      this.newest.set(conversationId, ids);
    }
    const senderId = isMine ? ME : peerOf(number);
    const body = JSON.stringify({ text: `${sent} ${TEXT}` });
    return { id, conversationId, seq, senderId, sentAt: FIRST_SENT_AT + sent * 1000, body };
  }

  private pick(): number {
    const at = this.chance.next() * this.shares.at(-1)!;
    let low = 0;
    let high = this.amount.conversations - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.shares[middle]! > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
