/** Sends what the outbox owes, one batch in flight, and writes down how each entry ended. */
import type { RejectedCode } from '../../errors.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { DeadLetter, OutboxEntry, RecallEntry } from '../../model/outbox-entry.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Frame, Limits } from '../../protocol/frames.ts';
import type { WireResult } from '../../protocol/submit.ts';
import { applyRow } from '../facts.ts';
import { findInConversation } from '../find-message.ts';
import { nextBatch, splitEntry, wireEntry } from './batch.ts';
import { endRefused, expireAll } from './refused-receipts.ts';
import type { Draft, Writer } from '../write.ts';

export interface DrainHandlers {
  readonly send: (frame: Frame<'submit'>) => void;
  /** One numbering for all requests of a connection, so that an error frame names one of them. */
  readonly nextId: () => number;
  readonly limits: () => Limits;
  readonly fence: () => number;
  /** The other side did not answer for {@link ANSWER_PATIENCE_MS}. */
  readonly silent: () => void;
  readonly failed: (error: unknown) => void;
  readonly changed: () => void;
}

/** Pongs may flow while an answer does not come. */
export const ANSWER_PATIENCE_MS = 30_000;

const messageIdsOf = (entry: OutboxEntry): readonly string[] =>
  entry.kind === 'message' ? [entry.message.id] : entry.kind === 'recall' ? [entry.messageId] : entry.owed.ackedIds;

const reject = (draft: Draft, ports: Pick<Ports, 'clock'>, entry: OutboxEntry, code: RejectedCode): void => {
  const deadLetter: DeadLetter = {
    id: entry.key,
    kind: entry.kind,
    conversationId: entry.conversationId,
    messageIds: messageIdsOf(entry),
    code,
    at: ports.clock.wall(),
  };
  draft.change({ t: 'end', key: entry.key, end: 'rejected', deadLetter }, { t: 'event', event: { type: 'rejected', deadLetter } });
};

export class Drain {
  private inFlight: { id: number; entries: readonly OutboxEntry[]; cancelPatience: () => void } | null = null;
  private open = false;
  private choosing = false;
  private again = false;
  /** Halved while frames are refused as a whole, until the bad entry stands alone. */
  private most = Infinity;
  private heldBackUntil = new Map<ConversationId, number>();
  private busyUntil = 0;
  private wakeUp: (() => void) | null = null;

  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'random' | 'log'>,
    private readonly writer: Writer,
    private readonly handlers: DrainHandlers,
  ) {}

  get inFlightCount(): number {
    return this.inFlight?.entries.length ?? 0;
  }

  /** The account is named: what is owed may go. */
  start(): void {
    this.open = true;
    this.look();
  }

  /** What is in flight stays owed; the next connection sends it again under the same keys. */
  stop(): void {
    this.open = false;
    this.inFlight?.cancelPatience();
    this.inFlight = null;
    this.wakeUp?.();
    this.wakeUp = null;
    this.heldBackUntil.clear();
    this.busyUntil = 0;
  }

  /** Something may be owed. Looks afresh, so a wake-up may repeat but is never lost. */
  look(): void {
    if (!this.open || this.inFlight) return;
    if (this.choosing) {
      this.again = true;
      return;
    }
    if (this.writer.model.outbox.size === 0) return;
    const { clock } = this.ports;
    if (this.busyUntil > clock.mono()) return this.lookAt(this.busyUntil);
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
    this.wakeUp?.();
    this.wakeUp = this.ports.clock.timer(Math.max(1, mono - this.ports.clock.mono()), () => this.look());
  }

  private async choose(): Promise<void> {
    const { clock, random } = this.ports;
    const limits = this.handlers.limits();
    const batch = await this.writer.write('send-batch', { durability: 'relaxed', fence: this.handlers.fence() }, (draft) => {
      for (const entry of [...draft.model.outbox.values()]) {
        if (entry.kind !== 'receipts' || entry.sent) continue;
        const parts = splitEntry(entry, () => random.id(), limits.frameBytes);
        if (parts.length === 1) continue;
        for (const part of parts) draft.change({ t: 'owe', entry: part });
        draft.change({ t: 'end', key: entry.key, end: 'superseded' });
      }
      const now = clock.mono();
      for (const [conversationId, until] of this.heldBackUntil) if (until <= now) this.heldBackUntil.delete(conversationId);
      const chosen = nextBatch(
        draft.model.outbox.values(),
        { entries: Math.min(limits.entries, this.most), frameBytes: limits.frameBytes },
        (conversationId) => this.heldBackUntil.has(conversationId),
      );
      const unsent = chosen.filter(({ sent }) => !sent).map(({ key }) => key);
      if (unsent.length > 0) draft.change({ t: 'sent', keys: unsent });
      return chosen;
    });
    if (!this.open) return;
    if (batch.length === 0) {
      const next = Math.min(...this.heldBackUntil.values());
      if (Number.isFinite(next)) this.lookAt(next);
      return;
    }
    const id = this.handlers.nextId();
    this.inFlight = { id, entries: batch, cancelPatience: clock.timer(ANSWER_PATIENCE_MS, () => this.handlers.silent()) };
    this.handlers.send({ type: 'submit', id, entries: batch.map(wireEntry) });
    this.handlers.changed();
  }

  private land(id: number): readonly OutboxEntry[] | undefined {
    if (this.inFlight?.id !== id) return undefined;
    const { entries, cancelPatience } = this.inFlight;
    cancelPatience();
    this.inFlight = null;
    return entries;
  }

  /** The server's word on a batch: row and end of each entry in one transaction. */
  answer(frame: Frame<'answer'>): void {
    const entries = this.land(frame.id);
    if (!entries) return;
    this.most = Infinity;
    this.settle(entries, new Map(frame.results.map((result) => [result.key, result])));
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

  /** Not now: everything waits. */
  busy(id: number, retryAfterMs: number): void {
    if (!this.land(id)) return;
    this.busyUntil = this.ports.clock.mono() + retryAfterMs;
    this.look();
  }

  private settle(entries: readonly OutboxEntry[], results: ReadonlyMap<string, WireResult>): void {
    const { clock } = this.ports;
    this.writer
      .write('settle-batch', { durability: 'strict', fence: this.handlers.fence(), readsPages: true }, async (draft) => {
        for (const { key } of entries) {
          const entry = draft.model.outbox.get(key);
          const result = results.get(key);
          if (entry && result) await this.settleOne(draft, entry, result);
        }
      })
      .then(
        () => {
          // Without an answer of its own an entry stays owed; a pause keeps a server that forgets from being asked in a loop (I-21).
          if (entries.some(({ key }) => !results.has(key))) this.busyUntil = clock.mono() + 1000;
          this.handlers.changed();
          this.look();
        },
        (error: unknown) => this.handlers.failed(error),
      );
  }

  private async settleOne(draft: Draft, entry: OutboxEntry, result: WireResult): Promise<void> {
    const { clock } = this.ports;
    switch (result.outcome) {
      case 'retry':
        this.heldBackUntil.set(entry.conversationId, clock.mono() + Math.max(100, result.retryAfterMs));
        return;
      case 'rejected':
        // Acked once and refused by the server's other history: what was read then is no news, a message lost is.
        if (entry.again && entry.kind !== 'message') draft.change({ t: 'end', key: entry.key, end: 'rejected' });
        else if (entry.kind === 'receipts' && result.code === 'rejected/receipt-expired') await expireAll(draft, entry);
        else reject(draft, this.ports, entry, result.code);
        return;
      case 'acked':
        if (result.row) await applyRow(draft, result.row, 'catch-up');
        if (entry.kind === 'message' && result.message) {
          const { seq, sentAt } = result.message;
          draft.change({
            t: 'messages',
            of: entry.conversationId,
            messages: [{ ...entry.message, seq, sentAt, senderId: draft.model.me, recalled: false }],
          });
          if (!entry.again)
            draft.change({ t: 'event', event: { type: 'sent', messageId: entry.message.id, conversationId: entry.conversationId, seq } });
        }
        if (entry.kind === 'recall') await this.emptyRecalled(draft, entry);
        if (entry.kind === 'receipts' && result.refused) await endRefused(draft, this.ports, entry, result.refused);
        else draft.change({ t: 'end', key: entry.key, end: 'acked' });
    }
  }

  /** In the transaction that ends the entry, so that the text never shows again in between. */
  private async emptyRecalled(draft: Draft, { conversationId, messageId }: RecallEntry): Promise<void> {
    const conversation = draft.model.get(conversationId);
    const message = conversation && (await findInConversation(draft.tx, conversation, [messageId])).get(messageId);
    if (message) draft.change({ t: 'messages', of: conversationId, messages: [{ ...message, recalled: true, body: '' }] });
  }
}
