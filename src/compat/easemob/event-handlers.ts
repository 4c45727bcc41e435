/** The app's handlers, and the vendor's events from Tidemark's. */
import type { ReceiptEvent } from '../../index.ts';
import { targetOf } from '../conversation-ids.ts';
import { HandlersById } from '../handlers-by-id.ts';
import { chatTypeOf, messageOf } from './conversation-names.ts';
import { errorOfCode } from './errors.ts';
import type { ContentMessage, EventHandlers } from './types.ts';

type Name = keyof EventHandlers;

const HANDLER_BY_TYPE: Readonly<Record<ContentMessage['type'], Name>> = {
  txt: 'onTextMessage',
  cmd: 'onCmdMessage',
  custom: 'onCustomMessage',
};

/** The vendor says whether a message was kept for an offline user. 3: no word. */
const onlineState = 3 as const;

/** The id of a receipt: the same for sender and receiver, and no message's id. */
export const receiptId = (type: 'read' | 'channel' | 'delivery', by: string, target: string): string => `${type}/${by}/${target}`;

export class Handlers extends HandlersById<EventHandlers> {
  /** @param me the user of this device. */
  tell(me: string, event: ReceiptEvent): void {
    switch (event.type) {
      case 'message': {
        const message: ContentMessage = { ...messageOf(me, event.message), onlineState };
        this.call(HANDLER_BY_TYPE[message.type] as 'onTextMessage', message as never);
        if (message.type !== 'cmd') this.call('onMessage', [message]);
        return;
      }
      case 'sent':
        return this.call('onReceivedMessage', { id: event.messageId, mid: event.messageId, to: targetOf(event.conversationId) });
      case 'delivered':
        for (const mid of event.messageIds) {
          const id = receiptId('delivery', event.by, mid);
          this.call('onDeliveredMessage', { id, type: 'delivery', from: event.by, to: me, mid, onlineState });
        }
        return;
      case 'read':
        // A conversation receipt has its own event. The vendor tells message receipts to the sender only.
        if (event.self || event.how === 'conversation') return;
        for (const mid of event.messageIds) {
          const id = receiptId('read', event.by, mid);
          this.call('onReadMessage', { id, type: 'read', from: event.by, to: me, mid, onlineState });
        }
        return;
      case 'conversationRead':
        return this.call('onChannelMessage', {
          id: receiptId('channel', event.by, String(event.upTo)),
          type: 'channel',
          chatType: 'singleChat',
          from: event.by,
          to: event.self ? targetOf(event.conversationId) : me,
          time: Date.now(),
          onlineState,
        });
      case 'groupRead':
        for (const { by, content } of event.readers)
          this.call('onReadMessage', {
            id: receiptId('read', by, event.messageId),
            type: 'read',
            from: by,
            to: targetOf(event.conversationId),
            mid: event.messageId,
            groupReadCount: { [event.messageId]: event.readCount },
            onlineState,
            ...(content === undefined ? {} : { ackContent: content }),
          });
        return;
      case 'receiptStatistics':
        return this.call('onStatisticMessage', {
          operation: 0,
          location: JSON.stringify({ group_ack: event.receipts.map(({ messageId, readCount }) => ({ [messageId]: readCount })) }),
        });
      case 'recalled':
        return this.call('onRecallMessage', {
          id: event.messageId,
          mid: event.messageId,
          from: chatTypeOf(event.conversationId) === 'singleChat' ? targetOf(event.conversationId) : '',
          to: chatTypeOf(event.conversationId) === 'singleChat' ? me : targetOf(event.conversationId),
        });
      case 'rejected':
        // The promise of the call is gone, for example after a reload.
        return this.call('onError', errorOfCode(event.deadLetter.code, event.deadLetter.code));
      default:
        return;
    }
  }
}
