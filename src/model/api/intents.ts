/** The calls of the page to the engine, by name. An intent resolves when its effect is durable on this device. */
import type { ConversationId, MessageId, Seq } from '../ids.ts';
import type { Mentions } from '../message/mentions.ts';
import type { Json, Message } from '../message/message.ts';
import type { MessageReceipts, ReadMember } from '../message/receipt.ts';
import type { SettingsScope } from '../message/receipt-settings.ts';
import type { InspectedAccount, LogLine } from './inspection.ts';
import type { FlushResult } from './status.ts';
import type { StoredAmount } from './storage.ts';
import type { FirstUnread, UnreadExplanation } from '../conversation/unread.ts';

/** Why a call sent no receipt for a message. */
export type SkipReason = 'own' | 'already-acked' | 'not-requested' | 'receipts-off' | 'recalled' | 'not-counted';

/** The answer of `sendReadReceipts`. */
export interface SentReadReceipts {
  /** Ids queued by this call. */
  readonly queued: readonly MessageId[];
  /** Ids without a receipt by this call: `id` the message, `reason` why. */
  readonly skipped: readonly { readonly id: MessageId; readonly reason: SkipReason }[];
}

export interface NewMessage {
  readonly id?: MessageId | undefined;
  /** JSON text, at most `MAX_BODY_BYTES` of UTF-8. */
  readonly body: string;
  readonly requestReceipt?: boolean | undefined;
  readonly countable?: boolean | undefined;
  readonly mentions?: Mentions | undefined;
}

/** Which page of a group message's readers (or non-readers) to fetch. */
export interface ReadMembersWanted {
  readonly filter: 'read' | 'unread';
  /** The `cursor` of the page before; `null` for the first page. */
  readonly cursor: string | null;
  readonly limit: number;
}

/** One page of a group message's readers or non-readers. */
export interface ReadMembersPage {
  /** The members of this page. */
  readonly members: readonly ReadMember[];
  /** Start of the next page; `null` after the last page. A cursor stays valid while more members read the message. */
  readonly cursor: string | null;
  /** True if there is no further page. */
  readonly complete: boolean;
}

/** Each intent is a write of its own. Intents called together share a transaction. */
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
  /** Clears single messages. The position does not move. */
  clearMessages(conversationId: ConversationId, messageIds: readonly MessageId[]): void;
  clearAllUnreadCounts(type?: 'direct' | 'group'): void;
  /** `from`: the message from which on the messages count as unread again. */
  setMarkedUnread(conversationId: ConversationId, marked: boolean, from?: MessageId): void;
  setMuted(conversationId: ConversationId, muted: boolean): void;
  setArchived(conversationId: ConversationId, archived: boolean): void;
  setReceiptSettings(settings: {
    readonly deliveryReceipts?: boolean;
    readonly readReceipts?: boolean;
    readonly scope?: SettingsScope;
  }): void;
  /**
   * A conversation in view: moves the position over the stored messages above `after`, up to `upTo`, and sends the requested receipts.
   *
   * @returns the newest message dealt with.
   */
  readArrivals(conversationId: ConversationId, after: Seq, upTo?: Seq): Seq;
  /** Groups in view: clears the unread count, and sends the requested receipts, up to `upTo`. */
  readGroup(conversationId: ConversationId, upTo?: MessageId): void;
  /**
   * A view that tells the sender nothing: moves the position to the newest stored message above `after`, up to `upTo`.
   *
   * @returns the newest message dealt with.
   */
  passArrivals(conversationId: ConversationId, after: Seq, upTo: Seq): Seq;
  setPaused(paused: boolean): void;
  dismissDeadLetter(id: string): void;
  /** Replaces the dead letter by a new entry. */
  retryDeadLetter(id: string, options: { readonly requestReceipt?: boolean | undefined }): void;
}

/** A message of a conversation, by its id or by its `seq`. */
export type MessagePoint = MessageId | Seq;

/** The messages to load: exactly one of `around`, `before` and `after`, and at most `limit` messages. */
export interface MessagesWanted {
  /** The text `first-unread` is the first unread message. */
  readonly around?: MessagePoint | undefined;
  /** The messages before this one, without it. */
  readonly before?: MessagePoint | undefined;
  /** The messages after this one, without it. 0 begins with the first message of the conversation. */
  readonly after?: MessagePoint | undefined;
  /** The largest number of messages, 1 to 1,000. */
  readonly limit: number;
}

/** The answer of `loadMessages` and `loadOlderMessages`. */
export interface LoadedMessages<Body = Json> {
  /** Oldest first. Offline: only the messages stored on this device. */
  readonly messages: readonly Message<Body>[];
  /** True if the conversation has no more messages in the direction of the question; around a message, in both directions. */
  readonly complete: boolean;
}

/** Questions, and calls with an answer from the network. */
export interface Queries {
  loadOlderMessages(conversationId: ConversationId, limit: number): LoadedMessages;
  loadMessages(conversationId: ConversationId, wanted: MessagesWanted): LoadedMessages;
  findMessage(messageId: MessageId): Message | null;
  /** The `seq` of a message stored on this device; `null` for any other message. */
  seqOf(conversationId: ConversationId, messageId: MessageId): Seq | null;
  /** Waits until the counts of this device are known. `null` if nothing is unread. */
  firstUnread(conversationId: ConversationId): FirstUnread | null;
  explainUnread(conversationId: ConversationId): UnreadExplanation;
  /** For each message, in order, whether it is surely read, recalled or no longer counted: then its notification may be closed. */
  settledOf(messages: readonly { readonly conversationId: ConversationId; readonly seq: Seq }[]): readonly boolean[];
  fetchReceipts(messageIds: readonly MessageId[]): readonly MessageReceipts[];
  fetchReadMembers(messageId: MessageId, options: ReadMembersWanted): ReadMembersPage;
  storage(): StoredAmount;
  /** The inside of the account, and the last records of the log that the worker did not hand to the page. */
  inspect(): readonly [InspectedAccount, readonly LogLine[]];
  dropCachedMessages(): void;
  flush(timeoutMs: number): FlushResult;
}

type CallOf<T> = { [K in keyof T]: T[K] extends (...args: infer A) => unknown ? { readonly do: K; readonly args: A } : never }[keyof T];
export type IntentCall = CallOf<Intents>;
export type QueryCall = CallOf<Queries>;
