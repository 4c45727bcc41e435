/** Calls that move the user's read position: clear, partial clear, and conversation read receipt. */
import { UsageError } from '../../errors.ts';
import { setMark } from '../../model/registers/flag.ts';
import { conversationType, type ConversationId, type MessageId, type Seq } from '../../model/ids.ts';
import type { PendingReceipts } from '../../model/outbox-entry.ts';
import { NO_RANGES, range, subtract } from '../../model/registers/ranges.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Lookup } from '../state/message-index.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';

/**
 * Finds the conversation in which the position is to move.
 *
 * @returns `undefined` when the device knows all conversations of the account and this id is not among them. Such a conversation has no
 * unread messages.
 * @throws {UsageError} `usage/unknown-conversation` when the first snapshot has not arrived and the conversation is not known yet.
 */
export const requireMovable = ({ model }: Draft, conversationId: ConversationId): ConversationState | undefined => {
  const conversation = model.get(conversationId);
  if (isBlind(model, conversation))
    throw new UsageError(
      'usage/unknown-conversation',
      `conversation ${JSON.stringify(conversationId)} is not known on this device yet: repeat the call once watchConversations() has emitted`,
    );
  return conversation;
};

export const notStoredHere = (id: MessageId): UsageError =>
  new UsageError(
    'usage/unknown-message',
    `message ${JSON.stringify(id)} is not stored on this device in this conversation: load older messages first`,
  );

/** @throws {UsageError} `usage/unknown-message` when this device does not store the message in this conversation. */
export const seqOf = async (draft: Draft, conversation: ConversationState | undefined, id: MessageId): Promise<Seq> => {
  if (conversation) await draft.model.index.prefetch(draft.tx, draft.model, [{ conversationId: conversation.id, ids: [id] }]);
  const message = conversation && draft.model.index.find(conversation, id);
  if (message) return message.seq;
  throw notStoredHere(id);
};

/**
 * The position at `to`. It only advances. A group that the user has left has nothing unread, and the server takes no position of a former
 * member, so the position stays there.
 */
export const positionAt = ({ left, readUpTo }: ConversationState, to: Seq): Partial<PendingReceipts> =>
  to > readUpTo && !left ? { position: to } : {};

/** Registers of a move to `to`. The marked-unread flag is removed even if the position stays. */
export const movedTo = (conversation: ConversationState, to: Seq): Partial<PendingReceipts> => ({
  ...positionAt(conversation, to),
  ...(conversation.mark.value && !conversation.left ? { marked: setMark(conversation.mark, false, conversation.mark.at) } : {}),
});

/**
 * Clears a conversation's unread count: moves the user's read position to the newest known message and removes a marked-unread flag.
 * The server tells the user's other devices and does not tell the sender. If the position is already there and no flag is set, nothing is
 * queued.
 *
 * @param upTo the message to move to; default: the newest known message.
 * @throws {UsageError} `usage/unknown-conversation` when the first snapshot has not arrived and the conversation is not known yet.
 * @see PROTOCOL.md, "`submit` — client → server"
 */
export const clearConversationUnreadCount = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  upTo?: MessageId,
): Promise<void> => {
  const conversation = requireMovable(draft, conversationId);
  const to = upTo === undefined ? (conversation?.row.latestSeq ?? 0) : await seqOf(draft, conversation, upTo);
  if (conversation) enqueueReceipts(draft, ports, conversationId, movedTo(conversation, to));
};

/**
 * @param type only the direct chats, or only the groups; default: all.
 * @throws {UsageError} `usage/unknown-conversation` before the first snapshot: the device does not know the account's conversations yet.
 */
export const clearAllUnreadCounts = (draft: Draft, ports: IntentPorts, type?: 'direct' | 'group'): void => {
  if (draft.model.cursor === null)
    throw new UsageError(
      'usage/unknown-conversation',
      'no conversation is known on this device yet: repeat the call once watchConversations() has emitted',
    );
  for (const conversation of draft.model.conversations.values())
    if (type === undefined || conversationType(conversation.id) === type)
      enqueueReceipts(draft, ports, conversation.id, movedTo(conversation, conversation.row.latestSeq));
};

/**
 * Sends a conversation read receipt: the peer of a direct chat learns that the user has read all messages received so far. In a group, and
 * while read receipts are off, the call is a clear.
 *
 * The decision depends on the receipts sent before, and never on the unread count: a cleared chat may still lack its receipt. The receipt
 * ends at the newest message received from the peer at the time of the call, so messages that arrive later are not covered.
 *
 * @throws {UsageError} `usage/unknown-conversation` when the first snapshot has not arrived and the conversation is not known yet.
 */
export const sendConversationReadReceipt = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  options: { readonly upTo?: MessageId | undefined; readonly keepUnread?: boolean | undefined } = {},
): Promise<void> => {
  const { model } = draft;
  const conversation = requireMovable(draft, conversationId);
  const upTo = options.upTo === undefined ? undefined : await seqOf(draft, conversation, options.upTo);
  if (!conversation) return;
  const bound = Math.min(conversation.newestReceived, upTo ?? Infinity);
  const read = subtract(range(conversation.readFloor + 1, bound), conversation.untold);
  const isDirect = conversationType(conversationId) === 'direct';
  const { readReceipts } = model.allowed;
  const tellsPeer = isDirect && readReceipts && subtract(read, conversation.receiptsSent.read).length > 0;
  // The user read these messages now: no device tells it later.
  const untold = isDirect && !readReceipts ? subtract(range(conversation.readUpTo + 1, bound), conversation.untold) : NO_RANGES;
  enqueueReceipts(draft, ports, conversationId, {
    ...(options.keepUnread ? {} : movedTo(conversation, upTo ?? conversation.row.latestSeq)),
    ...(tellsPeer ? { read } : {}),
    ...(untold.length > 0 ? { untold } : {}),
  });
};

const lookupOf = (conversationId: ConversationId, id: MessageId | undefined): Lookup | undefined =>
  id === undefined ? undefined : { conversationId, ids: [id] };

export const positionIntents = {
  clearConversationUnreadCount: { readsPages: true, lookup: lookupOf, decide: clearConversationUnreadCount },
  clearAllUnreadCounts: { readsPages: false, decide: clearAllUnreadCounts },
  sendConversationReadReceipt: {
    readsPages: true,
    lookup: (conversationId, { upTo }) => lookupOf(conversationId, upTo),
    decide: sendConversationReadReceipt,
  },
} satisfies Partial<IntentTable>;
