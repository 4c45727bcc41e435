/** Asking the server for messages, from any tab, over the HTTP door; what comes is stored like everything else. */
import { AuthError } from '../../errors.ts';
import { type ConversationId } from '../../model/ids.ts';
import type { Message } from '../../model/message.ts';
import { range, type Ranges, size, subtract, union } from '../../model/ranges.ts';
import type { Ports } from '../../ports/ports.ts';
import { Backoff } from '../../model/backoff.ts';
import type { Frame } from '../../protocol/frames.ts';
import { restOfFetch } from '../net/rest-of-fetch.ts';
import { RequestedSeqs } from '../present/requested-seqs.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { applyMessages } from '../apply/apply-server-rows.ts';
import { newestSeqs, readPresented } from '../present/read-messages.ts';
import type { Writer } from '../write/writer.ts';
import type { Ask } from './ask.ts';

/** How long an open chat waits for the feed before it asks itself. */
const FEED_TIMEOUT_MS = 250;

/** Where the stretch begins that is held without a gap up to the newest message; one past the newest where that is not held. */
const heldFrom = (conversation: ConversationState): number => {
  const last = conversation.storedSeqs[conversation.storedSeqs.length - 1];
  return last && last[1] >= conversation.row.latestSeq ? last[0] : conversation.row.latestSeq + 1;
};

export class History {
  /** Asked for since this tab started, so that an opened chat asks once. */
  private readonly asked: RequestedSeqs;
  private readonly waiting = new Set<ConversationId>();
  /** Chats whose messages did not come: a chat that changes all the time is no reason to ask all the time (F115). */
  private readonly failed = new Map<ConversationId, { readonly backoff: Backoff; readonly until: number }>();

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random'>,
    private readonly writer: Writer,
    private readonly ask: Ask,
  ) {
    this.asked = new RequestedSeqs(writer);
  }

  private async fetch(conversationId: ConversationId, seqs: Ranges): Promise<void> {
    let wants: Frame<'fetch'>['wants'] = [{ conversationId, seqs: [...seqs], limit: size(seqs) }];
    // One answer may not hold it all.
    while (wants.length > 0) {
      const fetch = { type: 'fetch', id: 1, wants } as const;
      const answers = await this.ask.ask(fetch);
      const frames = answers.filter((answer) => answer.type === 'messages');
      await this.writer.write('fetched', { durability: 'relaxed' }, (draft) => {
        for (const { of } of frames) for (const item of of) applyMessages(draft, this.ports, item.conversationId, item.messages, 'silent');
      });
      wants = restOfFetch(fetch, answers);
    }
  }

  /** A chat is open: what is missing of its newest `limit` messages is fetched, once, as far as the network allows. */
  opened(conversationId: ConversationId, limit: number): void {
    if (!this.asked.has(conversationId)) return this.fetchMissing(conversationId, limit);
    if (this.waiting.has(conversationId)) return;
    // The feed brings what is new by itself, often a moment after its row.
    this.waiting.add(conversationId);
    const leftAloneMs = (this.failed.get(conversationId)?.until ?? 0) - this.ports.clock.mono();
    this.ports.clock.timer(Math.max(FEED_TIMEOUT_MS, leftAloneMs), () => {
      this.waiting.delete(conversationId);
      this.fetchMissing(conversationId, limit);
    });
  }

  /** The server is there again: what did not come is asked for as soon as its chat changes or is opened. */
  reached(): void {
    this.failed.clear();
  }

  private fetchMissing(conversationId: ConversationId, limit: number): void {
    const conversation = this.writer.model.get(conversationId);
    if (!conversation || this.writer.model.paused) return;
    const { row, storedSeqs, evicted } = conversation;
    const first = Math.max(row.firstSeq, row.joinedAt + 1, row.latestSeq - limit + 1);
    const missing = subtract(subtract(range(first, row.latestSeq), union(storedSeqs, evicted)), this.asked.of(conversationId));
    if (missing.length === 0) return;
    this.asked.add(conversationId, missing);
    this.fetch(conversationId, missing.slice(-64)).then(
      () => this.failed.delete(conversationId),
      () => {
        // Asked again when the chat is opened or changes next, and not before the wait is over.
        this.asked.forget(conversationId, missing);
        const backoff = this.failed.get(conversationId)?.backoff ?? new Backoff(this.ports.random);
        this.failed.set(conversationId, { backoff, until: this.ports.clock.mono() + backoff.failed(this.ask.leftAloneMs) });
      },
    );
  }

  /** Backfill below what is held without a gap. Offline: what is held there. */
  async loadOlder(conversationId: ConversationId, limit: number): Promise<{ messages: readonly Message[]; complete: boolean }> {
    const conversation = this.writer.model.get(conversationId);
    if (!conversation) return { messages: [], complete: true };
    const { row } = conversation;
    const first = Math.max(row.firstSeq, row.joinedAt + 1);
    const below = heldFrom(conversation) - 1;
    const wanted = range(Math.max(first, below - limit + 1), below);
    if (wanted.length === 0) return { messages: [], complete: true };
    const missing = subtract(wanted, conversation.storedSeqs);
    let places = wanted;
    if (missing.length > 0 && !this.writer.model.paused)
      try {
        await this.fetch(conversationId, missing.slice(-64));
      } catch (error) {
        if (error instanceof AuthError && error.code === 'auth/wrong-user') throw error;
        places = newestSeqs(subtract(conversation.storedSeqs, range(below + 1, Number.MAX_SAFE_INTEGER)), limit);
      }
    const messages = await this.writer.readInOrder('read-older', (model, tx) =>
      readPresented(tx, model, model.get(conversationId)!, places),
    );
    return { messages, complete: places === wanted && wanted[0]![0] <= first };
  }
}
