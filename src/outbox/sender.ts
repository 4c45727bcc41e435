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
import { backoffMs } from '../model/backoff.ts';
import type { Cancel, ClockPort, RandomPort } from '../ports/ports.ts';
import type { PendingReceipts } from './pending.ts';

/** Without an answer of the SDK within this time, the attempt has failed. */
export const SEND_TIMEOUT_MS = 30_000;
/** At most so many messages leave in an attempt: some SDKs send message after message, and need to end within {@link SEND_TIMEOUT_MS}. */
export const MOST_MESSAGES = 100;

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
  /** @param retryAfterMs milliseconds until the next attempt. */
  constructor(readonly retryAfterMs: number) {
    super(`the backend asks for a pause of ${retryAfterMs} ms`);
  }
}

/** Sends the receipts of one conversation, and resolves when the backend has them. */
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
    if (isConnected) this.endWaits();
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
    if (!this.isBusy) this.tellIdle();
  }

  /** Ends every wait, sends what is due, and resolves when nothing is due any more. */
  flush(): Promise<void> {
    this.endWaits();
    return new Promise((resolve) => {
      this.listeners.push(resolve);
      this.run();
    });
  }

  stop(): void {
    this.isStopped = true;
    this.cancelTimer();
    this.tellIdle();
  }

  private tellIdle(): void {
    for (const listener of this.listeners.splice(0)) listener();
  }

  /** Ends every wait, for a new connection or a flush. The next waits are longer all the same. */
  private endWaits(): void {
    for (const [id, { times }] of this.waiting) this.waiting.set(id, { times, until: 0 });
  }

  private get canSend(): boolean {
    return this.isLeading && this.isConnected && !this.isStopped;
  }

  private dueAt({ conversation }: PendingReceipts): number {
    return this.waiting.get(conversation)?.until ?? 0;
  }

  private nextDue(): PendingReceipts | undefined {
    if (!this.canSend) return undefined;
    const now = this.ports.clock.mono();
    for (const receipts of this.handlers.pending()) if (this.dueAt(receipts) <= now) return receipts;
    return undefined;
  }

  private armTimer(): void {
    if (!this.canSend) return;
    const first = Math.min(...Array.from(this.handlers.pending(), (receipts) => this.dueAt(receipts)));
    if (first === Infinity) return;
    this.cancelTimer = this.ports.clock.timer(Math.max(1, first - this.ports.clock.mono()), () => this.run());
  }

  private async attempt(pending: PendingReceipts): Promise<void> {
    const receipts = { ...pending, messages: pending.messages.slice(0, MOST_MESSAGES) };
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
    const ms = backoffMs(times, this.ports.random.next(), error instanceof ReceiptDelayed ? error.retryAfterMs : 0);
    this.waiting.set(conversation, { times: times + 1, until: this.ports.clock.mono() + ms });
    this.ports.log('info', 'outbox-delayed', { ms, times: times + 1, ...appErrorDetails(error) });
  }

  /** @throws the error of an attempt with a chance later. */
  private async sent(receipts: PendingReceipts): Promise<Settled> {
    let cancel: Cancel = () => undefined;
    const silence = new Promise((_, reject) => {
      cancel = this.ports.clock.timer(SEND_TIMEOUT_MS, () =>
        reject(new Error(`the SDK did not answer within ${SEND_TIMEOUT_MS / 1000} s`)),
      );
    });
    try {
      await Promise.race([this.handlers.send(receipts), silence]);
      return { end: 'taken' };
    } catch (error) {
      if (error instanceof ReceiptRefused) return { end: 'refused', code: error.code, messageIds: error.messageIds };
      throw error;
    } finally {
      cancel();
    }
  }
}
