/**
 * Decides what an open view reads, and when. A message is read when this device has stored it and the user sees it:
 *
 *   the view opens, or the user comes back ─▶ read all ──────┐
 *   a message arrives in view ─────────────▶ read arrivals ──┼─▶ up to the newest stored message; after a call
 *   the app calls `seen` ──────────────────▶ read all ───────┘   of `seen`, up to the newest seen message
 */
import type { MessageId, Seq } from '../../model/ids.ts';
import type { ReadCalls } from './read-calls.ts';
import type { ViewCalls } from './view-calls.ts';

export interface ViewReader {
  /** The user begins or ceases to see the view. */
  setViewed(isViewed: boolean): void;
  /** Takes stored messages only: the user cannot have seen a message that was never on this device. */
  arrived(seq: Seq): void;
  seen(messageId: MessageId): void;
}

export const viewReader = (add: ViewCalls['add'], read: ReadCalls): ViewReader => {
  let isViewed = false;
  /** The newest stored message. */
  let newest: Seq = 0;
  /** The newest message that was stored when the view opened: later messages arrived in view. */
  let atOpening: Seq = 0;
  /** The newest seen message; undefined until the app calls `seen`. */
  let seen: { readonly id: MessageId; readonly seq: Seq } | undefined;
  let readUpTo: Seq = 0;

  /** The newest message that the view may read. */
  const limit = (): Seq => seen?.seq ?? newest;

  const readAll = async (): Promise<void> => {
    // A message that arrives meanwhile is not read by this call.
    const upTo = limit();
    await read.all(seen?.id);
    readUpTo = Math.max(readUpTo, upTo);
  };
  const readArrivals = async (): Promise<void> => {
    const after = Math.max(readUpTo, atOpening);
    if (limit() > after) readUpTo = await read.arrivals(after, limit());
  };

  return {
    setViewed(now) {
      if (now === isViewed) return;
      isViewed = now;
      // The user sees the conversation at this moment: the messages are read even if the view closes before their
      // turn comes.
      if (now) add(readAll);
    },
    arrived(seq) {
      if (seq <= newest) return;
      const readNew = newest ? readArrivals : readAll;
      newest = seq;
      atOpening ||= seq;
      add(async () => {
        if (isViewed) await readNew();
      });
    },
    seen(id) {
      // Take the visibility of this moment: a view that closes before the write was open when the user saw the message.
      let isToRead = isViewed;
      add(async () => {
        const seq = await read.seqOf(id);
        if (seq && seq > (seen?.seq ?? 0)) seen = { id, seq };
        else isToRead = false;
      });
      // A call of its own: the next worker repeats it, and the look-up would find the message seen already.
      add(async () => {
        if (!isToRead) return;
        if (read.isDirect) await readArrivals();
        await readAll();
      });
    },
  };
};
