/** A person on the other side, with a device and its client. Each call lets virtual time pass until the server has taken it. */
import { filter, firstValueFrom } from 'rxjs';
import type { ReceiptClient } from '../client/receipt-client.ts';
import type { SendMessageOptions } from '../client/receipt-client-options.ts';
import type { ConversationId } from '../model/ids.ts';
import type { BodyToSend, Json, Message } from '../model/message/message.ts';
import type { VirtualDevice } from './virtual-device.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A user on the other side of a chat, with a device and a client of their own. */
export class Person<Body = Json> {
  /** The person's client, for all other calls. */
  readonly client: ReceiptClient<Body>;

  constructor(
    /** The device of this user. */
    readonly device: VirtualDevice,
    private readonly time: VirtualTime,
  ) {
    this.client = device.client<Body>();
  }

  /** Sends a message. Resolves when the server has taken it, or refused it. While the person is offline: when it is stored. */
  async send(conversationId: ConversationId, body: BodyToSend<Body>, options?: SendMessageOptions): Promise<Message<Body>> {
    return this.sent(this.client.sendMessage(conversationId, body, options));
  }

  /** Opens the conversation, reads what is there, and closes it, as an app does with `viewConversation`. */
  async read(conversationId: ConversationId): Promise<void> {
    const view = this.client.viewConversation(conversationId);
    await this.sent(firstValueFrom(this.client.watchUnreadCount(conversationId).pipe(filter((count) => count === 0))));
    view.close();
  }

  /** Takes a message back. */
  async recall(messageId: string): Promise<void> {
    await this.sent(this.client.recallMessage(messageId));
  }

  private async sent<T>(stored: Promise<T>): Promise<T> {
    const value = await this.time.until(stored);
    await this.time.until(this.client.flush());
    return value;
  }
}
