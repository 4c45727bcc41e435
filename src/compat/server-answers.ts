/**
 * The server's answers to single calls. The receipt client resolves a call when the call is stored; a vendor's promise also rejects when
 * the server refuses. So a facade waits here, but only while the device is connected:
 *
 *   call ──▶ stored ──▶ offline ─────────────────────────▶ resolves (the outbox sends the entry later)
 *               └─────▶ connected ──▶ the server confirms ▶ resolves
 *                           │   └───▶ the server refuses ─▶ rejects with the code
 *                           └──▶ the connection ends, the outbox is empty, or 15 s ──▶ resolves
 */
import { delay, filter, firstValueFrom, map, merge, Subject, timer } from 'rxjs';
import { type ErrorCode, type ReceiptClient, type ReceiptEvent, RejectedError } from '../index.ts';
import { isConnected } from './connected.ts';

/** The vendors give up after this time. The entry stays in the outbox. */
const WAIT_MS = 15_000;

/** The events of a write may come after the empty outbox. */
const SETTLE_MS = 100;

/** The server refused a call. */
export class RefusedError extends RejectedError {
  constructor(
    code: ErrorCode,
    /** All refused names of the call. */
    readonly names: string[],
  ) {
    super(code as RejectedError['code'], code);
  }
}

interface Waiting {
  /** The message ids, or the conversation id of a conversation receipt, without an answer so far. */
  readonly names: Set<string>;
  /** The names that the server has refused. */
  readonly refused: string[];
  /** The outcome of the call, if it is an error. */
  error: Error | null;
  readonly done$: Subject<void>;
}

export interface ServerAnswers {
  readonly isConnected: () => boolean;
  /** @returns whether a waiting call gets this event as its outcome. */
  readonly hears: (event: ReceiptEvent) => boolean;
  /**
   * Makes a call and waits for the server's answer, as the head of this file says.
   *
   * @param names the ids of the call's messages, or the conversation id for a conversation receipt.
   * @param unsent the names for which the call sends nothing, from its result.
   * @throws {RefusedError} if the server refuses one of the names.
   */
  readonly to: <T>(names: readonly string[], call: () => Promise<T>, unsent?: (result: T) => readonly string[]) => Promise<T>;
  /** Rejects the waiting calls. Their stored entries stay. */
  readonly stop: (error: Error) => void;
}

export const createServerAnswers = (client: Pick<ReceiptClient, 'watchConnection' | 'watchOutbox'>): ServerAnswers => {
  const all = new Set<Waiting>();
  let connected = false;
  const connected$ = client.watchConnection().pipe(map(isConnected));
  connected$.subscribe((is) => (connected = is));

  const answer = (names: readonly string[], refusal?: ErrorCode): boolean => {
    let isAwaited = false;
    for (const waiting of all) {
      const answered = names.filter((name) => waiting.names.delete(name));
      if (answered.length === 0) continue;
      isAwaited = true;
      if (refusal) {
        waiting.refused.push(...answered);
        waiting.error ??= new RefusedError(refusal, waiting.refused);
      }
      if (waiting.names.size === 0) waiting.done$.next();
    }
    return isAwaited;
  };

  const end = ({ done$ }: Waiting): Promise<unknown> => {
    const isOver$ = merge(
      done$,
      timer(WAIT_MS),
      connected$.pipe(filter((is) => !is)),
      client.watchOutbox().pipe(
        filter(({ pending }) => pending === 0),
        delay(SETTLE_MS),
      ),
    );
    return firstValueFrom(isOver$);
  };

  return {
    isConnected: () => connected,
    hears: (event) => {
      switch (event.type) {
        case 'sent':
          return answer([event.messageId]);
        case 'receiptsConfirmed':
          return answer([...event.messageIds, ...(event.upTo === null ? [] : [event.conversationId])]);
        case 'expired':
          return answer(event.messageIds, 'rejected/receipt-expired');
        case 'rejected':
          return answer(event.deadLetter.messageIds, event.deadLetter.code as ErrorCode);
        default:
          return false;
      }
    },
    to: async (names, call, unsent) => {
      // Before the call: the answer may come before the call's promise is handled.
      const waiting: Waiting = { names: new Set(names), refused: [], error: null, done$: new Subject() };
      all.add(waiting);
      try {
        const result = await call();
        for (const name of unsent?.(result) ?? []) waiting.names.delete(name);
        if (waiting.names.size > 0 && connected) await end(waiting);
        if (waiting.error) throw waiting.error;
        return result;
      } catch (error) {
        // A call in flight may end with the client's own error when the app logs out.
        throw waiting.error ?? error;
      } finally {
        all.delete(waiting);
      }
    },
    stop: (error) => {
      for (const waiting of all) {
        waiting.error = error;
        waiting.done$.next();
      }
    },
  };
};
