/**
 * Reads a conversation while the user looks at it: with the page visible and focused, present and arriving messages are
 * read. With the page hidden or blurred, messages are only delivered. After the app has called `seen`, the view reads
 * up to the seen message only.
 */
import { distinctUntilChanged, filter, map } from 'rxjs';
import { conversationType, type ConversationId, type MessageId, requireId, type Seq } from '../../model/ids.ts';
import type { WorkerConnection } from '../../bridge/connect.ts';
import { WorkerError } from '../../errors.ts';
import { FixedDivider } from './fixed-divider.ts';
import { isVisibleAndFocused, watchView } from '../page/page-lifecycle.ts';
import type { ConversationViewing } from '../receipt-client.ts';
import type { Watching } from '../watching.ts';

/** A view for the client. A call of `seen` is a call like any other, so `close()` waits for it. */
export interface OpenView extends ConversationViewing {
  /** Resolves when all calls of the view are stored; null without an open call. */
  underWay(): Promise<void> | null;
}

export const viewConversation = (
  connection: WorkerConnection,
  watching: Pick<Watching, 'watch'>,
  conversationId: ConversationId,
  tellsSenders: boolean,
): OpenView => {
  let isViewed = false;
  /** The newest seen message; null until the app calls `seen`. */
  let seenUpTo: Seq | null = null;
  let seenLast: MessageId | null = null;
  let newest: Seq = 0;
  let readUpTo: Seq = 0;
  let turn = Promise.resolve();
  let turns = 0;
  let closed = false;
  let tellClosed: () => void = () => undefined;
  const whenClosed = new Promise<void>((resolve) => (tellClosed = resolve));
  const direct = conversationType(conversationId) === 'direct';
  const divider = new FixedDivider((seq) => watching.watch({ of: 'message-id', conversationId, seq }));

  /** Repeats the call on the next worker after a worker's death: every call is safe to repeat. */
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

  /** Runs one call after another. A failed write is repeated with the next arrival or the next look at the page. */
  const next = (run: () => Promise<void>): void => {
    turns++;
    turn = turn
      .then(() => outlive(run))
      .catch(() => undefined)
      .finally(() => turns--);
  };

  // The first call of the view, so that every read comes after it.
  next(async () => {
    const first = await Promise.race([connection.query('firstUnread', conversationId), whenClosed]);
    if (first !== undefined) divider.fix(first);
  });

  /**
   * Reads all stored messages, or all up to the seen message: a direct chat sends one conversation receipt, a group one
   * per asking message. A view that tells the senders nothing makes calls that have no public part.
   */
  const read = (upTo: MessageId | null): Promise<void> => {
    if (!tellsSenders)
      return upTo === null
        ? connection.intent('clearConversationUnreadCount', conversationId)
        : connection.intent('clearConversationUnreadCount', conversationId, upTo);
    if (direct) return connection.intent('sendConversationReadReceipt', conversationId, upTo === null ? {} : { upTo });
    return upTo === null ? connection.intent('readGroup', conversationId) : connection.intent('readGroup', conversationId, upTo);
  };

  const readUntil = async (upTo: Seq): Promise<void> => {
    const name = !tellsSenders ? 'passArrivals' : direct ? 'readArrivals' : 'readGroupArrivals';
    readUpTo = await connection.intent(name, conversationId, readUpTo, upTo);
  };

  /** @param isSeen the user sees the conversation at this moment: it is read also if the view closes before its turn comes. */
  const readAll = (isSeen = false): void =>
    next(async () => {
      if (!isViewed && !isSeen) return;
      const upTo = seenLast;
      if (seenUpTo !== null && upTo === null) return;
      await read(upTo);
      readUpTo = Math.max(readUpTo, seenUpTo ?? newest);
    });

  const readArrivals = (): void =>
    next(async () => {
      if (!isViewed) return;
      const upTo = seenUpTo ?? newest;
      if (upTo > readUpTo) await readUntil(upTo);
    });

  const updateVisibility = (): void => {
    const now = isVisibleAndFocused();
    if (now === isViewed) return;
    isViewed = now;
    if (isViewed) readAll(true);
  };

  // Count stored messages only: the user cannot have seen a message that was never on this device.
  const arrivals = watching
    .watch({ of: 'messages', conversationId, limit: 1 })
    .pipe(
      map((list) => list.reduce((newestStored, { seq }) => Math.max(newestStored, seq ?? 0), 0)),
      filter((seq) => seq > newest),
      distinctUntilChanged(),
    )
    .subscribe((seq) => {
      const first = newest === 0;
      newest = seq;
      if (first) readAll();
      else readArrivals();
    });
  const stop = watchView(updateVisibility);
  updateVisibility();

  return {
    firstUnread: divider.firstUnread,
    seen(messageId) {
      requireId(messageId, 'messageId');
      // Take the visibility of this moment: a view that closes before the write was open when the user saw the message.
      const isSeen = isViewed;
      next(async () => {
        const seq = await connection.query('seqOf', conversationId, messageId);
        if (seq === null || seq <= (seenUpTo ?? 0)) return;
        seenUpTo = seq;
        seenLast = messageId;
        if (!isSeen) return;
        if (direct && tellsSenders && seq > readUpTo) await readUntil(seq);
        await read(messageId);
        readUpTo = Math.max(readUpTo, seq);
      });
    },
    underWay: () => (turns > 0 ? turn : null),
    close() {
      closed = true;
      tellClosed();
      isViewed = false;
      arrivals.unsubscribe();
      divider.close();
      stop();
    },
  };
};
