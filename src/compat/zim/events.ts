/** The vendor's events from Tidemark's. */
import type { ReceiptClient, ReceiptEvent } from '../../index.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { zimErrorOf } from './errors.ts';
import { findZimMessage, receiptInfo, zimMessageOf } from './messages.ts';
import { type Tell, type ZIMMessageReceiptInfo, ZIMMessageReceiptStatus, ZIMMessageSentStatus } from './types.ts';

export const tellEvent = async (tell: Tell, client: ReceiptClient, event: ReceiptEvent): Promise<void> => {
  const receipts = (infos: ZIMMessageReceiptInfo[]): void => tell('messageReceiptChanged', { infos });

  switch (event.type) {
    case 'message': {
      const { conversationId } = event.message;
      const conversationID = targetOf(conversationId);
      const messageList = [await zimMessageOf(client, event.message)];
      const received = { messageList, conversationID, fromConversationID: conversationID, info: { isOfflineMessage: false } };
      return tell(isGroup(conversationId) ? 'groupMessageReceived' : 'peerMessageReceived', received);
    }
    case 'sent': {
      const message = await findZimMessage(client, event.messageId);
      if (message) tell('messageSentStatusChanged', { infos: [{ status: ZIMMessageSentStatus.Success, message, reason: '' }] });
      return;
    }
    case 'recalled': {
      const message = await findZimMessage(client, event.messageId);
      if (message) tell('messageRevokeReceived', { messageList: [message] });
      return;
    }
    case 'read': {
      const { how, conversationId, messageIds, self: isSelfOperated } = event;
      if (how === 'message') receipts(messageIds.map((id) => receiptInfo(conversationId, id, { isSelfOperated })));
      return;
    }
    case 'conversationRead':
      return tell('conversationMessageReceiptChanged', {
        infos: [receiptInfo(event.conversationId, '', { isSelfOperated: event.self })],
      });
    case 'groupRead':
      return receipts([counted(event)]);
    case 'receiptStatistics':
      return receipts(event.receipts.map(counted));
    case 'expired': {
      const expired = { readMemberCount: 0, status: ZIMMessageReceiptStatus.Expired };
      return receipts(event.messageIds.map((id) => receiptInfo(event.conversationId, id, expired)));
    }
    case 'rejected':
      // The promise of the call is gone, for example after a reload.
      return tell('error', zimErrorOf(event.deadLetter.code, event.deadLetter.code));
    default:
      return;
  }
};

type Counted = Pick<Extract<ReceiptEvent, { type: 'groupRead' }>, 'conversationId' | 'messageId' | 'readCount' | 'unreadCount'>;

/** A group message is done when every member has read it. */
const counted = ({ conversationId, messageId, readCount, unreadCount }: Counted): ZIMMessageReceiptInfo =>
  receiptInfo(conversationId, messageId, {
    status: unreadCount === 0 ? ZIMMessageReceiptStatus.Done : ZIMMessageReceiptStatus.Processing,
    readMemberCount: readCount,
    unreadMemberCount: unreadCount,
  });
