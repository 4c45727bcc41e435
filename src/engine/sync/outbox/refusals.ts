/**
 * What the server refused for now, and until when it is left alone: single conversations, and frames as a whole. Each refusal in a row makes
 * the wait longer, up to minutes (F115). Only an entry that the server takes ends that: a new connection does not.
 */
import type { ConversationId } from '../../../model/ids.ts';
import type { OutboxEntry } from '../../../model/outbox-entry.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { WireResult } from '../../../protocol/submit.ts';
import { BACKOFF_FLOOR_MS, backoffMs } from '../../../model/backoff.ts';

/** An entry that the server left out of its answer is left alone for at least so long. */
const UNANSWERED_MS = 1000;

/** So many times in a row; as `mono()` counts. */
interface Refused {
  readonly times: number;
  /** What the server asked for. */
  readonly notBefore: number;
  /** The wait as a whole. */
  readonly until: number;
}

const NOT_REFUSED: Refused = { times: 0, notBefore: 0, until: 0 };

export class Refusals {
  private readonly conversations = new Map<ConversationId, Refused>();
  private frames = NOT_REFUSED;

  constructor(private readonly ports: Pick<Ports, 'clock' | 'random'>) {}

  /** No frame goes before. */
  get framesWaitUntil(): number {
    return this.frames.until;
  }

  /** When the first of the conversations that wait is due; `Infinity` where none waits. */
  firstDue(outbox: Iterable<OutboxEntry>): number {
    let due = Infinity;
    for (const { conversationId } of outbox) due = Math.min(due, this.conversations.get(conversationId)?.until ?? Infinity);
    return due;
  }

  /**
   * Which conversations wait. One that is due takes the others along, as soon as the server allows it: however many were refused, the
   * server is asked by one frame.
   */
  heldBack(outbox: Iterable<OutboxEntry>): (id: ConversationId) => boolean {
    const now = this.ports.clock.mono();
    const isAnyDue = this.firstDue(outbox) <= now;
    return (id) => {
      const { notBefore, until } = this.conversations.get(id) ?? NOT_REFUSED;
      return (isAnyDue ? notBefore : until) > now;
    };
  }

  frame(retryAfterMs: number): void {
    this.frames = this.again(this.frames, this.ports.random.next(), retryAfterMs);
  }

  /** The server's answer to a frame of these entries. */
  answer(entries: readonly OutboxEntry[], results: ReadonlyMap<string, WireResult>): void {
    const { clock, random } = this.ports;
    const refused = new Map<ConversationId, number>();
    const taken = new Set<ConversationId>();
    for (const { key, conversationId } of entries) {
      const result = results.get(key);
      if (result && result.outcome !== 'retry') taken.add(conversationId);
      else refused.set(conversationId, Math.max(refused.get(conversationId) ?? 0, result?.retryAfterMs ?? UNANSWERED_MS));
    }
    if (taken.size > 0) this.frames = NOT_REFUSED;
    for (const id of taken) this.conversations.delete(id);
    const luck = random.next();
    for (const [id, retryAfterMs] of refused) {
      const before = this.conversations.get(id) ?? NOT_REFUSED;
      // The answer had no room for its row. The rest of the frame was taken, so the next frame is a shorter one.
      const hadNoRoom = retryAfterMs === 0 && taken.size > 0;
      const soon = clock.mono() + BACKOFF_FLOOR_MS;
      this.conversations.set(
        id,
        hadNoRoom ? { times: before.times, notBefore: soon, until: soon } : this.again(before, luck, retryAfterMs),
      );
    }
  }

  private again({ times }: Refused, luck: number, retryAfterMs: number): Refused {
    const now = this.ports.clock.mono();
    return { times: times + 1, notBefore: now + retryAfterMs, until: now + backoffMs(times, luck, retryAfterMs) };
  }
}
