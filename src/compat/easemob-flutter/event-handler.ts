/** The vendor's events from Tidemark's. The vendor hands over whole messages, so most events read the store first. */
import type { ReceiptClient, ReceiptEvent } from '../../index.ts';
import { targetOf } from '../conversation-ids.ts';
import { HandlersById } from '../handlers-by-id.ts';
import { EMMessage } from './message.ts';

/** A member's read receipt for a group message; the vendor documents the other fields. */
export interface EMGroupMessageAck {
  readonly messageId: string;
  readonly from: string;
  readonly content?: string;
  /** The number of readers of the message. */
  readonly readCount: number;
  /** Epoch ms by this device's clock, because the event carries no time. */
  readonly timestamp: number;
}

/** The app's handlers for messages and receipts; the vendor documents the others. */
export interface EMChatEvents {
  onMessagesReceived?(messages: EMMessage[]): void;
  onMessagesDelivered?(messages: EMMessage[]): void;
  onMessagesRead?(messages: EMMessage[]): void;
  onMessagesRecalled?(messages: EMMessage[]): void;
  onGroupMessageRead?(acks: EMGroupMessageAck[]): void;
  /** The read counts of own group messages changed while this device was offline. */
  onReadAckForGroupMessageUpdated?(): void;
  /** `from` sent the conversation receipt, `to` gets it. If `from` is this user, another device of this user read the conversation. */
  onConversationRead?(from: string, to: string): void;
  onConversationsUpdate?(): void;
}

/** The app's handlers for the connection; the vendor documents the others. */
export interface EMConnectionEvents {
  onConnected?(): void;
  onDisconnected?(): void;
  /** The app should call `renewToken`. */
  onTokenWillExpire?(): void;
  /** The server does not accept the token: the app should call `renewToken`. */
  onTokenDidExpire?(): void;
}

/** The vendor's class for a set of handlers. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the vendor's apps make handlers with `new`
export class EMChatEventHandler implements EMChatEvents {
  constructor(events: EMChatEvents) {
    Object.assign(this, events);
  }
}

/** The vendor's class for a set of handlers of the connection. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- the vendor's apps make handlers with `new`
export class EMConnectionEventHandler implements EMConnectionEvents {
  constructor(events: EMConnectionEvents) {
    Object.assign(this, events);
  }
}

export class ChatEvents extends HandlersById<EMChatEvents> {
  async tell(client: ReceiptClient, event: ReceiptEvent): Promise<void> {
    switch (event.type) {
      case 'message':
        return this.call('onMessagesReceived', [await EMMessage.of(client, event.message)]);
      case 'delivered':
        return this.call('onMessagesDelivered', await this.messages(client, event.messageIds));
      case 'read':
        if (event.self || event.how === 'conversation') return;
        return this.call('onMessagesRead', await this.messages(client, event.messageIds));
      case 'conversationRead':
        return this.call('onConversationRead', event.by, event.self ? targetOf(event.conversationId) : client.userId);
      case 'recalled':
        return this.call('onMessagesRecalled', await this.messages(client, [event.messageId]));
      case 'groupRead':
        return this.call(
          'onGroupMessageRead',
          event.readers.map(({ by, content }) => ({
            messageId: event.messageId,
            from: by,
            ...(content === undefined ? {} : { content }),
            readCount: event.readCount,
            timestamp: Date.now(),
          })),
        );
      case 'receiptStatistics':
        return this.call('onReadAckForGroupMessageUpdated');
      default:
        return;
    }
  }

  private async messages(client: ReceiptClient, ids: readonly string[]): Promise<EMMessage[]> {
    const found = await Promise.all(ids.map((id) => client.findMessage(id)));
    return Promise.all(found.flatMap((message) => (message ? [EMMessage.of(client, message)] : [])));
  }
}
