/**
 * Records what the server refused temporarily, and until when the sender waits: for single conversations, and for whole frames. Each
 * refusal in a row makes the wait longer, up to minutes (F115). The server ends the wait by taking an entry; a new connection does not.
 */
import type { InspectedEntry } from '../../../model/api/inspection.ts';
import { type OutboxEntry, type Queue, queueOf } from '../../../model/outbox-entry.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { WireResult } from '../../../protocol/submit.ts';
import { BACKOFF_FLOOR_MS, backoffMs } from '../../../model/backoff.ts';
import type { Readiness } from './batch.ts';

/** The sender waits at least this long with an entry that the server left out of its answer. */
const UNANSWERED_MS = 1000;

/** Refusals in a row. The times are of the clock `mono()`. */
interface Refused {
  readonly times: number;
  /** The end of the wait requested by the server. */
  readonly notBefore: number;
  /** End of the whole wait, with the client's backoff. */
  readonly until: number;
}

const NOT_REFUSED: Refused = { times: 0, notBefore: 0, until: 0 };

export class Refusals {
  private readonly queues = new Map<Queue, Refused>();
  /** How often this tab has sent each pending entry, by its key. */
  private readonly tries = new Map<string, number>();
  private frames = NOT_REFUSED;

  constructor(private readonly ports: Pick<Ports, 'clock' | 'random'>) {}

  /** The sender sends no frame before this time. */
  get framesWaitUntil(): number {
    return this.frames.until;
  }

  /** The sender sends a frame with these entries. */
  sending(entries: readonly OutboxEntry[]): void {
    for (const { key } of entries) this.tries.set(key, (this.tries.get(key) ?? 0) + 1);
  }

  /** How often this tab has sent the entry, and the end of its wait by the wall clock. */
  attempts(entry: OutboxEntry): Pick<InspectedEntry, 'tries' | 'nextTryAt'> {
    const { clock } = this.ports;
    const ms = Math.max(this.frames.until, this.queues.get(queueOf(entry))?.until ?? 0) - clock.mono();
    return { tries: this.tries.get(entry.key) ?? 0, nextTryAt: ms > 0 ? clock.wall() + ms : null };
  }

  /** Earliest end of a conversation's wait; `Infinity` if no conversation waits. */
  firstDue(outbox: Iterable<OutboxEntry>): number {
    let due = Infinity;
    for (const entry of outbox) due = Math.min(due, this.queues.get(queueOf(entry))?.until ?? Infinity);
    return due;
  }

  /**
   * Tells the readiness of each conversation in the next frame. If the wait of one conversation is over, all others join the frame as soon as
   * the server allows: the server gets a single frame after any number of refusals. The others join only where the frame has room.
   * In a frame of their own, a conversation refused for the first time would set the pace of a conversation refused for long.
   */
  readiness(outbox: Iterable<OutboxEntry>): (queue: Queue) => Readiness {
    const now = this.ports.clock.mono();
    const isAnyDue = this.firstDue(outbox) <= now;
    return (queue) => {
      const { notBefore, until } = this.queues.get(queue) ?? NOT_REFUSED;
      if (until <= now) return 'due';
      return isAnyDue && notBefore <= now ? 'joins' : 'waits';
    };
  }

  /** The server refused a whole frame. */
  frame(retryAfterMs: number): void {
    this.frames = this.again(this.frames, this.ports.random.next(), retryAfterMs);
  }

  /** Records the results of a frame with these entries. */
  answer(entries: readonly OutboxEntry[], results: ReadonlyMap<string, WireResult>): void {
    const { clock, random } = this.ports;
    const refused = new Map<Queue, number>();
    const taken = new Set<Queue>();
    for (const entry of entries) {
      const result = results.get(entry.key);
      const queue = queueOf(entry);
      if (result && result.outcome !== 'retry') {
        this.tries.delete(entry.key);
        taken.add(queue);
      } else refused.set(queue, Math.max(refused.get(queue) ?? 0, result?.retryAfterMs ?? UNANSWERED_MS));
    }
    if (taken.size > 0) this.frames = NOT_REFUSED;
    for (const queue of taken) this.queues.delete(queue);
    const luck = random.next();
    for (const [queue, retryAfterMs] of refused) {
      const before = this.queues.get(queue) ?? NOT_REFUSED;
      // The server's answer had no room for the row of this entry. The server took the other entries, so the next frame is shorter.
      const hadNoRoom = retryAfterMs === 0 && taken.size > 0;
      const soon = clock.mono() + BACKOFF_FLOOR_MS;
      this.queues.set(queue, hadNoRoom ? { times: before.times, notBefore: soon, until: soon } : this.again(before, luck, retryAfterMs));
    }
  }

  private again({ times }: Refused, luck: number, retryAfterMs: number): Refused {
    const now = this.ports.clock.mono();
    return { times: times + 1, notBefore: now + retryAfterMs, until: now + backoffMs(times, luck, retryAfterMs) };
  }
}
