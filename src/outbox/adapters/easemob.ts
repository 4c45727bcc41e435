/**
 * `tidemark/outbox/easemob`: receipts through `easemob-websdk` 4. `read` is a message read ack, `readConversation` and `clear` are channel
 * acks: this SDK has no other call to clear a count at the server.
 */
import type { OutboxOptions } from '../api.ts';
import type { PendingReceipts } from '../pending.ts';
import { ReceiptRefused } from '../sender.ts';
import { connectedBy } from './connected.ts';
import { refusing } from './refusing.ts';

/** The part of the SDK's `connection` that the adapter calls. The vendor documents the members. */
export interface EasemobConnection {
  isOpened(): boolean;
  send(message: object): Promise<unknown>;
  addEventHandler(id: string, handler: { onConnected(): void; onDisconnected(): void }): void;
  removeEventHandler(id: string): void;
}

/** The SDK itself, or its `message`. The vendor documents the members. */
export interface EasemobMessages {
  create(options: object): object;
}

/** The kind of a conversation, in the words of Easemob. */
export type EasemobChatType = 'singleChat' | 'groupChat';

/** The conversation id of the outbox: `singleChat:ben`, `groupChat:123`. */
export const easemobConversation = (chatType: EasemobChatType, id: string): string => `${chatType}:${id}`;

/** No such user, no contact, not allowed or muted in the group, not a member, blocked, no such group. */
const taking = refusing((error) => (error as { readonly type?: unknown }).type, [204, 221, 506, 507, 602, 603, 605]);

const HANDLER = 'tidemark-outbox';

const partsOf = (conversation: string): { readonly chatType: EasemobChatType; readonly to: string } => {
  const [, chatType, to] = /^(singleChat|groupChat):([^]+)$/.exec(conversation) ?? [];
  if (!chatType || !to) throw new ReceiptRefused('not-an-easemob-conversation');
  return { chatType: chatType as EasemobChatType, to };
};

/** A group read ack may carry a text: `read(conversation, ids, { ackContent })`. */
const contentOf = (options: unknown): object => {
  const { ackContent } = (options ?? {}) as { readonly ackContent?: string };
  return ackContent === undefined ? {} : { ackContent };
};

/** The adapter for Easemob Web and Agora Chat: `createReceiptOutbox({ name, ...easemobOutbox(connection, message) })`. */
export const easemobOutbox = (connection: EasemobConnection, message: EasemobMessages): Pick<OutboxOptions, 'send' | 'connected'> => {
  const sendOne = (options: object, ids?: readonly string[]): Promise<unknown> => taking(connection.send(message.create(options)), ids);
  return {
    async send({ conversation, messages, readUpTo, cleared }: PendingReceipts) {
      const { chatType, to } = partsOf(conversation);
      for (const { id, options } of messages) await sendOne({ type: 'read', chatType, to, id, ...contentOf(options) }, [id]);
      if (readUpTo || cleared) await sendOne({ type: 'channel', chatType, to });
    },
    connected: connectedBy(
      () => connection.isOpened(),
      (next) => {
        connection.addEventHandler(HANDLER, { onConnected: () => next(true), onDisconnected: () => next(false) });
        return () => connection.removeEventHandler(HANDLER);
      },
    ),
  };
};
