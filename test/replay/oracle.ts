/**
 * What must come of the traffic, recounted from the file by the rules alone: plain lists and loops, nothing shared with the product
 * or with whoever plays the traffic.
 *
 * Online: from a person's first line of a channel-day until they leave, 30 silent minutes, or its end. What is addressed to somebody
 * online is delivered; so is everything else when they come online. Who speaks or joins has read all addressed to them: told to the
 * sender where the line answers that sender, privately elsewhere.
 */
import type { Line } from './traffic.ts';

export interface OracleMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  delivered: boolean;
  /** As its sender is told. */
  read: boolean;
}

export interface OraclePair {
  /** In order; the first is number 1. */
  readonly messages: OracleMessage[];
  /** How far each has read, privately: a number of message. */
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

  /** What happens when this person comes online. */
  deliverAll(person: string): void {
    for (const peer of this.peersOf(person))
      for (const message of this.pair(person, peer).messages) if (message.to === person) message.delivered = true;
  }

  /** Everybody who wrote or was written to. */
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
