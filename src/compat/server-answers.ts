/**
 * The server's answers to single calls. The receipt client resolves a call when the call is stored; a vendor's promise also rejects when
 * the server refuses. So a facade waits here, but only while the device is connected:
 *
 *   call ──▶ stored ──▶ offline ─────────────────────────▶ resolves (the outbox sends the entry later)
 *               └─────▶ connected ──▶ the server confirms ▶ resolves
 *                           │   └───▶ the server refuses ─▶ rejects with the code
 *                           └──▶ the connection ends, the outbox is empty, or 15 s ──▶ resolves
 */
import { delay, filter, firstValueFrom, map, merge, type Observable, Subject, take, timer } from 'rxjs';
import type { ErrorCode, ReceiptClient, ReceiptEvent } from '../index.ts';
import { isConnected } from './connected.ts';

/** The vendors give up after this time. The entry stays in the outbox. */
const WAIT_MS = 15_000;

/** The events of a write may come after the empty outbox. */
const SETTLE_MS = 100;

/** The server refused a call. `code` is a `rejected/…` code. */
export class RefusedError extends Error {
  constructor(
    readonly code: ErrorCode,
    /** All refused names of the call. */
    readonly names: string[],
  ) {
    super(code);
  }
}

interface Waiting {
  /** The message ids, or the conversation id of a conversation receipt, without an answer so far. */
  readonly names: Set<string>;
  refused: Error | null;
  readonly done$: Subject<void>;
}

export class ServerAnswers {
  private readonly waiting = new Set<Waiting>();
  isConnected = false;
  private readonly connected$: Observable<boolean>;
  private readonly isOutboxEmpty$: Observable<boolean>;

  constructor(client: Pick<ReceiptClient, 'watchConnection' | 'watchOutbox'>) {
    this.connected$ = client.watchConnection().pipe(map((status) => !status.paused && isConnected(status)));
    this.isOutboxEmpty$ = client.watchOutbox().pipe(map(({ pending }) => pending === 0));
    this.connected$.subscribe((connected) => (this.isConnected = connected));
  }

  /** @returns whether a waiting call gets this event as its outcome. */
  hears(event: ReceiptEvent): boolean {
    switch (event.type) {
      case 'sent':
        return this.answer([event.messageId]);
      case 'receiptsConfirmed':
        return this.answer([...event.messageIds, ...(event.upTo === null ? [] : [event.conversationId])]);
      case 'expired':
        return this.answer(event.messageIds, 'rejected/receipt-expired');
      case 'rejected':
        return this.answer(event.deadLetter.messageIds, event.deadLetter.code as ErrorCode);
      default:
        return false;
    }
  }

  private answer(names: readonly string[], refusal?: ErrorCode): boolean {
    let isAwaited = false;
    for (const waiting of this.waiting) {
      const answered = names.filter((name) => waiting.names.delete(name));
      if (answered.length === 0) continue;
      isAwaited = true;
      if (refusal && waiting.refused instanceof RefusedError) waiting.refused.names.push(...answered);
      else if (refusal) waiting.refused ??= new RefusedError(refusal, answered);
      if (waiting.names.size === 0) waiting.done$.next();
    }
    return isAwaited;
  }

  /**
   * Makes a call and waits for the server's answer, as the head of this file says.
   *
   * @param names the ids of the call's messages, or the conversation id for a conversation receipt.
   * @param unsent the names for which the call sends nothing, from its result.
   * @throws {RefusedError} if the server refuses one of the names.
   */
  async to<T>(names: readonly string[], call: () => Promise<T>, unsent: (result: T) => readonly string[] = () => []): Promise<T> {
    // Before the call: the answer may come before the call's promise is handled.
    const waiting: Waiting = { names: new Set(names), refused: null, done$: new Subject() };
    this.waiting.add(waiting);
    try {
      const result = await call();
      for (const name of unsent(result)) waiting.names.delete(name);
      if (waiting.names.size > 0 && this.isConnected) await this.end(waiting);
      if (waiting.refused) throw waiting.refused;
      return result;
    } catch (error) {
      // A call in flight may end with the client's own error when the app logs out.
      throw waiting.refused ?? error;
    } finally {
      this.waiting.delete(waiting);
    }
  }

  /** Rejects the waiting calls. Their stored entries stay. */
  stop(error: Error): void {
    for (const waiting of this.waiting) {
      waiting.refused = error;
      waiting.done$.next();
    }
  }

  private end({ done$ }: Waiting): Promise<unknown> {
    const isOver$ = merge(
      done$,
      timer(WAIT_MS),
      this.connected$.pipe(filter((connected) => !connected)),
      this.isOutboxEmpty$.pipe(
        filter((isEmpty) => isEmpty),
        delay(SETTLE_MS),
      ),
    );
    return firstValueFrom(isOver$.pipe(take(1)), { defaultValue: undefined });
  }
}
