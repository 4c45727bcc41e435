/**
 * The types of the client's calls, options, states and events, as an app sees them. The compiler is the test: `npm run types` reads this
 * file, and nothing runs it. Each line breaks if a type becomes narrower, wider or another one.
 */
import type { Observable } from 'rxjs';
import type {
  ConnectionStatus,
  Conversation,
  ConversationId,
  ConversationViewing,
  DeadLetter,
  FirstUnread,
  GroupReader,
  ListOptions,
  LoadedMessages,
  Mentions,
  Message,
  MessageReceipts,
  MessagesWanted,
  Ranges,
  ReceiptClient,
  ReceiptClientOptions,
  ReceiptEvent,
  ReceiptSettings,
  Retention,
  SendMessageOptions,
  SentReadReceipts,
  ShownReceiptSettings,
  StorageReport,
  TotalOptions,
} from '../../../src/index.ts';
import type {
  isReceiptPush,
  MessageContext,
  MessageNotification,
  NotificationRef,
  notificationTag,
  readNotificationTag,
  ReceiptSyncOptions,
} from '../../../src/service-worker/index.ts';
import type {
  DeclarativePush,
  declarativePush,
  DeclaredNotification,
  Directory,
  OnMessage,
  PushFrame,
  PushRecipient,
  ReceiptServer,
} from '../../../src/server/index.ts';

/** True if both types are the same, with `readonly` and `?`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** A call of this form. */
type Call<K extends keyof ReceiptClient, F> = Same<ReceiptClient[K], F>;
/** An event with these fields beside its type. */
type Told<T extends ReceiptEvent['type'], F> = Same<Omit<Extract<ReceiptEvent, { readonly type: T }>, 'type'>, F>;
/** Takes only lines that are true. */
type All<T extends readonly true[]> = T;

type Chat = ConversationId;
type Type = 'direct' | 'group';

/** Item by item: the calls. */
export type Calls = All<
  [
    // Item 1: what became of receipts.
    Call<
      'sendReadReceipts',
      (id: Chat, messageIds: readonly string[], options?: { readonly content?: string }) => Promise<SentReadReceipts>
    >,
    Call<'watchEvents', () => Observable<ReceiptEvent>>,
    // Item 2: states.
    Call<'watchReceiptsIn', (id: Chat, options?: { readonly limit?: number }) => Observable<readonly MessageReceipts[]>>,
    Call<'findMessage', (messageId: string) => Promise<Message | null>>,
    Call<'loadOlderMessages', (id: Chat, options: { readonly limit: number }) => Promise<LoadedMessages>>,
    Call<'loadMessages', (id: Chat, options: MessagesWanted) => Promise<LoadedMessages>>,
    Same<LoadedMessages, { readonly messages: readonly Message[]; readonly complete: boolean }>,
    // Item 4: mentions.
    Call<'watchMentionCount', (id: Chat) => Observable<number>>,
    Same<SendMessageOptions['mentions'], Mentions | undefined>,
    Same<Mentions, 'all' | readonly string[]>,
    // Item 5: first unread, unread from here, lists and totals.
    Call<'viewConversation', (id: Chat, options?: { readonly receipts?: boolean }) => ConversationViewing>,
    Same<ConversationViewing['firstUnread'], Observable<FirstUnread | null>>,
    Same<FirstUnread, { readonly seq: number; readonly messageId: string | null; readonly count: number }>,
    Call<'setMarkedUnread', (id: Chat, marked: boolean, options?: { readonly from?: string }) => Promise<void>>,
    Call<'watchTotalUnreadCount', (options?: TotalOptions) => Observable<number>>,
    Call<'watchConversations', (options?: ListOptions) => Observable<readonly Conversation[]>>,
    Call<'clearAllUnreadCounts', (options?: { readonly type?: Type }) => Promise<void>>,
    // Item 6: the switches.
    Call<
      'setReceiptSettings',
      (settings: {
        readonly deliveryReceipts?: boolean;
        readonly readReceipts?: boolean;
        readonly scope?: 'device' | 'account';
      }) => Promise<void>
    >,
    Call<'watchReceiptSettings', () => Observable<ShownReceiptSettings>>,
    Same<ShownReceiptSettings['account'], ReceiptSettings>,
    Same<ShownReceiptSettings['device'], ReceiptSettings>,
    // Items 7 and 12: flags.
    Call<'setMuted', (id: Chat, muted: boolean) => Promise<void>>,
    Call<'setArchived', (id: Chat, archived: boolean) => Promise<void>>,
    // Item 8: storage.
    Call<'storage', () => Promise<StorageReport>>,
    Call<'dropCachedMessages', () => Promise<void>>,
    // Item 11: single messages.
    Call<
      'clearConversationUnreadCount',
      (
        id: Chat,
        options?:
          { readonly upTo?: string; readonly messageIds?: never } | { readonly messageIds: readonly string[]; readonly upTo?: never },
      ) => Promise<void>
    >,
  ]
>;

/** The options and the states. */
export type Fields = All<
  [
    Same<
      TotalOptions,
      {
        readonly type?: Type | undefined;
        readonly of?: 'messages' | 'mentions' | 'conversations' | undefined;
        readonly archived?: boolean | undefined;
      }
    >,
    Same<
      ListOptions,
      {
        readonly limit?: number | undefined;
        readonly type?: Type | undefined;
        readonly unreadOnly?: boolean | undefined;
        readonly archived?: boolean | undefined;
        readonly before?: ConversationId | undefined;
      }
    >,
    Same<Retention, { readonly messagesPerConversation?: number; readonly days?: number; readonly bytes?: number }>,
    Same<ReceiptClientOptions['appBadge'], boolean | { readonly counts: 'messages' | 'mentions' | 'conversations' } | undefined>,
    Same<MessageReceipts['ackedAt'], number | null>,
    Same<MessageReceipts['conversationReadAt'], number | null>,
    Same<MessageReceipts['readAt'], number | null>,
    Same<MessageReceipts['deliveredAt'], number | null>,
    Same<ConnectionStatus['asOf'], number | null>,
    Same<Conversation['mentionCount'], number>,
    Same<Conversation['archived'], boolean>,
    Same<Conversation['left'], boolean>,
    Same<Conversation['peerReadUpTo'], number | undefined>,
    Same<Message['mentionsMe'], boolean>,
    Same<StorageReport['bytes'], number>,
    Same<StorageReport['messages'], number>,
    Same<StorageReport['persisted'], boolean | null>,
    Same<StorageReport['quota'], number | null>,
    Same<StorageReport['encryption']['waiting'], number>,
    Same<
      SentReadReceipts['skipped'],
      readonly {
        readonly id: string;
        readonly reason: 'own' | 'already-acked' | 'not-requested' | 'receipts-off' | 'recalled' | 'not-counted';
      }[]
    >,
  ]
>;

/** The events, each with its fields. */
export type Events = All<
  [
    Told<'sent', { readonly messageId: string; readonly conversationId: Chat; readonly seq: number }>,
    Told<'message', { readonly message: Message }>,
    Told<
      'delivered',
      { readonly conversationId: Chat; readonly ranges: Ranges; readonly messageIds: readonly string[]; readonly by: string }
    >,
    Told<
      'read',
      {
        readonly how: 'message' | 'conversation';
        readonly conversationId: Chat;
        readonly ranges: Ranges;
        readonly messageIds: readonly string[];
        readonly by: string;
        readonly self: boolean;
      }
    >,
    Told<'conversationRead', { readonly conversationId: Chat; readonly upTo: number; readonly by: string; readonly self: boolean }>,
    Told<
      'groupRead',
      {
        readonly conversationId: Chat;
        readonly messageId: string;
        readonly readers: readonly GroupReader[];
        readonly readCount: number;
        readonly unreadCount: number;
      }
    >,
    Same<GroupReader, { readonly by: string; readonly content?: string | undefined }>,
    Told<'receiptsConfirmed', { readonly conversationId: Chat; readonly messageIds: readonly string[]; readonly upTo: number | null }>,
    Told<'unreadCleared', { readonly conversationId: Chat; readonly upTo: number; readonly self: true }>,
    Told<'recalled', { readonly conversationId: Chat; readonly messageId: string }>,
    Told<'expired', { readonly conversationId: Chat; readonly messageIds: readonly string[] }>,
    Told<'rejected', { readonly deadLetter: DeadLetter }>,
    Told<'storageLost', { readonly count: number }>,
    Same<
      Extract<ReceiptEvent, { readonly type: 'receiptStatistics' }>['receipts'][number],
      { readonly conversationId: Chat; readonly messageId: string; readonly readCount: number; readonly unreadCount: number }
    >,
    Same<
      ReceiptEvent['type'],
      | 'sent'
      | 'message'
      | 'delivered'
      | 'read'
      | 'conversationRead'
      | 'unreadCleared'
      | 'recalled'
      | 'groupRead'
      | 'receiptsConfirmed'
      | 'receiptStatistics'
      | 'expired'
      | 'rejected'
      | 'storageLost'
    >,
  ]
>;

/** Items 9 and 10: notifications, and what the host says of senders. */
export type AroundTheClient = All<
  [
    Same<
      ReceiptSyncOptions['notification'],
      ((message: Message, context: MessageContext) => MessageNotification | null | Promise<MessageNotification | null>) | undefined
    >,
    Same<
      MessageContext,
      {
        readonly userId: string;
        readonly muted: boolean;
        readonly visible: boolean;
        readonly focused: boolean;
        readonly unread: number;
        readonly mentions: number;
        readonly totalUnreadCount: number;
      }
    >,
    Same<ReceiptSyncOptions['addressOf'], ((clicked: NotificationRef) => string) | undefined>,
    Same<NotificationRef, { readonly userId: string; readonly conversationId: Chat | null; readonly seq: number | null }>,
    Same<typeof notificationTag, (userId: string, conversationId: Chat, seq: number) => string>,
    Same<typeof readNotificationTag, (tag: string) => NotificationRef | null>,
    Same<typeof isReceiptPush, (event: Event) => boolean>,
    Same<
      typeof declarativePush,
      (push: PushFrame, notification: DeclaredNotification, options?: { readonly appBadge?: boolean }) => DeclarativePush
    >,
    Same<Parameters<OnMessage>, [push: PushFrame, recipient: PushRecipient]>,
    Same<PushFrame['totalUnreadCount'], number | undefined>,
    Same<PushRecipient, { readonly connected: boolean }>,
    Same<Parameters<NonNullable<Directory['counts']>>, [sender: string, reader: string]>,
    Same<ReturnType<NonNullable<Directory['counts']>>, boolean | Promise<boolean>>,
    Same<ReceiptServer['countsChanged'], (userId: string) => Promise<void>>,
  ]
>;

/** Options of which one leaves the others out, and values that are refused. */
export const refused = (client: ReceiptClient): void => {
  void client.clearConversationUnreadCount('direct:bob', { upTo: 'm1' });
  void client.clearConversationUnreadCount('direct:bob', { messageIds: ['m1', 'm2'] });
  // @ts-expect-error A position and single messages are two calls.
  void client.clearConversationUnreadCount('direct:bob', { upTo: 'm1', messageIds: ['m1'] });
  void client.loadMessages('direct:bob', { around: 'first-unread', limit: 20 });
  void client.loadMessages('direct:bob', { before: 12, limit: 20 });
  // @ts-expect-error The number of messages is required.
  void client.loadMessages('direct:bob', { after: 'm1' });
  // @ts-expect-error A single user id is no list.
  void client.sendMessage('group:crew', 'hi', { mentions: 'bob' });
  // @ts-expect-error A total counts nothing else.
  client.watchTotalUnreadCount({ of: 'people' });
  client.watchTotalUnreadCount({ of: 'conversations', type: 'group' }).subscribe((total) => total.toFixed());
  // @ts-expect-error A conversation id names its type.
  void client.setArchived('bob', true);
  // @ts-expect-error There are two scopes.
  void client.setReceiptSettings({ readReceipts: false, scope: 'tab' });
};
