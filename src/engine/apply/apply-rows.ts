/** Applies rows from the server, from the feed or from an answer, and makes the events of a row after its messages are stored. */
import { type ConversationRow, rowParts } from '../../model/conversation/conversation.ts';
import { type ConversationId, conversationTarget, conversationType, type MessageId, type Seq } from '../../model/ids.ts';
import type { StoredMessage } from '../../model/message/message.ts';
import type { ReceiptEvent, StoredEvent } from '../../model/api/event.ts';
import { contains, fromSeqs, highest, intersect, type Ranges, subtract } from '../../model/registers/ranges.ts';
import type { ReceiptsSent } from '../../model/message/receipt.ts';
import { deletePages, pagesOf, parseIndexLine, readIndex, readIndexes, shrinkPages } from '../../log/pages.ts';
import { pageOf } from '../../log/tables.ts';
import type { Draft } from '../write/draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';

type EventOfReceipts =
  | Pick<Extract<ReceiptEvent, { type: 'delivered' }>, 'type' | 'by'>
  | Pick<Extract<ReceiptEvent, { type: 'read' }>, 'type' | 'how' | 'by' | 'self'>;

/** The state of a conversation before a row was applied. The events are the difference. */
export interface RowBefore {
  readonly row: ConversationRow;
  /** The read position and the receipts sent, both with the pending ones. */
  readonly readUpTo: Seq;
  readonly receiptsSent: ReceiptsSent;
  /** Ids of messages that were not stored on this device when their receipts were called for. These receipts are pending. */
  readonly namedIds: ReadonlySet<MessageId>;
}

/** Deletes the messages that have ended from their pages. */
const deleteEnded = async ({ tx }: Draft, { id, row, storedSeqs }: ConversationState, before: Ranges): Promise<void> => {
  if (storedSeqs === before) return;
  const page = pageOf(row.firstSeq);
  if (page > 0) deletePages(tx, id, page - 1);
  await shrinkPages(tx, id, [page], storedSeqs);
};

/**
 * Joins a row with the stored one. Messages below its `firstSeq` have ended at the server, and leave this device.
 *
 * @param isPart whether the row belongs to a catch-up that goes on after this frame.
 * @returns the state before; `undefined` before the first snapshot, when all that a row says is history. After it, a conversation that
 * this device does not know began since: before the row, the conversation was empty.
 */
export const applyRow = async (draft: Draft, row: ConversationRow, isPart = false): Promise<RowBefore | undefined> => {
  const conversation = draft.model.getOrBlank(row.conversationId);
  const before =
    draft.model.cursor === null
      ? undefined
      : {
          row: conversation.row,
          readUpTo: conversation.readUpTo,
          receiptsSent: conversation.receiptsSent,
          namedIds: new Set(conversation.pendingReceipts.namedIds),
        };
  // A row in an answer during a catch-up belongs to the catch-up too: the row is newer than the moment of the total.
  const ahead = isPart || draft.model.rowsBeforeCatchUp.size > 0;
  const { storedSeqs } = conversation;
  draft.change({ t: 'row', row: rowParts(row), ...(ahead ? { ahead } : {}) });
  await deleteEnded(draft, draft.model.get(row.conversationId)!, storedSeqs);
  return before;
};

type MessageFacts = Pick<StoredMessage, 'senderId' | 'receiptRequested' | 'recalled'>;

/** The messages among `covered` that are stored on this device and that `isOfInterest` selects, oldest first. */
export const storedAt = async (
  { tx }: Draft,
  { id, storedSeqs, unflushed }: ConversationState,
  covered: Ranges,
  isOfInterest: (message: MessageFacts, id: MessageId) => boolean,
): Promise<{ readonly ranges: Ranges; readonly messageIds: readonly MessageId[] }> => {
  const seqs = intersect(storedSeqs, covered);
  const pages = pagesOf(subtract(seqs, fromSeqs(unflushed.seqs))).map((page) => ({ conversationId: id, page }));
  const found = new Map<Seq, MessageId>();
  for (const index of pages.length > 0 ? await readIndexes(tx, pages) : [])
    for (const [messageId, line] of readIndex(index)) {
      const message = parseIndexLine(line);
      if (contains(seqs, message.seq) && isOfInterest(message, messageId)) found.set(message.seq, messageId);
    }
  for (const seq of unflushed.seqs) {
    const message = unflushed.get(seq)!;
    if (contains(seqs, seq) && isOfInterest(message, message.id)) found.set(seq, message.id);
    // A page may still hold a message that had this seq in another history.
    else found.delete(seq);
  }
  const inOrder = [...found].sort(([a], [b]) => a - b);
  return { ranges: fromSeqs(found.keys()), messageIds: inOrder.map(([, messageId]) => messageId) };
};

/** Makes events of what other devices changed in the row since `before`. The caller must store the messages of the row's frame first. */
export const addRowEvents = async (draft: Draft, conversationId: ConversationId, before: RowBefore): Promise<void> => {
  const { model } = draft;
  const conversation = model.get(conversationId)!;
  const after = conversation.row;
  const [was, is] = [before.row.theirs, after.theirs];
  const add = (event: StoredEvent): void => draft.change({ t: 'event', event });
  const addReceipts = async (covered: Ranges, of: EventOfReceipts): Promise<void> => {
    if (covered.length === 0) return;
    const isMine = of.type === 'delivered' || !of.self;
    const isByName = of.type === 'read' && of.how === 'message';
    const stored = await storedAt(
      draft,
      conversation,
      covered,
      ({ senderId, receiptRequested, recalled }, id) =>
        (senderId === model.me) === isMine &&
        !conversation.isRecalled({ id, recalled }) &&
        // The ranges of message receipts also cover messages in between that can have none.
        (!isByName || receiptRequested) &&
        (isMine || !before.namedIds.has(id)),
    );
    if (stored.ranges.length > 0) add({ ...of, ...stored, conversationId });
  };

  // Each register makes its own event, so that neither kind of receipt hides the other one.
  if (conversationType(conversationId) === 'direct') {
    const by = conversationTarget(conversationId);
    await addReceipts(subtract(is.delivered, was.delivered), { type: 'delivered', by });
    await addReceipts(subtract(is.named, was.named), { type: 'read', how: 'message', by, self: false });
    await addReceipts(subtract(is.read, was.read), { type: 'read', how: 'conversation', by, self: false });
    if (highest(is.read) > highest(was.read)) add({ type: 'conversationRead', conversationId, upTo: highest(is.read), by, self: false });
  }
  // Another device of this user sent these. A receipt of this device is in the overlay already, and makes no event.
  const mine = { by: model.me, self: true } as const;
  await addReceipts(subtract(after.mine.named, before.receiptsSent.named), { type: 'read', how: 'message', ...mine });
  const read = subtract(after.mine.read, before.receiptsSent.read);
  await addReceipts(read, { type: 'read', how: 'conversation', ...mine });
  // The server joins pieces over own messages between them, so a piece below the end may be new without another device.
  if (highest(after.mine.read) > highest(before.receiptsSent.read))
    add({ type: 'conversationRead', conversationId, upTo: highest(after.mine.read), ...mine });
  if (after.readUpTo > before.readUpTo) add({ type: 'unreadCleared', conversationId, upTo: after.readUpTo, self: true });
};
