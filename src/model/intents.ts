/** What the page may ask of the engine, by name: each resolves when durable. */
import type { ConversationId, MessageId, Seq } from './ids.ts';
import type { Message } from './message.ts';
import type { MessageReceipts, ReadMember } from './receipt.ts';
import type { FlushResult } from './status.ts';
import type { UnreadExplanation } from './unread.ts';

export type SkipReason = 'own' | 'already-acked' | 'not-requested' | 'receipts-off' | 'recalled' | 'not-counted';

export interface SentReadReceipts {
  /** Ids queued by this call. */
  readonly queued: readonly MessageId[];
  readonly skipped: readonly { readonly id: MessageId; readonly reason: SkipReason }[];
}

export interface NewMessage {
  readonly id?: MessageId | undefined;
  /** JSON text. */
  readonly body: string;
  readonly requestReceipt?: boolean | undefined;
  readonly countable?: boolean | undefined;
}

/** Which of those who may read a group message, and from where on. */
export interface ReadMembersWanted {
  readonly filter: 'read' | 'unread';
  /** Where the page before ended; `null` for the first. */
  readonly cursor: string | null;
  readonly limit: number;
}

export interface ReadMembersPage {
  readonly members: readonly ReadMember[];
  /** Where the next page begins; stays right while people go on reading. */
  readonly cursor: string | null;
  readonly complete: boolean;
}

/** One write each; what is asked together is written together. */
export interface Intents {
  sendMessage(conversationId: ConversationId, message: NewMessage): Message;
  /** Own messages only. */
  recallMessage(messageId: MessageId): void;
  sendReadReceipts(
    conversationId: ConversationId,
    messageIds: readonly MessageId[],
    options?: { readonly content?: string | undefined },
  ): SentReadReceipts;
  sendConversationReadReceipt(
    conversationId: ConversationId,
    options: { readonly upTo?: MessageId | undefined; readonly keepUnread?: boolean | undefined },
  ): void;
  clearConversationUnreadCount(conversationId: ConversationId, upTo?: MessageId): void;
  clearAllUnreadCounts(): void;
  setMarkedUnread(conversationId: ConversationId, marked: boolean): void;
  setMuted(conversationId: ConversationId, muted: boolean): void;
  setReceiptSettings(settings: { readonly deliveryReceipts?: boolean; readonly readReceipts?: boolean }): void;
  /** Direct chats: what arrived above `after` while the user was looking, as far as `upTo`; the newest dealt with. */
  readArrivals(conversationId: ConversationId, after: Seq, upTo?: Seq): Seq;
  /** A group in view: a clear, and receipts for what asks, as far as `upTo`. */
  readGroup(conversationId: ConversationId, upTo?: MessageId): void;
  /** As {@link Intents.readArrivals}, in a group. */
  readGroupArrivals(conversationId: ConversationId, after: Seq, upTo?: Seq): Seq;
  setPaused(paused: boolean): void;
  dismissDeadLetter(id: string): void;
  /** A new entry in its place. */
  retryDeadLetter(id: string, options: { readonly requestReceipt?: boolean | undefined }): void;
}

/** Questions, and what takes as long as the network does. */
export interface Queries {
  loadOlderMessages(conversationId: ConversationId, limit: number): { readonly messages: readonly Message[]; readonly complete: boolean };
  /** Where a held message is; `null` where it is not held. */
  seqOf(conversationId: ConversationId, messageId: MessageId): Seq | null;
  explainUnread(conversationId: ConversationId): UnreadExplanation;
  fetchReceipts(messageIds: readonly MessageId[]): readonly MessageReceipts[];
  fetchReadMembers(messageId: MessageId, options: ReadMembersWanted): ReadMembersPage;
  flush(timeoutMs: number): FlushResult;
}

type CallOf<T> = { [K in keyof T]: T[K] extends (...args: infer A) => unknown ? { readonly do: K; readonly args: A } : never }[keyof T];
export type IntentCall = CallOf<Intents>;
export type QueryCall = CallOf<Queries>;
