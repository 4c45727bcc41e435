/**
 * Sends pending receipts through the app's SDK, conversation after conversation, while this tab leads and the SDK is connected.
 *
 *   pending ──▶ send ──taken──▶ removed from the store, if this tab still leads
 *                 ├──refused for good──▶ dead letter
 *                 ├──failed while connected──▶ the conversation waits, longer each time
 *                 └──failed while offline──▶ sent again on the next connection; counts as no try
 */
import type { Log } from '../logging.ts';
import { appErrorDetails } from '../logging.ts';
import { BACKOFF_FLOOR_MS, backoffMs } from '../model/backoff.ts';
import type { Cancel, ClockPort, RandomPort } from '../ports/ports.ts';
import type { PendingReceipts } from './pending.ts';

/** Without an answer of the SDK within this time, the attempt has failed. */
export const SEND_TIMEOUT_MS = 30_000;

/**
 * Thrown by `send`: the backend refuses these receipts for good. The receipts become a dead letter, and the outbox goes on.
 *
 * @see OUTBOX.md for the refusals of each adapter.
 */
export class ReceiptRefused extends Error {
  override readonly name = 'ReceiptRefused';
  constructor(
    /** The backend's code, for the dead letter. */
    readonly code: string,
    /** The refused messages. By default, all receipts of the conversation are refused. */
    readonly messageIds?: readonly string[],
  ) {
    super(`the backend refused the receipts: ${code}`);
  }
}

/** Thrown by `send`: the backend asks for a pause. */
export class ReceiptDelayed extends Error {
  override readonly name = 'ReceiptDelayed';
  constructor(readonly retryAfterMs: number) {
    super(`the backend asks for a pause of ${retryAfterMs} ms`);
  }
}

export type Send = (receipts: PendingReceipts) => Promise<unknown>;

/** The end of an attempt, for the store. */
export type Settled =
  { readonly end: 'taken' } | { readonly end: 'refused'; readonly code: string; readonly messageIds: readonly string[] | undefined };

export interface SenderHandlers {
  readonly pending: () => Iterable<PendingReceipts>;
  readonly send: Send;
  /** Stores the end of an attempt. @returns false if another tab leads. */
  readonly settle: (sent: PendingReceipts, settled: Settled) => Promise<boolean>;
  readonly deposed: () => void;
}

interface Waiting {
  readonly times: number;
  readonly until: number;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : Object.assign(new Error('the SDK failed'), { cause: error }));

const wasDelayed = (error: unknown): number => (error instanceof ReceiptDelayed ? Math.max(0, error.retryAfterMs) : 0);

export class Sender {
  isLeading = false;
  private isConnected = false;
  /** Number of the current connection: a failed attempt on an earlier connection does not count. */
  private connection = 0;
  /** The conversation with receipts on their way. */
  private inFlight: string | null = null;
  private readonly waiting = new Map<string, Waiting>();
  private cancelTimer: Cancel = () => undefined;
  private isStopped = false;
  private listeners: (() => void)[] = [];

  constructor(
    private readonly ports: { readonly clock: ClockPort; readonly random: RandomPort; readonly log: Log },
    private readonly handlers: SenderHandlers,
  ) {}

  /** True while this tab sends receipts, or could send due receipts now. */
  get isBusy(): boolean {
    return this.inFlight !== null || this.nextDue() !== undefined;
  }

  connected(isConnected: boolean): void {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.connection++;
    // A new connection ends every wait. The next waits are longer all the same.
    if (isConnected) for (const [id, { times }] of this.waiting) this.waiting.set(id, { times, until: 0 });
    this.run();
  }

  leads(isLeading: boolean): void {
    this.isLeading = isLeading;
    this.run();
  }

  /** Something was stored, or the app asks to send at once. */
  run(): void {
    if (this.isStopped) return;
    this.cancelTimer();
    if (this.inFlight === null) {
      const next = this.nextDue();
      if (next) void this.attempt(next);
      else this.armTimer();
    }
    if (this.isBusy) return;
    for (const listener of this.listeners.splice(0)) listener();
  }

  /** Ends every wait, sends what is due, and resolves when nothing is due any more. */
  flush(): Promise<void> {
    for (const [id, { times }] of this.waiting) this.waiting.set(id, { times, until: 0 });
    return new Promise((resolve) => {
      this.listeners.push(resolve);
      this.run();
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
    for (const listener of this.listeners.splice(0)) listener();
  }

  private nextDue(): PendingReceipts | undefined {
    if (!this.isLeading || !this.isConnected || this.isStopped) return undefined;
    const now = this.ports.clock.mono();
    for (const receipts of this.handlers.pending()) if ((this.waiting.get(receipts.conversation)?.until ?? 0) <= now) return receipts;
    return undefined;
  }

  private armTimer(): void {
    if (!this.isLeading || !this.isConnected) return;
    let first = Infinity;
    for (const { conversation } of this.handlers.pending()) first = Math.min(first, this.waiting.get(conversation)?.until ?? 0);
    if (first === Infinity) return;
    this.cancelTimer = this.ports.clock.timer(Math.max(1, first - this.ports.clock.mono()), () => this.run());
  }

  private async attempt(receipts: PendingReceipts): Promise<void> {
    const { conversation } = receipts;
    const { connection } = this;
    this.inFlight = conversation;
    try {
      const settled = await this.sent(receipts);
      const isKept = await this.handlers.settle(receipts, settled);
      this.waiting.delete(conversation);
      const { length } = receipts.messages;
      if (settled.end === 'taken') this.ports.log('info', 'outbox-sent', { messages: length });
      else this.ports.log('warn', 'outbox-refused', { messages: length, code: settled.code });
      if (!isKept) {
        this.isLeading = false;
        this.handlers.deposed();
      }
    } catch (error) {
      if (connection === this.connection) this.failed(conversation, error);
    } finally {
      this.inFlight = null;
      this.run();
    }
  }

  private failed(conversation: string, error: unknown): void {
    const times = this.waiting.get(conversation)?.times ?? 0;
    const ms = Math.max(BACKOFF_FLOOR_MS, backoffMs(times, this.ports.random.next(), wasDelayed(error)));
    this.waiting.set(conversation, { times: times + 1, until: this.ports.clock.mono() + ms });
    this.ports.log('info', 'outbox-delayed', { ms, times: times + 1, ...appErrorDetails(error) });
  }

  /** @throws the error of an attempt with a chance later. */
  private sent(receipts: PendingReceipts): Promise<Settled> {
    return new Promise((resolve, reject) => {
      const cancel = this.ports.clock.timer(SEND_TIMEOUT_MS, () =>
        reject(new Error(`the SDK did not answer within ${SEND_TIMEOUT_MS / 1000} s`)),
      );
      const answer = new Promise((begin) => begin(this.handlers.send(receipts)));
      answer
        .then(
          () => resolve({ end: 'taken' }),
          (error: unknown) => {
            if (error instanceof ReceiptRefused) resolve({ end: 'refused', code: error.code, messageIds: error.messageIds });
            else reject(asError(error));
          },
        )
        .finally(cancel);
    });
  }
}
