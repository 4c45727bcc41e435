/**
 * Automatic fetches after catch-up. First, the leader tab fetches direct messages not yet delivered to any device of the user, the newest
 * first. Then the leader tab fetches unread direct messages delivered to another device, because only stored messages can be read offline,
 * and the short holes between stored messages.
 * Each request waits until no question of the user waits for the server.
 */
import { conversationType, type ConversationId } from '../../../model/ids.ts';
import { countingBase } from '../../../model/conversation/unread.ts';
import { highest, intersect, NO_RANGES, range, type Ranges, size, subtract, union } from '../../../model/registers/ranges.ts';
import type { Cancel, Ports } from '../../../ports/ports.ts';
import { Backoff } from '../../../model/backoff.ts';
import type { Frame, Limits } from '../../../protocol/frames.ts';
import type { UserAsks } from '../../net/user-asks.ts';
import { RequestedSeqs } from '../../present/requested-seqs.ts';
import type { ConversationState } from '../../state/conversation-state.ts';
import type { AccountState } from '../../state/account-state.ts';
import type { Writer } from '../../write/writer.ts';
import { applyMessages } from '../../apply/apply-messages.ts';
import { MAX_RANGES_PER_WANT } from '../../../protocol/limits.ts';

/**
 * Conversations in one request, and messages of each if there are many conversations. A long backlog is fetched in turns, so no chat waits
 * for another chat.
 */
const MAX_WANTS = 100;
const MAX_PER_CONVERSATION = 200;

/** Frames in memory, at most, if the line is faster than the store. */
const MAX_UNSTORED_FRAMES = 8;

/** Messages missing on this device and not yet reported as delivered by any device of the user. */
export const undelivered = (model: AccountState, conversation: ConversationState): Ranges => {
  const { row, receiptsSent, storedSeqs, evicted, deliveryFloor } = conversation;
  if (conversationType(conversation.id) !== 'direct' || row.latestSeq === 0) return NO_RANGES;
  // With delivery receipts switched off, messages that the user has read on another device need no fetch.
  const silent = model.allowed.deliveryReceipts ? 0 : conversation.readUpTo;
  const from = Math.max(row.firstSeq, row.joinedAt + 1, deliveryFloor + 1, silent + 1);
  return subtract(subtract(range(from, row.latestSeq), receiptsSent.delivered), union(storedSeqs, evicted));
};

/** Another device of the user received the messages of a longer hole. They are fetched when the conversation is opened. */
const MAX_HOLE = 20;

/**
 * The short holes between stored messages. Such a message may be one that the user sent from another device: the server's ranges of
 * delivered messages run across it, so {@link undelivered} may leave it out.
 */
const holes = ({ storedSeqs, evicted }: ConversationState): Ranges => {
  const known = union(storedSeqs, evicted);
  return known.length < 2
    ? NO_RANGES
    : subtract(range(known[0]![0], highest(known)), known).filter(([from, upTo]) => upTo - from < MAX_HOLE);
};

/** The newest unread messages missing on this device. */
export const unreadNotStored = (conversation: ConversationState): Ranges => {
  const { row, storedSeqs, evicted, readUpTo } = conversation;
  const from = Math.max(countingBase(row, readUpTo) + 1, row.latestSeq - MAX_PER_CONVERSATION + 1);
  return conversationType(conversation.id) === 'direct' ? subtract(range(from, row.latestSeq), union(storedSeqs, evicted)) : NO_RANGES;
};

const newest = (ranges: Ranges, count: number): Ranges => {
  const few = ranges.slice(-MAX_RANGES_PER_WANT);
  return size(few) <= count ? few : intersect(few, [[Math.max(1, highest(few) - count + 1), highest(few)]]);
};

/** A conversation with messages to fetch. */
interface Due {
  readonly conversation: ConversationState;
  readonly seqs: Ranges;
  /** Of its last message. */
  readonly sentAt: number;
}

export interface FetchHandlers {
  readonly send: (frame: Frame<'fetch'>) => void;
  /** Next request number of the connection. All requests share the numbering, so an error frame names a single request. */
  readonly nextId: () => number;
  readonly limits: () => Limits;
  readonly fence: () => number;
  readonly failed: (error: unknown) => void;
}

export class FetchMissing {
  private open = false;
  private inFlight: number | null = null;
  /** The `seq`s requested on this connection. A message that did not arrive is not requested again on the same connection. */
  private readonly requested: RequestedSeqs;
  private readonly toCheck = new Set<ConversationId>();
  private wants: Frame<'fetch'>['wants'] = [];
  /** A question of the user holds the next request. */
  private isHeld = false;
  /** Frames that the store does not have yet. */
  private unstored = 0;
  private cancel: Cancel = () => undefined;
  /** End of the wait that the server asked for, as `mono()` counts. A new connection does not end the wait (F115). */
  private busyUntil = 0;
  private readonly backoff: Backoff;

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random'>,
    private readonly writer: Writer,
    private readonly asks: UserAsks,
    private readonly handlers: FetchHandlers,
  ) {
    this.requested = new RequestedSeqs(writer);
    this.backoff = new Backoff(ports.random);
  }

  start(): void {
    this.open = true;
    for (const id of this.writer.model.conversations.keys()) this.toCheck.add(id);
    this.fetchNext();
  }

  stop(): void {
    this.open = this.isHeld = false;
    this.inFlight = null;
    this.cancel();
    this.requested.clear();
    this.toCheck.clear();
  }

  dirty(ids: Iterable<ConversationId>): void {
    if (!this.open) return;
    for (const id of ids) this.toCheck.add(id);
    this.fetchNext();
  }

  fetchNext(): void {
    if (this.isHeld || !this.open || this.inFlight !== null || this.toCheck.size === 0 || this.unstored >= MAX_UNSTORED_FRAMES) return;
    const waitMs = this.busyUntil - this.ports.clock.mono();
    this.cancel();
    if (waitMs > 0) {
      this.cancel = this.ports.clock.timer(waitMs, () => this.fetchNext());
      return;
    }
    if (this.asks.isWaiting) {
      this.isHeld = true;
      this.cancel = this.asks.afterwards(() => {
        this.isHeld = false;
        this.request();
      });
      return;
    }
    this.request();
  }

  private request(): void {
    const { model } = this.writer;
    let due = this.due((conversation) => undelivered(model, conversation));
    if (due.length === 0) {
      due = this.due((conversation) => union(unreadNotStored(conversation), holes(conversation)));
      if (due.length === 0) return this.toCheck.clear();
    }
    due.sort((a, b) => b.sentAt - a.sentAt);
    let room = this.handlers.limits().fetchMessages;
    const asked = due.slice(0, MAX_WANTS);
    // The last long chats share the whole request. Otherwise they would be fetched in many small ones.
    const most = Math.max(MAX_PER_CONVERSATION, Math.floor(room / asked.length));
    const wants: Frame<'fetch'>['wants'] = [];
    for (const { conversation, seqs } of asked) {
      if (room <= 0) break;
      const some = newest(seqs, Math.min(most, room));
      const limit = size(some);
      room -= limit;
      wants.push({ conversationId: conversation.id, seqs: some, limit });
      this.requested.add(conversation.id, some);
    }
    this.wants = wants;
    this.inFlight = this.handlers.nextId();
    this.handlers.send({ type: 'fetch', id: this.inFlight, wants });
  }

  private due(missing: (conversation: ConversationState) => Ranges): Due[] {
    const due: Due[] = [];
    for (const id of this.toCheck) {
      const conversation = this.writer.model.get(id);
      const seqs = conversation ? subtract(missing(conversation), this.requested.of(id)) : NO_RANGES;
      if (conversation && seqs.length > 0) due.push({ conversation, seqs, sentAt: conversation.latestSentAt });
    }
    return due;
  }

  answer(frame: Frame<'messages'>): void {
    if (frame.id !== this.inFlight) return;
    this.backoff.succeeded();
    this.unstored++;
    this.writer
      // Relaxed: the server can send these messages again, so a loss of power loses nothing.
      .write('fetched', { durability: 'relaxed', lane: 'background', fence: this.handlers.fence() }, (draft) => {
        for (const { conversationId, messages } of frame.of) applyMessages(draft, this.ports, conversationId, messages, 'fetched');
      })
      .catch((error: unknown) => this.handlers.failed(error))
      .finally(() => {
        this.unstored--;
        this.fetchNext();
      });
    if (!frame.complete) return;
    this.inFlight = null;
    this.fetchNext();
  }

  /** The server is busy: sends the same request again. The wait grows until an answer arrives. */
  busy(id: number, retryAfterMs: number): void {
    if (id !== this.inFlight) return;
    for (const { conversationId, seqs } of this.wants) this.requested.forget(conversationId, seqs);
    this.busyUntil = this.ports.clock.mono() + this.backoff.failed(retryAfterMs);
    this.inFlight = null;
    this.fetchNext();
  }

  /** The server rejected the request as a whole. The next connection requests the messages again. */
  refused(id: number): void {
    if (id !== this.inFlight) return;
    this.inFlight = null;
    this.fetchNext();
  }
}
