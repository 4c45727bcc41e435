/** Which messages need no notification any more. */
import type { ConversationId, Seq } from '../../model/ids.ts';
import { contains } from '../../model/ranges.ts';
import { countingBase } from '../../model/unread.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';

/**
 * Whether the message is read: by a position or a receipt, on this device or on another, or before the user joined.
 */
export const isRead = ({ row, readUpTo, receiptsSent }: ConversationState, seq: Seq): boolean =>
  seq <= countingBase(row, readUpTo) || contains(receiptsSent.read, seq) || contains(receiptsSent.named, seq);

/**
 * Whether the message is surely read, recalled, or no longer counted. A message that the server's row does not reach is
 * not: a position of a lost history may stand above it. Nor is a message of which the row carries only the number.
 */
const isSettled = (conversation: ConversationState, seq: Seq): boolean => {
  const { row } = conversation;
  return seq <= row.latestSeq && (isRead(conversation, seq) || contains(row.uncounted, seq));
};

/** Answers for each message, in order, whether its notification may be closed. */
export const settledOf = (
  model: AccountState,
  messages: readonly { readonly conversationId: ConversationId; readonly seq: Seq }[],
): readonly boolean[] =>
  messages.map(({ conversationId, seq }) => {
    const conversation = model.get(conversationId);
    return conversation !== undefined && isSettled(conversation, seq);
  });
