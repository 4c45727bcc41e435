/** Sends what the outbox owes, one batch in flight, and writes down how each entry ended. */
import type { Cursor, OutboxEntry } from '../../../model/outbox-entry.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { Frame, Limits } from '../../../protocol/frames.ts';
import type { WireResult } from '../../../protocol/submit.ts';
import { FrameSize } from '../timing/frame-size.ts';
import type { AdaptiveTimeout } from '../timing/adaptive-timeout.ts';
import { nextBatch, splitEntry, wireEntry } from './batch.ts';
import { endEntry } from '../../apply/end-entry.ts';
import { sendable } from '../../write/blind-flags.ts';
import { Refusals } from './refusals.ts';
import type { Writer } from '../../write/writer.ts';

export interface OutboxSenderHandlers {
  readonly send: (frame: Frame<'submit'>) => void;
  /** One numbering for all requests of a connection, so that an error frame names one of them. */
  readonly nextId: () => number;
  readonly limits: () => Limits;
  readonly fence: () => number;
  /** Whether what is stored here is of the server's history, as far as is known. */
  readonly continues: () => boolean;
  /** The other side did not answer for {@link ANSWER_TIMEOUT_MS}. */
  readonly silent: () => void;
  readonly failed: (error: unknown) => void;
  readonly changed: () => void;
  /** Nothing may be sent for so long: the server refused all that is pending, for now. */
  readonly waits?: (ms: number) => void;
}

/** Pongs may flow while an answer does not come. Waited for at least so long. */
export const ANSWER_TIMEOUT_MS = 30_000;

interface InFlight {
  readonly id: number;
  readonly entries: readonly OutboxEntry[];
  /** The place it named: where the server no longer is, it takes nothing of it. */
  readonly confirmedAt: Cursor | null;
  readonly bytes: number;
  readonly sentAt: number;
  readonly cancelTimeout: () => void;
}

/**
 * Whether a message goes out for the first time. That it did must outlive a loss of power: taken back later, one that never left just goes,
 * and one that may have left is recalled.
 */
const isNewMessage = (entries: readonly OutboxEntry[]): boolean => entries.some(({ kind, sent }) => kind === 'message' && !sent);

export class OutboxSender {
  private inFlight: InFlight | null = null;
  private open = false;
  private choosing = false;
  private again = false;
  /** Halved while frames are refused as a whole, until the bad entry stands alone. */
  private most = Infinity;
  private readonly refusals: Refusals;
  private wakeUp: (() => void) | null = null;
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

  /** Handed over and not answered: no more than one frame; what else is owed waits in the outbox (F58). */
  get bytesInFlight(): number {
    return this.inFlight?.bytes ?? 0;
  }

  /** The account is named: what is owed may go. */
  start(): void {
    this.open = true;
    this.look();
  }

  /** What is in flight stays owed; the next connection sends it again under the same keys. */
  stop(): void {
    this.open = false;
    this.inFlight?.cancelTimeout();
    this.inFlight = null;
    this.wakeUp?.();
    this.wakeUp = null;
  }

  /** Something may be owed. Looks afresh, so a wake-up may repeat but is never lost. */
  look(): void {
    if (!this.open || this.inFlight) return;
    if (this.choosing) {
      this.again = true;
      return;
    }
    if (this.writer.model.outbox.size === 0) return;
    const { framesWaitUntil } = this.refusals;
    if (framesWaitUntil > this.ports.clock.mono()) return this.lookAt(framesWaitUntil);
    this.choosing = true;
    this.choose()
      .catch((error: unknown) => this.handlers.failed(error))
      .finally(() => {
        this.choosing = false;
        if (!this.again) return;
        this.again = false;
        this.look();
      });
  }

  private lookAt(mono: number): void {
    const ms = Math.max(1, mono - this.ports.clock.mono());
    this.wakeUp?.();
    this.wakeUp = this.ports.clock.timer(ms, () => this.look());
    this.handlers.waits?.(ms);
  }

  private async choose(): Promise<void> {
    const { clock, random } = this.ports;
    const limits = this.handlers.limits();
    const fence = this.handlers.fence();
    const durability = isNewMessage([...this.writer.model.outbox.values()]) ? 'strict' : 'relaxed';
    const [batch, confirmedAt] = await this.writer.write('send-batch', { durability, fence }, (draft) => {
      for (const entry of [...draft.model.outbox.values()]) {
        if (entry.kind !== 'receipts' || entry.sent) continue;
        const parts = splitEntry(entry, () => random.id(), limits.frameBytes);
        if (parts.length === 1) continue;
        for (const part of parts) draft.change({ t: 'enqueue', entry: part });
        draft.change({ t: 'end', key: entry.key, end: 'superseded' });
      }
      const chosen = nextBatch(
        sendable(draft.model),
        { entries: Math.min(limits.entries, this.most), frameBytes: Math.min(limits.frameBytes, this.frameSize.bytes) },
        this.refusals.heldBack(sendable(draft.model)),
      );
      const unsent = chosen.filter(({ sent }) => !sent).map(({ key }) => key);
      if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent });
      return [chosen, this.handlers.continues() ? draft.model.confirmedAt : null] as const;
    });
    // One that was written down since.
    if (durability === 'relaxed' && isNewMessage(batch))
      await this.writer.write('send-batch', { durability: 'strict', fence }, (draft) =>
        draft.change({ t: 'sent', keys: batch.map(({ key }) => key).filter((key) => draft.model.outbox.has(key)) }),
      );
    if (!this.open) return;
    if (batch.length === 0) {
      const next = this.refusals.firstDue(sendable(this.writer.model));
      if (Number.isFinite(next)) this.lookAt(next);
      return;
    }
    const id = this.handlers.nextId();
    const frame = { type: 'submit', id, ...(confirmedAt === null ? {} : { confirmedAt }), entries: batch.map(wireEntry) } as const;
    const cancelTimeout = clock.timer(this.timeouts.growing('answer', ANSWER_TIMEOUT_MS), () => {
      this.frameSize.lost();
      this.timeouts.ended('answer', true);
      this.handlers.silent();
    });
    this.inFlight = { id, entries: batch, confirmedAt, bytes: JSON.stringify(frame).length, sentAt: clock.mono(), cancelTimeout };
    this.handlers.send(frame);
    this.handlers.changed();
  }

  private land(id: number): readonly OutboxEntry[] | undefined {
    if (this.inFlight?.id !== id) return undefined;
    const { entries, cancelTimeout } = this.inFlight;
    cancelTimeout();
    this.inFlight = null;
    return entries;
  }

  /** The server's word on a batch: row and end of each entry in one transaction. */
  answer(frame: Frame<'answer'>): void {
    const sent = this.inFlight;
    const entries = this.land(frame.id);
    if (!sent || !entries) return;
    this.frameSize.answered(sent.bytes, this.ports.clock.mono() - sent.sentAt);
    this.timeouts.ended('answer', false);
    this.most = Infinity;
    const at = frame.at === undefined ? undefined : { place: frame.at, after: sent.confirmedAt };
    this.settle(entries, new Map(frame.results.map((result) => [result.key, result])), at);
  }

  /** A frame refused as a whole: halved, until the entry nobody can read stands alone and is refused by itself. */
  refused(id: number): void {
    const entries = this.land(id);
    if (!entries) return;
    this.most = Math.max(1, Math.floor(entries.length / 2));
    if (entries.length > 1) return this.look();
    this.most = Infinity;
    const [entry] = entries;
    if (entry)
      this.settle(
        entries,
        new Map([
          [entry.key, { outcome: 'rejected', key: entry.key, code: 'rejected/unsupported', message: 'the server could not read it' }],
        ]),
      );
  }

  /** Not now: everything waits, longer each time until the server takes an entry. */
  busy(id: number, retryAfterMs: number): void {
    if (!this.land(id)) return;
    this.refusals.frame(retryAfterMs);
    this.look();
  }

  /** The server lost the place that a frame named: the frame is sent at once without it. One that named none changes nothing: it waits. */
  placeLost(id: number): void {
    if (this.inFlight?.id !== id) return;
    if (this.inFlight.confirmedAt === null) return this.busy(id, 0);
    this.land(id);
    this.look();
  }

  private settle(
    entries: readonly OutboxEntry[],
    results: ReadonlyMap<string, WireResult>,
    at?: { readonly place: Cursor; readonly after: Cursor | null },
  ): void {
    // Before anything is written: what is written wakes this drain up.
    this.refusals.answer(entries, results);
    this.writer
      .write('settle-batch', { durability: 'strict', fence: this.handlers.fence(), readsPages: true }, async (draft) => {
        for (const { key } of entries) {
          const entry = draft.model.outbox.get(key);
          const result = results.get(key);
          if (entry && result && result.outcome !== 'retry') await endEntry(draft, this.ports, entry, result);
        }
        // One place stands for all before it only where the server said so: else what it lost would go unnoticed (F67).
        const { cursor, confirmedAt } = draft.model;
        if (at && at.place !== confirmedAt && (confirmedAt === at.after || cursor === null))
          draft.change({ t: 'confirmed-at', cursor: at.place });
      })
      .then(
        () => {
          this.handlers.changed();
          this.look();
        },
        (error: unknown) => this.handlers.failed(error),
      );
  }
}
