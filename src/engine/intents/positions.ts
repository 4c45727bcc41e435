/** Moving my read position: clear, partial clear, conversation read receipt. */
import { UsageError } from '../../errors.ts';
import { setMark } from '../../model/flag.ts';
import { conversationType, type ConversationId, type MessageId, type Seq } from '../../model/ids.ts';
import type { PendingReceipts } from '../../model/outbox-entry.ts';
import { range, subtract } from '../../model/ranges.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';

/**
 * The conversation whose position is to move. `undefined` where the device knows all conversations, and this is none of them: nothing of
 * it is unread.
 *
 * @throws {UsageError} `usage/unknown-conversation` before the first snapshot, for one that is not known yet.
 */
export const movable = ({ model }: Draft, conversationId: ConversationId): ConversationState | undefined => {
  const conversation = model.get(conversationId);
  if (isBlind(model, conversation))
    throw new UsageError(
      'usage/unknown-conversation',
      `conversation ${JSON.stringify(conversationId)} is not known on this device yet: repeat the call once watchConversations() has emitted`,
    );
  return conversation;
};

/** @throws {UsageError} `usage/unknown-message` where the conversation does not hold it. */
export const seqOf = async (draft: Draft, conversation: ConversationState | undefined, id: MessageId): Promise<Seq> => {
  if (conversation) await draft.model.index.prefetch(draft.tx, draft.model, [{ conversationId: conversation.id, ids: [id] }]);
  const message = conversation && draft.model.index.find(conversation, id);
  if (message) return message.seq;
  throw new UsageError('usage/unknown-message', `message ${JSON.stringify(id)} is not held in this conversation`);
};

/** To this position, if that is forward; a mark falls even where there is nowhere to move. */
export const moved = (conversation: ConversationState, to: Seq): Partial<PendingReceipts> => ({
  ...(to > conversation.readUpTo ? { position: to } : {}),
  ...(conversation.mark.value ? { marked: setMark(conversation.mark, false, conversation.mark.at) } : {}),
});

/**
 * Clears a conversation's unread count: my read position moves to its newest known message, and a marked-unread flag falls. The
 * sender learns nothing; my other devices do. Where there is nothing to move and no flag to drop, nothing is queued.
 *
 * @param upTo move only to this message.
 * @throws {UsageError} `usage/unknown-conversation` before the first snapshot, where it is not known.
 * @see PROTOCOL.md, "`submit` — client → server"
 */
export const clearConversationUnreadCount = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  upTo?: MessageId,
): Promise<void> => {
  const conversation = movable(draft, conversationId);
  const to = upTo === undefined ? (conversation?.row.latestSeq ?? 0) : await seqOf(draft, conversation, upTo);
  if (conversation) enqueueReceipts(draft, ports, conversationId, moved(conversation, to));
};

/** @throws {UsageError} `usage/unknown-conversation` before the first snapshot: which conversations there are is not known. */
export const clearAllUnreadCounts = (draft: Draft, ports: IntentPorts): void => {
  if (draft.model.cursor === null)
    throw new UsageError(
      'usage/unknown-conversation',
      'no conversation is known on this device yet: repeat the call once watchConversations() has emitted',
    );
  for (const conversation of draft.model.conversations.values())
    enqueueReceipts(draft, ports, conversation.id, moved(conversation, conversation.row.latestSeq));
};

/**
 * "I have read what I received so far", told to the peer of a direct chat. Decided from what was told before, never from the unread
 * count (a cleared chat may still owe its receipt). The bound is the newest message held from the peer, fixed here: what arrives
 * later was not read by this. In a group, and while receipts are off, it is a clear.
 *
 * @throws {UsageError} `usage/unknown-conversation` before the first snapshot, where it is not known.
 */
export const sendConversationReadReceipt = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  options: { readonly upTo?: MessageId | undefined; readonly keepUnread?: boolean | undefined } = {},
): Promise<void> => {
  const { model } = draft;
  const conversation = movable(draft, conversationId);
  const upTo = options.upTo === undefined ? undefined : await seqOf(draft, conversation, options.upTo);
  if (!conversation) return;
  const bound = Math.min(conversation.newestReceived, upTo ?? Infinity);
  const receiptsSent = range(conversation.readFloor + 1, bound);
  const tells =
    conversationType(conversationId) === 'direct' &&
    model.settings.readReceipts &&
    subtract(receiptsSent, conversation.receiptsSent.read).length > 0;
  enqueueReceipts(draft, ports, conversationId, {
    ...(options.keepUnread ? {} : moved(conversation, upTo ?? conversation.row.latestSeq)),
    ...(tells ? { read: receiptsSent } : {}),
  });
};
