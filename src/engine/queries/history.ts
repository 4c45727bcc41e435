/** Older messages: any tab requests older messages from the server over HTTP and stores the answer for all tabs. */
import { AuthError } from '../../errors.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import type { Message } from '../../model/message/message.ts';
import {
  fromSeqs,
  highest,
  intersect,
  newestSeqs,
  NO_RANGES,
  range,
  type Ranges,
  size,
  subtract,
  union,
} from '../../model/registers/ranges.ts';
import { firstVisible } from '../../model/conversation/conversation.ts';
import type { Ports } from '../../ports/ports.ts';
import { Backoff } from '../../model/backoff.ts';
import type { Frame } from '../../protocol/frames.ts';
import { restOfFetch } from '../net/rest-of-fetch.ts';
import { RequestedSeqs } from '../present/requested-seqs.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { applyMessages } from '../apply/apply-messages.ts';
import { readPresented } from '../present/read-messages.ts';
import type { Writer } from '../write/writer.ts';
import type { Ask } from './ask.ts';
import { MAX_RANGES_PER_WANT } from '../../protocol/limits.ts';

/** An open chat waits so long for the feed before the tab requests missing messages. */
const FEED_TIMEOUT_MS = 250;

/** The tab requests messages again that this device discarded during the request: at most so often. */
const MAX_LOADS = 2;

/** First `seq` of the messages stored without a gap up to the newest message; `latestSeq + 1` when the newest message is not stored. */
const storedWithoutGapFrom = (conversation: ConversationState): number => {
  const last = conversation.storedSeqs[conversation.storedSeqs.length - 1];
  return last && last[1] >= conversation.row.latestSeq ? last[0] : conversation.row.latestSeq + 1;
};

export class History {
  /** The `seq`s requested since this tab started, so that an open chat requests each message once. */
  private readonly requested: RequestedSeqs;
  private readonly waiting = new Set<ConversationId>();
  /** Chats with a failed request, and the end of the wait. A chat that changes all the time must not request all the time (F115). */
  private readonly failed = new Map<ConversationId, { readonly backoff: Backoff; readonly until: number; readonly limit: number }>();

  /** By chat: a message that {@link needed} could not fetch. */
  private readonly missed = new Map<ConversationId, Seq>();

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random'>,
    private readonly writer: Writer,
    private readonly ask: Ask,
  ) {
    this.requested = new RequestedSeqs(writer);
  }

  /** Fetches these messages and stores them. The server may limit the messages of one answer: the tab asks on while answers bring some. */
  async fetch(conversationId: ConversationId, wanted: Ranges): Promise<void> {
    for (let missing = wanted, before = Infinity; missing.length > 0 && size(missing) < before;) {
      before = size(missing);
      // A question has room for a few ranges. One range over scattered messages also brings stored ones, and it is one request.
      const seqs = missing.length > MAX_RANGES_PER_WANT ? range(missing[0]![0], highest(missing)) : missing;
      await this.fetchWants([{ conversationId, seqs: [...seqs], limit: size(seqs) }]);
      missing = subtract(missing, this.writer.model.get(conversationId)?.storedSeqs ?? missing);
    }
  }

  /** Fetches one message of a conversation by its id and stores it. The server sends nothing for a message of another conversation. */
  fetchById(conversationId: ConversationId, messageId: MessageId): Promise<void> {
    return this.fetchWants([{ conversationId, seqs: [], messageId, limit: 1 }]);
  }

  private async fetchWants(all: Frame<'fetch'>['wants']): Promise<void> {
    let wants = all;
    // One answer may not have room for all messages.
    while (wants.length > 0) {
      const fetch = { type: 'fetch', id: 1, wants } as const;
      const answers = await this.ask.ask(fetch);
      const frames = answers.filter((answer) => answer.type === 'messages');
      await this.writer.write('fetched', { durability: 'relaxed' }, (draft) => {
        for (const { conversationId, messages } of frames.flatMap(({ of }) => of)) {
          const row = draft.model.get(conversationId)?.row;
          const first = row ? firstVisible(row) : 1;
          // An id may name a message from before the user joined. No window shows it, so the device does not store it.
          const visible = messages.filter(({ seq }) => seq >= first);
          applyMessages(draft, this.ports, conversationId, visible, 'fetched');
        }
      });
      wants = restOfFetch(fetch, answers);
    }
  }

  /** The app has opened a chat: fetches the missing messages among its newest `limit` messages, once, if there is a network. */
  opened(conversationId: ConversationId, limit: number): void {
    if (!this.requested.has(conversationId)) return this.fetchMissing(conversationId, limit);
    if (this.waiting.has(conversationId)) return;
    // The feed brings new messages, often a moment after the row that announces them.
    this.waiting.add(conversationId);
    const waitMs = (this.failed.get(conversationId)?.until ?? 0) - this.ports.clock.mono();
    this.ports.clock.timer(Math.max(FEED_TIMEOUT_MS, waitMs), () => {
      this.waiting.delete(conversationId);
      this.fetchMissing(conversationId, limit);
    });
  }

  /** The app shows the place of this message: fetches the message, once, if there is a network. */
  needed(conversationId: ConversationId, seq: Seq): void {
    const conversation = this.writer.model.get(conversationId);
    const one = range(seq, seq);
    if (!conversation || this.writer.model.paused || seq < firstVisible(conversation.row)) return;
    if (subtract(one, union(conversation.storedSeqs, this.requested.of(conversationId))).length === 0) return;
    this.requested.add(conversationId, one);
    this.fetch(conversationId, one).catch(() => {
      this.requested.forget(conversationId, one);
      this.missed.set(conversationId, seq);
    });
  }

  /** The server is reachable again: a chat with a failed request requests its messages again. */
  reached(): void {
    const missed = [...this.missed];
    this.missed.clear();
    for (const [conversationId, seq] of missed) this.needed(conversationId, seq);
    const failed = [...this.failed];
    this.failed.clear();
    for (const [conversationId, { limit }] of failed) this.opened(conversationId, limit);
  }

  private fetchMissing(conversationId: ConversationId, limit: number): void {
    const conversation = this.writer.model.get(conversationId);
    if (!conversation || this.writer.model.paused) return;
    const { row, storedSeqs, evicted, dropped } = conversation;
    const first = Math.max(firstVisible(row), row.latestSeq - limit + 1);
    const missing = subtract(
      subtract(range(first, row.latestSeq), union(storedSeqs, subtract(evicted, dropped))),
      this.requested.of(conversationId),
    );
    if (missing.length === 0) return;
    this.requested.add(conversationId, missing);
    this.fetch(conversationId, missing).then(
      () => this.failed.delete(conversationId),
      () => {
        // The next change of the chat requests the messages again, after the wait.
        this.requested.forget(conversationId, missing);
        const backoff = this.failed.get(conversationId)?.backoff ?? new Backoff(this.ports.random);
        this.failed.set(conversationId, { backoff, limit, until: this.ports.clock.mono() + backoff.failed(this.ask.leftAloneMs) });
      },
    );
  }

  /**
   * Loads these messages, the missing ones from the server. This device may discard messages during a request, because it is full, or may
   * be unable to read them: it requests them again.
   *
   * @returns the stored messages, and whether no message is missing that the server has.
   */
  async load(conversationId: ConversationId, window: Ranges): Promise<{ messages: readonly Message[]; isWhole: boolean }> {
    const stored = (): Ranges => intersect(window, this.writer.model.get(conversationId)?.storedSeqs ?? NO_RANGES);
    for (let triesLeft = MAX_LOADS; ; triesLeft--) {
      const before = stored();
      const missing = subtract(window, before);
      let isWhole = missing.length === 0 || !this.writer.model.paused;
      if (missing.length > 0 && isWhole)
        await this.fetch(conversationId, missing).catch((error: unknown) => {
          if (error instanceof AuthError && error.code === 'auth/wrong-user') throw error;
          isWhole = false;
        });
      const held = union(before, stored());
      const messages = await this.read(conversationId, window);
      const discarded = subtract(held, fromSeqs(messages.map(({ seq }) => seq!)));
      if (discarded.length === 0 || triesLeft === 0) return { messages, isWhole: isWhole && discarded.length === 0 };
      await this.writer.missed(conversationId, discarded);
    }
  }

  private read(conversationId: ConversationId, seqs: Ranges): Promise<readonly Message[]> {
    return this.writer.readInOrder('read-messages-at', async (model, tx) => {
      const conversation = model.get(conversationId);
      return conversation ? readPresented(tx, model, conversation, intersect(conversation.storedSeqs, seqs)) : [];
    });
  }

  /** Loads messages below the messages that are stored without a gap. Offline, the answer has the stored messages only. */
  async loadOlder(conversationId: ConversationId, limit: number): Promise<{ messages: readonly Message[]; complete: boolean }> {
    const conversation = this.writer.model.get(conversationId);
    // Before the first sync this device does not know whether the conversation has messages.
    if (!conversation?.isKnown) return { messages: [], complete: this.writer.model.cursor !== null };
    const { row } = conversation;
    const first = firstVisible(row);
    const below = storedWithoutGapFrom(conversation) - 1;
    const wanted = range(Math.max(first, below - limit + 1), below);
    if (wanted.length === 0) return { messages: [], complete: true };
    const { messages, isWhole } = await this.load(conversationId, wanted);
    if (isWhole) return { messages, complete: wanted[0]![0] <= first };
    const { storedSeqs } = this.writer.model.get(conversationId) ?? conversation;
    return {
      messages: await this.read(conversationId, newestSeqs(subtract(storedSeqs, range(below + 1, Number.MAX_SAFE_INTEGER)), limit)),
      complete: false,
    };
  }
}
