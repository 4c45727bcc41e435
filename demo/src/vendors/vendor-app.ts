/** What a phone needs of an app. Each app in this folder is written with the names of one vendor only. */
import type { ConversationId, MessageStatus, UserId } from 'tidemark';

export interface Row {
  readonly chat: ConversationId;
  readonly unread: number;
  readonly preview: string;
  /** Epoch ms; null if the chat is empty. */
  readonly at: number | null;
}

export interface Line {
  readonly id: string;
  readonly from: UserId;
  readonly text: string;
  readonly at: number;
  readonly status: MessageStatus;
  /** Of an own group message that asks for receipts: the number of readers. */
  readonly readers: number | null;
}

export interface VendorApp {
  rows(): Promise<readonly Row[]>;
  total(): Promise<number>;
  /** The newest messages of a chat, oldest first. */
  lines(chat: ConversationId): Promise<readonly Line[]>;
  send(chat: ConversationId, text: string): Promise<void>;
  /**
   * The user has read the chat: the count falls, and the senders learn it. The count falls first: a message that comes meanwhile counts, and
   * the phone reads the chat again.
   */
  read(chat: ConversationId): Promise<void>;
}

/** What an app tells its phone. */
export interface PhoneScreen {
  /** Messages, receipts or counts may have changed. */
  changed(): void;
  connected(isConnected: boolean): void;
  /** A call of the app or an event of the vendor, for the ledger. */
  note(text: string): void;
}

export interface Access {
  readonly url: string;
  readonly getToken: (userId: UserId) => Promise<string>;
}

export type StartApp = (user: UserId, access: Access, screen: PhoneScreen) => Promise<VendorApp>;

export const targetOf = (chat: ConversationId): string => chat.slice(chat.indexOf(':') + 1);
