/**
 * After catch-up, fetches by itself what this device has not delivered yet: direct messages, newest first. Then,
 * with nothing of that left, what is unread though another device delivered it: only what is held can be read without a network.
 */
import { conversationType, type ConversationId } from '../../../model/ids.ts';
import { countingBase } from '../../../model/unread.ts';
import { highest, intersect, NO_RANGES, range, type Ranges, size, subtract, union } from '../../../model/ranges.ts';
import type { Cancel, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { Frame, Limits } from '../../../protocol/frames.ts';
import { RequestedSeqs } from '../../present/requested-seqs.ts';
import type { ConversationState } from '../../state/conversation-state.ts';
import type { AccountState } from '../../state/account-state.ts';
import type { Writer } from '../../write/writer.ts';
import { applyMessages } from '../../apply/apply-server-rows.ts';

/** Conversations named by one request, and messages of each: a long backlog comes in turns, so no chat waits for another. */
const WANTS = 100;
const PER_CONVERSATION = 200;
const RANGES_PER_WANT = 64;

/** What a device has not yet held and nobody of mine has told the peer to be delivered. */
export const undelivered = (model: AccountState, conversation: ConversationState): Ranges => {
  const { row, receiptsSent, storedSeqs, evicted, deliveryFloor } = conversation;
  if (conversationType(conversation.id) !== 'direct' || row.latestSeq === 0) return NO_RANGES;
  // With deliveries switched off nothing is ever told; what I read elsewhere need not come by itself.
  const silent = model.settings.deliveryReceipts ? 0 : conversation.readUpTo;
  const from = Math.max(row.firstSeq, row.joinedAt + 1, deliveryFloor + 1, silent + 1);
  return subtract(subtract(range(from, row.latestSeq), receiptsSent.delivered), union(storedSeqs, evicted));
};

/** What counts as unread here and cannot be confirmedAt: the newest of it. */
export const unreadUnheld = (conversation: ConversationState): Ranges => {
  const { row, storedSeqs, evicted, readUpTo } = conversation;
  const from = Math.max(countingBase(row, readUpTo) + 1, row.latestSeq - PER_CONVERSATION + 1);
  return conversationType(conversation.id) === 'direct' ? subtract(range(from, row.latestSeq), union(storedSeqs, evicted)) : NO_RANGES;
};

const newest = (ranges: Ranges, count: number): Ranges => {
  const few = ranges.slice(-RANGES_PER_WANT);
  return size(few) <= count ? few : intersect(few, [[Math.max(1, highest(few) - count + 1), highest(few)]]);
};

export interface FetchHandlers {
  readonly send: (frame: Frame<'fetch'>) => void;
  /** One numbering for all requests of a connection, so that an error frame names one of them. */
  readonly nextId: () => number;
  readonly limits: () => Limits;
  readonly fence: () => number;
  readonly failed: (error: unknown) => void;
}

export class FetchMissing {
  private open = false;
  private inFlight: number | null = null;
  /** Places asked for on this connection: what did not come is not asked for again on it. */
  private readonly asked: RequestedSeqs;
  private readonly toCheck = new Set<ConversationId>();
  private wants: Frame<'fetch'>['wants'] = [];
  private cancel: Cancel = () => undefined;
  /** As `mono()` counts. Another connection does not end it: only an answer does (F115). */
  private busyUntil = 0;
  private readonly backoff: Backoff;

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random'>,
    private readonly writer: Writer,
    private readonly handlers: FetchHandlers,
  ) {
    this.asked = new RequestedSeqs(writer);
    this.backoff = new Backoff(ports.random);
  }

  start(): void {
    this.open = true;
    for (const id of this.writer.model.conversations.keys()) this.toCheck.add(id);
    this.look();
  }

  stop(): void {
    this.open = false;
    this.inFlight = null;
    this.cancel();
    this.asked.clear();
    this.toCheck.clear();
  }

  dirty(ids: Iterable<ConversationId>): void {
    if (!this.open) return;
    for (const id of ids) this.toCheck.add(id);
    this.look();
  }

  look(): void {
    if (!this.open || this.inFlight !== null || this.toCheck.size === 0) return;
    const leftAloneMs = this.busyUntil - this.ports.clock.mono();
    this.cancel();
    if (leftAloneMs > 0) {
      this.cancel = this.ports.clock.timer(leftAloneMs, () => this.look());
      return;
    }
    const { model } = this.writer;
    let due = this.due((conversation) => undelivered(model, conversation));
    if (due.length === 0) {
      due = this.due(unreadUnheld);
      if (due.length === 0) return this.toCheck.clear();
    }
    due.sort((a, b) => b.conversation.latestSentAt - a.conversation.latestSentAt);
    let room = this.handlers.limits().fetchMessages;
    const wants: Frame<'fetch'>['wants'] = [];
    for (const { conversation, seqs } of due.slice(0, WANTS)) {
      if (room <= 0) break;
      const some = newest(seqs, Math.min(PER_CONVERSATION, room));
      const limit = size(some);
      room -= limit;
      wants.push({ conversationId: conversation.id, seqs: some, limit });
      this.asked.add(conversation.id, some);
    }
    this.wants = wants;
    this.inFlight = this.handlers.nextId();
    this.handlers.send({ type: 'fetch', id: this.inFlight, wants });
  }

  private due(missing: (conversation: ConversationState) => Ranges): { conversation: ConversationState; seqs: Ranges }[] {
    const due: { conversation: ConversationState; seqs: Ranges }[] = [];
    for (const id of this.toCheck) {
      const conversation = this.writer.model.get(id);
      const seqs = conversation ? subtract(missing(conversation), this.asked.of(id)) : NO_RANGES;
      if (conversation && seqs.length > 0) due.push({ conversation, seqs });
    }
    return due;
  }

  answer(frame: Frame<'messages'>): void {
    if (frame.id !== this.inFlight) return;
    this.backoff.succeeded();
    this.writer
      // The server can send these again: nothing of the user's is in them.
      .write('fetched', { durability: 'relaxed', fence: this.handlers.fence() }, (draft) => {
        for (const { conversationId, messages } of frame.of) applyMessages(draft, this.ports, conversationId, messages, 'silent');
      })
      .catch((error: unknown) => this.handlers.failed(error));
    if (!frame.complete) return;
    this.inFlight = null;
    this.look();
  }

  /** Not now: the same again, later each time until an answer comes. */
  busy(id: number, retryAfterMs: number): void {
    if (id !== this.inFlight) return;
    for (const { conversationId, seqs } of this.wants) this.asked.forget(conversationId, seqs);
    this.busyUntil = this.ports.clock.mono() + this.backoff.failed(retryAfterMs);
    this.inFlight = null;
    this.look();
  }

  /** The request was refused as a whole; what it asked for is left to the next connection. */
  refused(id: number): void {
    if (id !== this.inFlight) return;
    this.inFlight = null;
    this.look();
  }
}
