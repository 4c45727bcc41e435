/**
 * Reading by looking: while the page is visible and focused, what is and what arrives in a conversation is read. Hidden or blurred,
 * only delivery is told. Once the app says what was seen, nothing goes past it.
 */
import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';
import type { Message } from '../model/message.ts';
import { conversationType, type ConversationId, type MessageId, requireId, type Seq } from '../model/ids.ts';
import type { WorkerConnection } from '../bridge/connect.ts';
import { WorkerError } from '../errors.ts';
import { isInView, watchView } from './page-lifecycle.ts';
import type { ConversationViewing } from './receipt-client.ts';

/** A view as the client keeps it: what `seen` was told of is a call like any other, and close() waits for it. */
export interface OpenView extends ConversationViewing {
  /** Resolves when everything that the view has told so far is stored; null where nothing is under way. */
  underWay(): Promise<void> | null;
}

export const viewConversation = (
  connection: WorkerConnection,
  newest$: Observable<readonly Message[]>,
  conversationId: ConversationId,
): OpenView => {
  let looking = false;
  /** As far as the user has seen; null as long as the app says nothing about it. */
  let seenUpTo: Seq | null = null;
  let seenLast: MessageId | null = null;
  let newest: Seq = 0;
  let dealtWith: Seq = 0;
  let turn = Promise.resolve();
  let turns = 0;
  let closed = false;
  let tellClosed: () => void = () => undefined;
  const whenClosed = new Promise<void>((resolve) => (tellClosed = resolve));
  const direct = conversationType(conversationId) === 'direct';

  /** Again with the next worker, where one died over it: every call is safe to repeat, and the user has seen what they saw. */
  const outlive = async (run: () => Promise<void>): Promise<void> => {
    for (;;)
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof WorkerError) || connection.isUp) throw error;
        await Promise.race([connection.up(), whenClosed]);
        if (closed) throw error;
      }
  };

  /** One after the other; a refused write is repeated with the next arrival or look. */
  const next = (run: () => Promise<void>): void => {
    turns++;
    turn = turn
      .then(() => outlive(run))
      .catch(() => undefined)
      .finally(() => turns--);
  };

  /** All that is held, or as far as was seen: one conversation receipt, or in a group one for each message that asks. */
  const read = (upTo: MessageId | null): Promise<void> => {
    if (direct) return connection.intent('sendConversationReadReceipt', conversationId, upTo === null ? {} : { upTo });
    return upTo === null ? connection.intent('readGroup', conversationId) : connection.intent('readGroup', conversationId, upTo);
  };

  const readAll = (): void =>
    next(async () => {
      if (!looking) return;
      const upTo = seenLast;
      if (seenUpTo !== null && upTo === null) return;
      await read(upTo);
      dealtWith = Math.max(dealtWith, seenUpTo ?? newest);
    });

  const readArrivals = (): void =>
    next(async () => {
      if (!looking) return;
      const upTo = seenUpTo ?? newest;
      if (upTo <= dealtWith) return;
      dealtWith = await connection.intent(direct ? 'readArrivals' : 'readGroupArrivals', conversationId, dealtWith, upTo);
    });

  const look = (): void => {
    const now = isInView();
    if (now === looking) return;
    looking = now;
    if (looking) readAll();
  };

  // What is held counts, not what is known of: a message that was never here was not seen.
  const arrivals = newest$
    .pipe(
      map((list) => list.reduce((newestHeld, { seq }) => Math.max(newestHeld, seq ?? 0), 0)),
      filter((seq) => seq > newest),
      distinctUntilChanged(),
    )
    .subscribe((seq) => {
      const first = newest === 0;
      newest = seq;
      if (first) readAll();
      else readArrivals();
    });
  const stop = watchView(look);
  look();

  return {
    seen(messageId) {
      requireId(messageId, 'messageId');
      // As of now: a view that is closed before this is stored was open when the user saw the message.
      const isSeen = looking;
      next(async () => {
        const seq = await connection.query('seqOf', conversationId, messageId);
        if (seq === null || seq <= (seenUpTo ?? 0)) return;
        seenUpTo = seq;
        seenLast = messageId;
        if (!isSeen) return;
        if (direct && seq > dealtWith) dealtWith = await connection.intent('readArrivals', conversationId, dealtWith, seq);
        await read(messageId);
        dealtWith = Math.max(dealtWith, seq);
      });
    },
    underWay: () => (turns > 0 ? turn : null),
    close() {
      closed = true;
      tellClosed();
      looking = false;
      arrivals.unsubscribe();
      stop();
    },
  };
};
