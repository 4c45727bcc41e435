/**
 * The expected result of the traffic, recounted from the file by the rules alone: plain lists and loops,
 * sharing no code with the product or with the player of the traffic. A person is online from their first
 * line of a channel-day until their departure, for 30 silent minutes at most, or until the day's end. A
 * message to an online person is delivered, and all other messages are delivered when the person comes
 * online. A writing or joining person has read all incoming messages: a read receipt is sent if the line
 * answers the sender, and otherwise only the position moves.
 */
import type { Line } from './traffic.ts';

export interface OracleMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  delivered: boolean;
  /** Whether its sender has a read receipt. */
  read: boolean;
}

export interface OraclePair {
  /** In order; the first message has number 1. */
  readonly messages: OracleMessage[];
  /** The read position of each side: a number of a message. */
  readonly position: Map<string, number>;
}

const SILENT_MINUTES = 30;

export class Oracle {
  readonly #pairs = new Map<string, OraclePair>();
  readonly #peers = new Map<string, Set<string>>();
  readonly #lastLine = new Map<string, number>();

  constructor(lines: readonly Line[]) {
    let day: string | undefined;
    for (const line of lines) {
      if (line.day !== day) this.#lastLine.clear();
      day = line.day;
      for (const [person, at] of this.#lastLine) if (line.at - at >= SILENT_MINUTES) this.#lastLine.delete(person);
      this.#play(line);
    }
  }

  #play({ at, person, kind, text, to }: Line): void {
    if (kind === 'leave') {
      this.#lastLine.delete(person);
      return;
    }
    if (!this.#lastLine.has(person)) this.deliverAll(person);
    this.#lastLine.set(person, at);
    for (const peer of this.peersOf(person)) {
      const pair = this.pair(person, peer);
      const answers = to === peer && pair.messages.some(({ from }) => from === peer);
      if (answers) for (const message of pair.messages) if (message.from === peer) message.read = true;
      if (answers || this.unread(person, peer) > 0) pair.position.set(person, pair.messages.length);
    }
    if (to === null) return;
    for (const [one, other] of [
      [person, to],
      [to, person],
    ] as const)
      this.#peers.set(one, (this.#peers.get(one) ?? new Set()).add(other));
    this.pair(person, to).messages.push({ from: person, to, text, delivered: this.#lastLine.has(to), read: false });
  }

  /** Delivers all messages to a person at the return online. */
  deliverAll(person: string): void {
    for (const peer of this.peersOf(person))
      for (const message of this.pair(person, peer).messages) if (message.to === person) message.delivered = true;
  }

  /** All senders and all addressees. */
  people(): string[] {
    return [...this.#peers.keys()];
  }

  peersOf(person: string): string[] {
    return [...(this.#peers.get(person) ?? [])];
  }

  pair(a: string, b: string): OraclePair {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    let pair = this.#pairs.get(key);
    if (!pair) this.#pairs.set(key, (pair = { messages: [], position: new Map() }));
    return pair;
  }

  pairs(): number {
    return this.#pairs.size;
  }

  messages(): number {
    let count = 0;
    for (const { messages } of this.#pairs.values()) count += messages.length;
    return count;
  }

  unread(person: string, peer: string): number {
    const { messages, position } = this.pair(person, peer);
    const read = position.get(person) ?? 0;
    return messages.filter(({ from }, i) => from === peer && i + 1 > read).length;
  }

  totalUnread(person: string): number {
    return this.peersOf(person).reduce((total, peer) => total + this.unread(person, peer), 0);
  }
}
