/**
 * The outbox shelf sends pending entries to the server. The sender keeps one batch in flight, and stores how each entry of the batch ended.
 *
 *                     start, entries pending
 *      ┌──────┐ ─────────────────────────────────► ┌──────────┐ ── outbox changed ──► ┌────────────────┐
 *      │ idle │                                    │ choosing │                       │ choosing-again │
 *      └──────┘ ◄── no entry may be sent ───────── └──────────┘ ◄── no batch chosen ─ └────────────────┘
 *         ▲                                         │  ▲    │                                 │
 *         │                                     all │  │    │ batch chosen                    │ batch chosen
 *         │                                    wait ▼  │    ▼                                 ▼
 *         │                          ┌─────────────┐   │   ┌──────────────────────────────────────┐
 *         │                          │ backing-off │ ──┘   │ in-flight                            │
 *         │                          └─────────────┘       └──────────────────────────────────────┘
 *         │                    wait over, outbox changed                    │
 *         └──────────────────── the server answered or refused ─────────────┘
 *
 * The end of the connection leads from every state to `stopped`, and a start leads from there to `choosing`: `outbox-sender-states.ts`.
 */
import type { Cursor, OutboxEntry } from '../../../model/outbox-entry.ts';
import type { Cancel, Ports } from '../../../ports/ports.ts';
import type { Frame, Limits } from '../../../protocol/frames.ts';
import type { WireResult } from '../../../protocol/submit.ts';
import { FrameSize } from '../timing/frame-size.ts';
import type { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { nextBatch, wireEntry } from './batch.ts';
import { endEntry } from '../../apply/end-entry.ts';
import { sendable } from '../../write/blind-flags.ts';
import { type Effect, type Event, type State, transition } from './outbox-sender-states.ts';
import { Refusals } from './refusals.ts';
import { joinRest, splitLong } from './split-entry.ts';
import type { Writer } from '../../write/writer.ts';

export interface OutboxSenderHandlers {
  readonly send: (frame: Frame<'submit'>) => void;
  /** All requests of a connection share one numbering: an error frame then names a single request. */
  readonly nextId: () => number;
  readonly limits: () => Limits;
  readonly fence: () => number;
  /** Tells whether this device's cursor belongs to the server's history, as far as the client knows. */
  readonly continues: () => boolean;
  /** The server did not answer for {@link ANSWER_TIMEOUT_MS}. */
  readonly silent: () => void;
  readonly failed: (error: unknown) => void;
  readonly changed: () => void;
  /** The server refuses all pending entries for so many ms: the sender sends none before. */
  readonly waits?: (ms: number) => void;
}

/** Shortest timeout of an answer. The heartbeat does not replace it: the server may answer pings and not this frame. */
export const ANSWER_TIMEOUT_MS = 30_000;

interface Batch {
  readonly entries: readonly OutboxEntry[];
  /** The cursor in the frame. A server without this cursor takes no entry of the frame. */
  readonly confirmedAt: Cursor | null;
}

interface InFlight extends Batch {
  readonly id: number;
  readonly bytes: number;
  readonly sentAt: number;
  readonly cancelTimeout: Cancel;
}

/** The end of a choice: a batch, or the time (`mono()`) of the next choice, `Infinity` if no entry may be sent. */
interface Choice extends Batch {
  readonly waitUntil: number;
}

const waitUntil = (mono: number): Choice => ({ entries: [], confirmedAt: null, waitUntil: mono });
const NONE_CHOSEN = waitUntil(Infinity);

const endOfChoice = (choice: Choice): Event => {
  if (choice.entries.length > 0) return 'batch-chosen';
  return Number.isFinite(choice.waitUntil) ? 'wait-chosen' : 'none-chosen';
};

/**
 * True if a batch sends a message for the first time. The mark `sent` must survive a loss of power: a recall of an
 * unsent message drops the message here, and a recall of a possibly sent message goes to the server.
 */
const isNewMessage = (entries: readonly OutboxEntry[]): boolean => entries.some(({ kind, sent }) => kind === 'message' && !sent);

export class OutboxSender {
  private state: State = 'stopped';
  /** The batch of the state `in-flight`. */
  private inFlight: InFlight | null = null;
  private cancelWait: Cancel = () => undefined;
  /** Halved each time the server refuses a whole frame, until the bad entry is alone in its frame. */
  private maxEntries = Infinity;
  readonly refusals: Refusals;
  private readonly frameSize = new FrameSize();

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random' | 'log'>,
    private readonly writer: Writer,
    private readonly handlers: OutboxSenderHandlers,
    private readonly timeouts: AdaptiveTimeout,
  ) {
    this.refusals = new Refusals(ports);
  }

  get inFlightCount(): number {
    return this.inFlight?.entries.length ?? 0;
  }

  /** Bytes without an answer of the server: at most one frame. All other pending entries wait in the outbox (F58). */
  get bytesInFlight(): number {
    return this.inFlight?.bytes ?? 0;
  }

  /** The server has named the account: pending entries may be sent. */
  start(): void {
    this.handle('start');
  }

  /** The connection ended. Its batch stays pending; the next connection sends the same entries under the same keys. */
  stop(): void {
    this.handle('stop');
  }

  /** The outbox may hold entries to send. The sender reads the outbox anew, so a repeated call is harmless and no call is lost. */
  sendPending(): void {
    this.handle('entries-pending');
  }

  private handle(event: Event, choice = NONE_CHOSEN): void {
    const { to, effects } = transition(this.state, event);
    this.state = to;
    for (const effect of effects) this.run(effect, choice);
  }

  private run(effect: Effect, choice: Choice): void {
    switch (effect) {
      case 'choose':
        return this.choose();
      case 'send-batch':
        return this.send(choice);
      case 'drop-batch':
        this.inFlight?.cancelTimeout();
        this.inFlight = null;
        return;
      case 'start-wait': {
        const ms = Math.max(1, choice.waitUntil - this.ports.clock.mono());
        this.cancelWait = this.ports.clock.timer(ms, () => this.handle('wait-over'));
        this.handlers.waits?.(ms);
        return;
      }
      case 'cancel-wait':
        return this.cancelWait();
    }
  }

  private choose(): void {
    const end = (choice: Choice): void => this.handle(endOfChoice(choice), choice);
    if (this.writer.model.outbox.size === 0) return end(NONE_CHOSEN);
    const { framesWaitUntil } = this.refusals;
    if (framesWaitUntil > this.ports.clock.mono()) return end(waitUntil(framesWaitUntil));
    this.storeChoice()
      .then(end)
      .catch((error: unknown) => {
        this.handlers.failed(error);
        end(NONE_CHOSEN);
      });
  }

  /** Chooses the next batch, and stores the mark `sent` on its entries before the frame leaves. */
  private async storeChoice(): Promise<Choice> {
    const limits = this.handlers.limits();
    const fence = this.handlers.fence();
    const durability = isNewMessage([...this.writer.model.outbox.values()]) ? 'strict' : 'relaxed';
    const [entries, confirmedAt] = await this.writer.write('send-batch', { durability, fence }, (draft) => {
      const outbox = sendable(draft.model);
      const queued = splitLong(outbox, () => draft.newKey(), limits.frameBytes);
      const chosen = nextBatch(
        queued.entries,
        { entries: Math.min(limits.entries, this.maxEntries), frameBytes: Math.min(limits.frameBytes, this.frameSize.bytes) },
        this.refusals.readiness(queued.entries),
      );
      for (const [entry, parts] of queued.split) {
        if (!parts.some((part) => chosen.includes(part))) continue;
        for (const part of joinRest(parts, chosen)) draft.change({ t: 'enqueue', entry: part });
        draft.change({ t: 'end', key: entry.key, end: 'superseded' });
      }
      const unsent = chosen.filter(({ sent }) => !sent).map(({ key }) => key);
      if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent });
      return [chosen, this.handlers.continues() ? draft.model.confirmedAt : null] as const;
    });
    // The user wrote a message after the durability was chosen: the mark is stored again, strictly.
    if (durability === 'relaxed' && isNewMessage(entries))
      await this.writer.write('send-batch', { durability: 'strict', fence }, (draft) =>
        draft.change({ t: 'sent', keys: entries.map(({ key }) => key).filter((key) => draft.model.outbox.has(key)) }),
      );
    if (entries.length === 0) return waitUntil(this.refusals.firstDue(sendable(this.writer.model)));
    return { entries, confirmedAt, waitUntil: 0 };
  }

  private send({ entries, confirmedAt }: Batch): void {
    const { clock } = this.ports;
    const id = this.handlers.nextId();
    const frame = { type: 'submit', id, ...(confirmedAt === null ? {} : { confirmedAt }), entries: entries.map(wireEntry) } as const;
    const cancelTimeout = clock.timer(this.timeouts.growing('answer', ANSWER_TIMEOUT_MS), () => {
      this.frameSize.lost();
      this.timeouts.ended('answer', true);
      this.handlers.silent();
    });
    this.inFlight = { id, entries, confirmedAt, bytes: JSON.stringify(frame).length, sentAt: clock.mono(), cancelTimeout };
    this.ports.log('debug', 'batch-sent', { entries: entries.length, bytes: this.inFlight.bytes });
    this.refusals.sending(entries);
    this.handlers.send(frame);
    this.handlers.changed();
  }

  /** Ends the batch in flight, if the server means this batch. */
  private endBatch(id: number): InFlight | null {
    const batch = this.inFlight;
    if (batch?.id !== id) return null;
    this.handle('batch-ended');
    return batch;
  }

  /** The server answered a batch: the row and the end of each entry are stored in one transaction. */
  answer(frame: Frame<'answer'>): void {
    const batch = this.endBatch(frame.id);
    if (!batch) return;
    this.frameSize.answered(batch.bytes, this.ports.clock.mono() - batch.sentAt);
    this.timeouts.ended('answer', false);
    this.maxEntries = Infinity;
    const confirmed = frame.at === undefined ? undefined : { at: frame.at, after: batch.confirmedAt };
    this.settle(batch.entries, new Map(frame.results.map((result) => [result.key, result])), confirmed);
  }

  /** The server refused a whole frame. The next frame has half its entries, until the unreadable entry is alone and is refused by itself. */
  refused(id: number): void {
    const entries = this.endBatch(id)?.entries;
    if (!entries) return;
    this.maxEntries = Math.max(1, Math.floor(entries.length / 2));
    if (entries.length > 1) return this.sendPending();
    this.maxEntries = Infinity;
    const [entry] = entries;
    if (entry)
      this.settle(
        entries,
        new Map([
          [
            entry.key,
            { outcome: 'rejected', key: entry.key, code: 'rejected/unsupported', message: 'the server could not read this entry' },
          ],
        ]),
      );
  }

  /** The server is busy: all entries wait, longer each time, until the server takes an entry. */
  busy(id: number, retryAfterMs: number): void {
    if (!this.endBatch(id)) return;
    this.refusals.frame(retryAfterMs);
    this.sendPending();
  }

  /**
   * The server no longer knows the cursor of a frame: the sender sends the entries again at once, without a cursor. If
   * the frame had no cursor, another attempt changes nothing, and the entries wait.
   */
  cursorLost(id: number): void {
    if (this.inFlight?.id !== id) return;
    if (this.inFlight.confirmedAt === null) return this.busy(id, 0);
    this.endBatch(id);
    this.sendPending();
  }

  private settle(
    entries: readonly OutboxEntry[],
    results: ReadonlyMap<string, WireResult>,
    confirmed?: { readonly at: Cursor; readonly after: Cursor | null },
  ): void {
    // The refusals are noted before the write: the write notifies this sender, and the sender must not choose a refused entry.
    this.refusals.answer(entries, results);
    this.writer
      .write('settle-batch', { durability: 'strict', fence: this.handlers.fence(), readsPages: true }, async (draft) => {
        for (const { key } of entries) {
          const entry = draft.model.outbox.get(key);
          const result = results.get(key);
          if (entry && result && result.outcome !== 'retry') await endEntry(draft, this.ports, entry, result);
        }
        // A cursor covers the entries before it only by the server's word. Otherwise a loss of entries at the server
        // stays unnoticed (F67).
        const { confirmedAt } = draft.model;
        if (confirmed && confirmed.at !== confirmedAt && confirmedAt === confirmed.after)
          draft.change({ t: 'confirmed-at', cursor: confirmed.at });
      })
      .then(
        () => {
          this.handlers.changed();
          this.sendPending();
        },
        (error: unknown) => this.handlers.failed(error),
      );
  }
}
