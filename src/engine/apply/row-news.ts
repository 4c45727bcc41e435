/** Rows from the server into the store, by whichever road they came; and the news that a row brings, told once its messages are kept. */
import { type ConversationRow, joinRows, rowParts } from '../../model/conversation.ts';
import { conversationTarget, conversationType, type MessageId, type Seq } from '../../model/ids.ts';
import { contains, fromSeqs, highest, intersect, type Ranges, subtract, union } from '../../model/ranges.ts';
import type { ReceiptsSent } from '../../model/receipt.ts';
import { pagesOf, parseIndexLine, readIndex, readIndexes } from '../../log/pages.ts';
import type { Draft } from '../write/draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';

/** An event names at most this many messages; its ranges name all that are held. */
const MAX_IDS_IN_EVENT = 200;

/** What stood before a row was laid: the news is the difference. */
export interface RowBefore {
  readonly row: ConversationRow;
  /** The position and what the peer was told, with what is pending. */
  readonly readUpTo: Seq;
  readonly receiptsSent: ReceiptsSent;
}

/**
 * Joins a row with the one there is.
 *
 * @param isPart of a catch-up that is not complete with the frame of this row.
 * @returns what stood before; `undefined` where the conversation was not known.
 */
export const applyRow = (draft: Draft, row: ConversationRow, isPart = false): RowBefore | undefined => {
  const conversation = draft.model.get(row.conversationId);
  const before = conversation && { row: conversation.row, readUpTo: conversation.readUpTo, receiptsSent: conversation.receiptsSent };
  // Also what an answer carries in between, newer than the moment that the total is of.
  const ahead = isPart || draft.model.rowsBeforeCatchUp.size > 0;
  draft.change({ t: 'row', row: rowParts(row), ...(ahead ? { ahead } : {}) });
  return before;
};

/** Of these places, those of own messages held here; and the newest of those messages by id. */
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
    // A page may still hold what lay at this place in another history.
    else own.delete(seq);
  }
  const newest = [...own].sort(([a], [b]) => b - a).slice(0, MAX_IDS_IN_EVENT);
  return { ranges: fromSeqs(own.keys()), messageIds: newest.map(([, messageId]) => messageId) };
};

/** Tells what a row says that nothing on this device did. Called when the messages that came with the row are kept. */
export const addRowEvents = async (draft: Draft, row: ConversationRow, before: RowBefore | undefined): Promise<void> => {
  if (!before) return;
  const { model } = draft;
  const { conversationId } = row;
  const after = joinRows(before.row, row);
  const cleared = (): void => {
    if (after.readUpTo > before.readUpTo)
      draft.change({ t: 'event', event: { type: 'unreadCleared', conversationId, upTo: after.readUpTo, self: true } });
  };
  // In a group nobody is told of a position; my other devices are.
  if (conversationType(conversationId) === 'group') return cleared();
  const peer = conversationTarget(conversationId);

  const [was, is] = [before.row.theirs, after.theirs];
  const read = subtract(union(is.read, is.named), union(was.read, was.named));
  const delivered = subtract(subtract(is.delivered, was.delivered), read);
  for (const [type, covered] of [['delivered', delivered] as const, ['read', read] as const]) {
    if (covered.length === 0) continue;
    // What the peer covered runs across the peer's own messages, which no receipt is about.
    const { ranges, messageIds } = await ownAt(draft, model.get(conversationId)!, covered);
    if (ranges.length > 0) draft.change({ t: 'event', event: { type, conversationId, ranges, messageIds, by: peer } });
  }
  if (highest(is.read) > highest(was.read))
    draft.change({ t: 'event', event: { type: 'conversationRead', conversationId, upTo: highest(is.read), by: peer, self: false } });
  // Mine, by another device: what this one did is in the overlay already.
  if (subtract(after.mine.read, before.receiptsSent.read).length > 0)
    draft.change({
      t: 'event',
      event: { type: 'conversationRead', conversationId, upTo: highest(after.mine.read), by: model.me, self: true },
    });
  else cleared();
};
