/** The shown form of one message's receipts. */
import { conversationType } from '../../model/ids.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import { contains } from '../../model/registers/ranges.ts';
import {
  type GroupReceipt,
  isDelivered,
  isRead,
  type MessageReceipts,
  type ReceiptState,
  type ReceiptTimes,
  timesOf,
  unreadMembers,
} from '../../model/message/receipt.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';

const NO_COUNTS = { readCount: 0, unreadCount: 0 };

/** How many members have read the message, and how many have not. Zeros if the server's policy hides the counts. */
const countFieldsOf = ({ receipt, receiptRequested }: KeptMessage): Pick<MessageReceipts, 'readCount' | 'unreadCount'> =>
  receipt && receiptRequested ? { readCount: receipt.readCount, unreadCount: unreadMembers(receipt) } : NO_COUNTS;

/** The receipt state of an own group message, by its counts alone. */
export const groupState = ({ readCount, memberCount, expired }: GroupReceipt): ReceiptState => {
  if (memberCount > 0 && readCount >= memberCount) return 'done';
  return expired ? 'expired' : 'processing';
};
const NO_TIMES = timesOf({});

/** The receipt state of an own message: from the peer's receipts, or from the counts of the group. */
const stateOfOwn = (conversation: ConversationState, message: KeptMessage): ReceiptState => {
  if (!message.receiptRequested) return 'none';
  if (conversationType(conversation.id) === 'group') return message.receipt ? groupState(message.receipt) : 'processing';
  return isRead(conversation.row.theirs, message.seq) ? 'done' : 'processing';
};

/** The receipt state of another sender's message: whether this user's receipt is pending or confirmed. */
const stateOfOthers = (conversation: ConversationState, message: KeptMessage): ReceiptState => {
  if (!message.receiptRequested) return 'none';
  const { row, receiptsSent, pendingReceipts } = conversation;
  if (isRead(row.mine, message.seq)) return 'done';
  if (conversationType(conversation.id) === 'group') {
    // The sender expects no receipt from a user who was no member at the message's commit.
    if (!contains(row.present, message.seq)) return 'none';
    if (message.receipt?.expired) return 'expired';
  }
  if (isRead(receiptsSent, message.seq) || pendingReceipts.namedIds.includes(message.id)) return 'pending';
  // The user read the message while receipts were switched off: it gets none.
  return contains(conversation.untold, message.seq) ? 'none' : 'processing';
};

/** Shows a time only if the receipt ranges contain the message: a step may arrive before the row it belongs to. */
const known = (conversation: ConversationState, message: KeptMessage): ReceiptTimes => {
  const { times } = message;
  const { theirs } = conversation.row;
  if (!times) return {};
  return {
    delivered: isDelivered(theirs, message.seq) ? times.delivered : undefined,
    read: contains(theirs.read, message.seq) ? times.read : undefined,
    named: contains(theirs.named, message.seq) ? times.named : undefined,
  };
};

export const presentReceipts = {
  pending: ({ message, conversationId }: MessageEntry): MessageReceipts => ({
    messageId: message.id,
    conversationId,
    state: message.receiptRequested ? 'pending' : 'none',
    ...NO_TIMES,
    ...NO_COUNTS,
  }),

  stored: (model: AccountState, conversation: ConversationState, message: KeptMessage): MessageReceipts => {
    const own = message.senderId === model.me;
    const of = { messageId: message.id, conversationId: conversation.id };
    if (conversation.isRecalled(message)) return { ...of, state: 'none', ...NO_TIMES, ...NO_COUNTS };
    return {
      ...of,
      state: own ? stateOfOwn(conversation, message) : stateOfOthers(conversation, message),
      ...(own ? timesOf(known(conversation, message)) : NO_TIMES),
      ...countFieldsOf(message),
    };
  },
};
