/** Applies rows from the server, from the feed or from an answer, and makes the events of a row after its messages are stored. */
import { type ConversationRow, joinRows, rowParts } from '../../model/conversation.ts';
import { conversationTarget, conversationType, type MessageId, type Seq } from '../../model/ids.ts';
import { contains, fromSeqs, highest, intersect, type Ranges, subtract, union } from '../../model/ranges.ts';
import type { ReceiptsSent } from '../../model/receipt.ts';
import { pagesOf, parseIndexLine, readIndex, readIndexes } from '../../log/pages.ts';
import type { Draft } from '../write/draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';

/** An event names at most this many messages by id. Its ranges cover all stored ones. */
const MAX_IDS_IN_EVENT = 200;

/** The state of a conversation before a row was applied. The events are the difference. */
export interface RowBefore {
  readonly row: ConversationRow;
  /** The read position and the receipts sent, both with the pending ones. */
  readonly readUpTo: Seq;
  readonly receiptsSent: ReceiptsSent;
}

/**
 * Joins a row with the stored one.
 *
 * @param isPart whether the row belongs to a catch-up that goes on after this frame.
 * @returns the state before; `undefined` if the conversation was not known.
 */
export const applyRow = (draft: Draft, row: ConversationRow, isPart = false): RowBefore | undefined => {
  const conversation = draft.model.get(row.conversationId);
  const before = conversation && { row: conversation.row, readUpTo: conversation.readUpTo, receiptsSent: conversation.receiptsSent };
  // A row in an answer during a catch-up belongs to the catch-up too: the row is newer than the moment of the total.
  const ahead = isPart || draft.model.rowsBeforeCatchUp.size > 0;
  draft.change({ t: 'row', row: rowParts(row), ...(ahead ? { ahead } : {}) });
  return before;
};

/** The seqs of own stored messages in `ranges`, and the ids of the newest of them. */
const ownAt = async (
  { tx, model }: Draft,
  { id, storedSeqs, unflushed }: ConversationState,
  ranges: Ranges,
): Promise<{ readonly ranges: Ranges; readonly messageIds: readonly MessageId[] }> => {
  const seqs = intersect(storedSeqs, ranges);
  const pages = pagesOf(subtract(seqs, fromSeqs(unflushed.seqs))).map((page) => ({ conversationId: id, page }));
  const own = new Map<Seq, MessageId>();
  for (const index of pages.length > 0 ? await readIndexes(tx, pages) : [])
    for (const [messageId, line] of readIndex(index)) {
      const { seq, senderId } = parseIndexLine(line);
      if (senderId === model.me && contains(seqs, seq)) own.set(seq, messageId);
    }
  for (const seq of unflushed.seqs) {
    const { id: messageId, senderId } = unflushed.get(seq)!;
    if (senderId === model.me && contains(seqs, seq)) own.set(seq, messageId);
    // A page may still hold a message that had this seq in another history.
    else own.delete(seq);
  }
  const newest = [...own].sort(([a], [b]) => b - a).slice(0, MAX_IDS_IN_EVENT);
  return { ranges: fromSeqs(own.keys()), messageIds: newest.map(([, messageId]) => messageId) };
};

/** Makes events of changes by other devices. The caller must store the messages of the row's frame first. */
export const addRowEvents = async (draft: Draft, row: ConversationRow, before: RowBefore | undefined): Promise<void> => {
  if (!before) return;
  const { model } = draft;
  const { conversationId } = row;
  const after = joinRows(before.row, row);
  const cleared = (): void => {
    if (after.readUpTo > before.readUpTo)
      draft.change({ t: 'event', event: { type: 'unreadCleared', conversationId, upTo: after.readUpTo, self: true } });
  };
  // A group sends positions to the user's own devices only, so the peer's part below does not apply.
  if (conversationType(conversationId) === 'group') return cleared();
  const peer = conversationTarget(conversationId);

  const [was, is] = [before.row.theirs, after.theirs];
  const read = subtract(union(is.read, is.named), union(was.read, was.named));
  const delivered = subtract(subtract(is.delivered, was.delivered), read);
  for (const [type, covered] of [['delivered', delivered] as const, ['read', read] as const]) {
    if (covered.length === 0) continue;
    // The peer's ranges include the peer's own messages. The event names messages of this user only.
    const { ranges, messageIds } = await ownAt(draft, model.get(conversationId)!, covered);
    if (ranges.length > 0) draft.change({ t: 'event', event: { type, conversationId, ranges, messageIds, by: peer } });
  }
  if (highest(is.read) > highest(was.read))
    draft.change({ t: 'event', event: { type: 'conversationRead', conversationId, upTo: highest(is.read), by: peer, self: false } });
  // Another device of this user sent the receipt. A receipt of this device is in the overlay already, and makes no event.
  if (subtract(after.mine.read, before.receiptsSent.read).length > 0)
    draft.change({
      t: 'event',
      event: { type: 'conversationRead', conversationId, upTo: highest(after.mine.read), by: model.me, self: true },
    });
  else cleared();
};
