/**
 * The people of a soak: each writes to one other person at a steady pace, and reads what arrives. Their clients connect again and repeat
 * what was not answered, as every client does, so no trouble of a server may reach a person.
 */
import { ProtocolClient } from '../../support/protocol-client.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import { unreadAt } from '../../../src/model/conversation/unread.ts';
import { snapshots, type Verdict } from './judge.ts';
import { pause } from './measure.ts';

/** A new message in the feed of its reader. */
export interface Arrival {
  readonly at: number;
  readonly ms: number;
}

export class Person {
  client!: ProtocolClient;
  /** The ids of the confirmed messages that this person sent, by seq. */
  readonly sent = new Map<number, string>();
  readonly arrivals: Arrival[] = [];
  receipts = 0;
  readonly failures: string[] = [];
  private isOver = false;
  private lastRead = 0;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly port: number,
    readonly name: string,
    readonly peer: string,
    /** When each message was due, by id. */
    private readonly due: Map<string, number>,
  ) {}

  get chat(): ConversationId {
    return `direct:${this.peer}`;
  }

  async join(): Promise<void> {
    this.client = await ProtocolClient.connect(`ws://127.0.0.1:${this.port}/receipts`, this.name, this.name, `d-${this.name}`);
    this.client.onChanges((frame) => {
      for (const { messages } of frame.messages)
        for (const { id, senderId } of messages) {
          const due = this.due.get(id);
          if (senderId === this.peer && due !== undefined) this.arrivals.push({ at: performance.now(), ms: performance.now() - due });
        }
      this.read();
    });
  }

  /** Writes until `stop`, once in `everyMs`. */
  async write(everyMs: number): Promise<void> {
    await pause(Math.random() * everyMs);
    for (let n = 0; !this.isOver; n++) {
      const id = `${this.name}-${n}`;
      this.due.set(id, performance.now());
      try {
        const { seq } = await this.client.sendMessage(this.chat, `message ${n}`, { id });
        this.sent.set(seq, id);
      } catch (error) {
        this.failures.push(`${this.name}: ${String(error)}`);
      }
      await pause(everyMs);
    }
  }

  /** Ends the writing. */
  stop(): void {
    this.isOver = true;
  }

  /** Whether this person has both sides of the chat, and has read everything. */
  isDone(all: number): boolean {
    const row = this.client.rows.get(this.chat);
    return row !== undefined && row.latestSeq === all && row.readUpTo === all;
  }

  /** One receipt at a time: what arrives meanwhile is read by the next one. */
  private read(): void {
    this.reading = this.reading.then(async () => {
      const latest = this.client.rows.get(this.chat)?.latestSeq ?? 0;
      if (latest <= this.lastRead || this.client.ended) return;
      const from = this.lastRead + 1;
      this.lastRead = latest;
      try {
        const [result] = await this.client.submit([this.client.receiptsEntry(this.chat, { position: latest, read: [[from, latest]] })]);
        if (result?.outcome !== 'confirmed') this.failures.push(`${this.name}: a receipt ended ${JSON.stringify(result)}`);
        this.receipts++;
      } catch (error) {
        this.failures.push(`${this.name}: ${String(error)}`);
      }
    });
  }
}

/** Compares what the people sent with what the server has, and with what each device believes. */
export const judgePeople = async (port: number, people: readonly Person[], verdict: Verdict): Promise<void> => {
  const byName = new Map(people.map((person) => [person.name, person]));
  const rows = await snapshots(
    port,
    people.map(({ name }) => name),
  );
  for (const person of people) {
    const peer = byName.get(person.peer)!;
    const seqs = [...person.sent.keys(), ...peer.sent.keys()].sort((a, b) => a - b);
    verdict.expect(
      'messages, each once',
      person.name,
      seqs,
      seqs.map((_, i) => i + 1),
    );
    const row = rows.get(person.name)?.get(person.chat);
    const here = person.client.rows.get(person.chat);
    verdict.expect('messages at the server', person.name, row?.latestSeq, seqs.length);
    verdict.expect('positions', person.name, row?.readUpTo, seqs.length);
    verdict.expect('unread counts', person.name, row && unreadAt(row, row.readUpTo).unreadCount, 0);
    verdict.expect('receipts', person.name, row?.theirs.read, [[1, seqs.length]]);
    verdict.expect(
      'the device',
      person.name,
      here && [here.latestSeq, here.readUpTo, here.theirs.read],
      row && [row.latestSeq, row.readUpTo, row.theirs.read],
    );
    const held = person.client.messages.get(person.chat);
    for (const [seq, id] of peer.sent) if (held?.has(seq)) verdict.expect('messages at the device', person.name, held.get(seq)?.id, id);
  }
};
