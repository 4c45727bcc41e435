/**
 * A person without a browser: connected while online, sends delivery receipts as soon as messages are stored,
 * and reads when the replay says so.
 */
import type { ConversationId } from '../../src/model/ids.ts';
import { contains, fromSeqs, highest, range, subtract, union } from '../../src/model/registers/ranges.ts';
import { decodeServerFrames } from '../../src/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import type { WireEntry } from '../../src/protocol/submit.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import type { ServedReceipts } from '../support/serve.ts';
import type { Book } from './book.ts';

/** A person in a replay, with or without a browser. */
export interface Participant {
  comeOnline(): Promise<void>;
  /** Goes offline once all messages sent so far are stored here and confirmed as delivered. */
  goOffline(): Promise<void>;
  /** Reads all messages sent so far: with a receipt for `answered`, without one for `cleared`. */
  read(cleared: readonly string[], answered: string | null): Promise<void>;
  say(to: string, text: string, id: string): Promise<void>;
}

export const direct = (peer: string): ConversationId => `direct:${peer}`;

const PATIENCE_MS = 30_000;

export class Person implements Participant {
  /** The stored messages of this device and its cursor, both kept while offline. */
  #client: ProtocolClient | undefined;
  #token = '';
  #touched = new Set<ConversationId>();
  #delivering: Promise<void> | undefined;
  #trouble: unknown;

  constructor(
    readonly userId: string,
    private readonly server: ServedReceipts,
    private readonly book: Book,
  ) {}

  /** The messages delivered to this device, by conversation and seq. */
  get held(): ProtocolClient['messages'] {
    return this.#client?.messages ?? new Map();
  }

  async comeOnline(): Promise<void> {
    this.#token = await this.server.token(this.userId);
    const client = await ProtocolClient.connect(this.server.url, this.#token, this.userId, `phone-of-${this.userId}`, this.#client);
    this.#client = client;
    client.onChanges(({ rows }) => {
      for (const { conversationId } of rows) this.#touched.add(conversationId);
      void this.#deliver();
    });
    for (const id of client.rows.keys()) this.#touched.add(id);
    void this.#deliver();
  }

  async goOffline(): Promise<void> {
    await this.#settle();
    this.#client!.close();
  }

  async read(cleared: readonly string[], answered: string | null): Promise<void> {
    const peers = answered === null ? cleared : [...cleared, answered];
    if (peers.length === 0) return;
    await this.#settle();
    const client = this.#client!;
    const entries = peers.map((peer): WireEntry => {
      const id = direct(peer);
      const received = [...(client.messages.get(id)?.values() ?? [])].filter(({ senderId }) => senderId === peer).map(({ seq }) => seq);
      return client.receiptsEntry(id, {
        position: client.rows.get(id)!.latestSeq,
        ...(peer === answered ? { read: range(1, highest(fromSeqs(received))) } : {}),
      });
    });
    await this.#submit(entries);
  }

  async say(to: string, text: string, id: string): Promise<void> {
    await this.#submit([this.#client!.messageEntry(direct(to), text, { id })]);
    this.book.accepted(this.userId, to);
  }

  close(): void {
    this.#client?.close();
  }

  async #submit(entries: readonly WireEntry[]): Promise<void> {
    const refused = (await this.#client!.submit(entries)).find(({ outcome }) => outcome !== 'confirmed');
    if (refused) throw new Error(`${this.userId}: an entry was refused: ${JSON.stringify(refused)}`);
  }

  /** Resolves once all messages sent so far are stored and confirmed as delivered. */
  async #settle(): Promise<void> {
    const client = this.#client!;
    const expected = [...this.book.conversationsOf(this.userId)];
    await client.waitFor(
      () => expected.every(([peer, senders]) => (client.rows.get(direct(peer))?.latestSeq ?? 0) >= senders.length),
      PATIENCE_MS,
      'a message that the server took',
    );
    do await this.#deliver();
    while (this.#touched.size > 0);
    if (this.#trouble) throw this.#trouble instanceof Error ? this.#trouble : new Error('telling what was delivered failed');
  }

  #deliver(): Promise<void> {
    return (this.#delivering ??= this.#deliverTouched()
      .catch((error: unknown) => void (this.#trouble = error))
      .finally(() => (this.#delivering = undefined)));
  }

  async #deliverTouched(): Promise<void> {
    const client = this.#client!;
    while (this.#touched.size > 0) {
      const touched = [...this.#touched];
      this.#touched = new Set();
      await this.#fetchMissing(client, touched);
      const entries = touched.flatMap((id) => {
        const row = client.rows.get(id);
        const received = [...(client.messages.get(id)?.values() ?? [])]
          .filter(({ senderId }) => senderId !== this.userId)
          .map(({ seq }) => seq);
        const delivered = row ? subtract(fromSeqs(received), union(row.mine.delivered, row.mine.read)) : [];
        return delivered.length > 0 ? [client.receiptsEntry(id, { delivered })] : [];
      });
      if (entries.length > 0) await this.#submit(entries);
    }
  }

  /** A snapshot brings no messages, and a long absence brings only some of them: the device fetches the rest over HTTP. */
  async #fetchMissing(client: ProtocolClient, ids: readonly ConversationId[]): Promise<void> {
    const wants = ids.flatMap((id) => {
      const held = fromSeqs(client.messages.get(id)?.keys() ?? []);
      const seqs = subtract(range(1, client.rows.get(id)?.latestSeq ?? 0), held).slice(-64);
      return seqs.length > 0 ? [{ conversationId: id, seqs, limit: 2000 }] : [];
    });
    if (wants.length === 0) return;
    const { userId } = this;
    const hello = { type: 'hello', version: PROTOCOL_VERSION, token: this.#token, userId, deviceId: client.deviceId };
    const response = await fetch(`http://127.0.0.1:${this.server.port}/receipts`, {
      method: 'POST',
      body: JSON.stringify([hello, { type: 'fetch', id: 1, wants: wants.slice(0, 200) }]),
    });
    for (const frame of decodeServerFrames(await response.text())) {
      if (frame.type !== 'messages') continue;
      for (const { conversationId, messages } of frame.of) {
        const held = client.messages.get(conversationId) ?? new Map<number, (typeof messages)[number]>();
        client.messages.set(conversationId, held);
        for (const message of messages) held.set(message.seq, message);
      }
    }
    const left = wants.filter(
      ({ conversationId, seqs }) => !seqs.every(([from]) => contains(fromSeqs(client.messages.get(conversationId)?.keys() ?? []), from)),
    );
    if (left.length > 0)
      await this.#fetchMissing(
        client,
        left.map(({ conversationId }) => conversationId),
      );
  }
}
