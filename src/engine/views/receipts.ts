/** What is known of one message's receipts. */
import { conversationType } from '../../model/ids.ts';
import type { MessageEntry } from '../../model/outbox-entry.ts';
import { contains } from '../../model/ranges.ts';
import { isDelivered, isRead, type MessageReceipts, type ReceiptState, type ReceiptTimes, timesOf } from '../../model/receipt.ts';
import type { KeptMessage } from '../../store/journal.ts';
import type { HotConversation } from '../hot-conversation.ts';
import type { HotModel } from '../hot-model.ts';

const NO_COUNTS = { readCount: 0, unreadCount: 0 };
const NO_TIMES = { deliveredAt: null, readAt: null, ackedAt: null };

/** An own message: what the peer told. */
const stateOfOwn = (conversation: HotConversation, message: KeptMessage): ReceiptState => {
  if (!message.receiptRequested || message.recalled || conversationType(conversation.id) === 'group') return 'none';
  return isRead(conversation.row.theirs, message.seq) ? 'done' : 'processing';
};

/** Somebody else's: what I owe. */
const stateOfOthers = (conversation: HotConversation, message: KeptMessage): ReceiptState => {
  if (!message.receiptRequested || message.recalled) return 'none';
  if (isRead(conversation.row.mine, message.seq)) return 'done';
  return isRead(conversation.told, message.seq) ? 'pending' : 'processing';
};

/** Times only for what the sets say: a step may be known before or after its row. */
const known = (conversation: HotConversation, message: KeptMessage): ReceiptTimes => {
  const { times } = message;
  const { theirs } = conversation.row;
  if (!times) return {};
  return {
    delivered: isDelivered(theirs, message.seq) ? times.delivered : undefined,
    read: contains(theirs.read, message.seq) ? times.read : undefined,
    acked: contains(theirs.acked, message.seq) ? times.acked : undefined,
  };
};

export const shownReceipts = {
  pending: ({ message, conversationId }: MessageEntry): MessageReceipts => ({
    messageId: message.id,
    conversationId,
    state: message.receiptRequested ? 'pending' : 'none',
    ...NO_TIMES,
    ...NO_COUNTS,
  }),

  held: (model: HotModel, conversation: HotConversation, message: KeptMessage): MessageReceipts => {
    const own = message.senderId === model.me;
    return {
      messageId: message.id,
      conversationId: conversation.id,
      state: own ? stateOfOwn(conversation, message) : stateOfOthers(conversation, message),
      ...(own ? timesOf(known(conversation, message)) : NO_TIMES),
      ...NO_COUNTS,
    };
  },
};
