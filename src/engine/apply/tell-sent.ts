/** The event of an own message that the server has. */
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { unreadMembers } from '../../model/message/receipt.ts';
import type { Draft } from '../write/draft.ts';

/**
 * Tells that the server has an own message. Members may have read the message before this device got the server's answer: then the device
 * also tells the numbers that the feed brought meanwhile.
 */
export const tellSent = (draft: Draft, conversationId: ConversationId, messageId: MessageId, seq: Seq): void => {
  draft.change({ t: 'event', event: { type: 'sent', messageId, conversationId, seq } });
  const receipt = draft.model.get(conversationId)?.unflushed.receiptAt(seq);
  if (!receipt || receipt.readCount === 0) return;
  const { readCount } = receipt;
  const numbers = { conversationId, messageId, readCount, unreadCount: unreadMembers(receipt) };
  draft.change({ t: 'event', event: { type: 'receiptStatistics', receipts: [numbers] } });
};
