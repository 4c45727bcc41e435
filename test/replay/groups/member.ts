/** A person's device without a browser: connected during its actions, and reading all messages of its memberships with a single frame. */
import { contains, fromSeqs, subtract } from '../../../src/model/registers/ranges.ts';
import type { ConversationRow } from '../../../src/model/conversation/conversation.ts';
import type { ConversationId } from '../../../src/model/ids.ts';
import type { WireEntry } from '../../../src/protocol/submit.ts';
import { ProtocolClient } from '../../support/protocol-client.ts';
import { type Door, framesOf } from '../door.ts';
import { covers } from '../tally.ts';
import { groupId, messageId } from './names.ts';

const PATIENCE_MS = 20_000;
const RENEW_AFTER_MS = 5 * 60_000;
/** Maximum number of ranges in one `fetch` of a conversation. */
const MAX_WANTED_RANGES = 64;

export interface Saying {
  readonly text: string;
  readonly asks: boolean;
}

export class Member {
  /** The stored messages of this device and its cursor, both kept while offline. */
  #client: ProtocolClient | undefined;
  #since = 0;

  constructor(
    readonly userId: string,
    private readonly door: Door,
    readonly deviceId = `phone-of-${userId}`,
  ) {}

  get held(): ProtocolClient['messages'] {
    return this.#client?.messages ?? new Map();
  }

  get client(): ProtocolClient {
    if (!this.#client) throw new Error(`${this.userId} never came`);
    return this.#client;
  }

  /** Connects with the old cursor. An old connection is replaced before its token expires. */
  async comeOnline(): Promise<void> {
    const isOnline = this.#since > 0 && !this.#client?.ended;
    if (isOnline && performance.now() - this.#since < RENEW_AFTER_MS) return;
    this.goOffline();
    const token = await this.door.token(this.userId);
    this.#client = await ProtocolClient.connect(this.door.server.url, token, this.userId, this.deviceId, this.#client);
    this.#since = performance.now();
  }

  goOffline(): void {
    this.#since = 0;
    this.#client?.close();
  }

  /**
   * Reads all messages, and sends a message if the line has one, in one frame.
   *
   * @param length messages in the group
   */
  async act(group: string, length: number, saying?: Saying): Promise<void> {
    await this.comeOnline();
    const client = this.client;
    const id = groupId(group);
    const entries: WireEntry[] = [];
    if (length > 0) {
      await client.waitFor(() => (client.rows.get(id)?.latestSeq ?? 0) >= length, PATIENCE_MS, `message ${length} of ${group}`);
      const row = client.rows.get(id)!;
      await this.#fetchMissing(id, row);
      const named = fromSeqs(this.#unacked(id, row));
      entries.push(client.receiptsEntry(id, { position: row.latestSeq, ...(named.length > 0 ? { named } : {}) }));
    }
    if (saying) entries.push(client.messageEntry(id, saying.text, { id: messageId(group, length + 1), requestReceipt: saying.asks }));
    const results = await client.submit(entries);
    const refused = results.find((result) => result.outcome !== 'confirmed' || result.refused);
    if (refused) throw new Error(`${this.userId} in ${group}: not taken as it was meant: ${JSON.stringify(refused)}`);
    const said = saying ? results.at(-1) : undefined;
    if (said?.outcome === 'confirmed' && said.message?.seq !== length + 1)
      throw new Error(`${group}: message ${length + 1} of the file is message ${said.message?.seq} of the server`);
  }

  *#unacked(id: ConversationId, { present, mine }: ConversationRow): Iterable<number> {
    for (const { seq, senderId, receiptRequested } of this.held.get(id)?.values() ?? [])
      if (receiptRequested && senderId !== this.userId && contains(present, seq) && !covers(mine.named, seq)) yield seq;
  }

  /** A first connection brings no messages, and a long absence brings only some of them. */
  async #fetchMissing(id: ConversationId, { present }: ConversationRow): Promise<void> {
    for (;;) {
      const held = this.client.messages.get(id) ?? new Map<number, never>();
      const missing = subtract(present, fromSeqs(held.keys()));
      if (missing.length === 0) return;
      const [answer] = await this.door.ask(this.userId, [
        { type: 'fetch', wants: [{ conversationId: id, seqs: missing.slice(-MAX_WANTED_RANGES), limit: 2000 }] },
      ]);
      let got = 0;
      for (const { of } of framesOf(answer!, 'messages'))
        for (const { conversationId, messages } of of) {
          const into = this.client.messages.get(conversationId) ?? new Map<number, (typeof messages)[number]>();
          this.client.messages.set(conversationId, into);
          for (const message of messages) into.set(message.seq, message);
          got += messages.length;
        }
      if (got === 0) throw new Error(`${this.userId}: ${id} does not give out messages ${JSON.stringify(missing)}`);
    }
  }
}
