/**
 * `tidemark/compat/zim`: the receipt and unread calls of `zego-zim-web` 2.x over Tidemark. ZIM.md says call by call what is the same, what is
 * better, and what is not covered.
 */
import { hasConversation, watchAllConversations } from '../conversation-pages.ts';
import { RefusedError } from '../server-answers.ts';
import { requireAccess, type ServerAccess } from '../server-access.ts';
import { createVendorSession, type VendorSession } from '../vendor-session.ts';
import {
  BAD_PARAMETER,
  NO_CONVERSATION,
  NOT_LOGGED_IN,
  OTHER_USER,
  TOO_MANY_MESSAGES,
  UNSUPPORTED,
  withZimErrors,
  ZIMError,
} from './errors.ts';
import { Listeners } from './events.ts';
import {
  historyOf,
  type HistoryConfig,
  listOf,
  type ListConfig,
  MemberPages,
  type MembersConfig,
  type MembersPage,
  receiptsOf,
  type ReceiptsInfo,
  totalOf,
  type TotalConfig,
} from './queries.ts';
import { bodyOf, conversationIdOf, wantsReceipt, zimMessageOf } from './messages.ts';
import { type ZIMConversation, ZIMConversationType, type ZIMEvents, type ZIMMessage, type ZIMMessageSendConfig } from './types.ts';

const MAX_RECEIPTS = 10;
/** The vendor's guide: the SDK announces the end of a token 30 s before. */
const EXPIRES_IN_SECONDS = 30;

interface InConversation {
  readonly conversationID: string;
  readonly conversationType: number;
}

/**
 * The vendor's class, with the calls for receipts and counts. ZIM.md says call by call what differs; the vendor
 * documents the fields of arguments and answers.
 */
export class ZIM {
  private static instance: ZIM | null = null;

  /**
   * @param access where the receipt server is: the only argument beyond the vendor's.
   * @returns null if there is an instance already, as with the vendor.
   */
  static create(_app: number | { readonly appID: number }, access: ServerAccess): ZIM | null {
    if (ZIM.instance) return null;
    ZIM.instance = new ZIM(requireAccess(access));
    return ZIM.instance;
  }

  /** The instance of `create`; null before it. */
  static getInstance(): ZIM | null {
    return ZIM.instance;
  }

  private session: VendorSession | null = null;
  private readonly listeners = new Listeners<ZIM>(() => this);
  private readonly members = new MemberPages();

  private constructor(private readonly access: ServerAccess) {}

  /** A second listener of a type replaces the first, as with the vendor. */
  on<K extends keyof ZIMEvents>(type: K, listener: (zim: ZIM, data: ZIMEvents[K]) => void): void {
    this.listeners.on(type, listener);
  }

  /** Ends the listener of a type. */
  off(type: keyof ZIMEvents): void {
    this.listeners.off(type);
  }

  /** Logs in. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  login(
    user: string | { readonly userID: string },
    config: string | { readonly userName?: string; readonly token?: string } = {},
  ): Promise<void> {
    return withZimErrors(() => {
      const userId = typeof user === 'string' ? user : user.userID;
      const token = (typeof config === 'string' ? config : config.token) ?? '';
      // A client whose user the server does not accept has stopped for good.
      if (this.listeners.hasStopped) this.logout();
      if (this.session) {
        const { client } = this.session;
        if (client.userId !== userId) throw new ZIMError(OTHER_USER, `${client.userId} is logged in: call logout() first`);
        return this.session.renewToken(token);
      }
      const session: VendorSession = createVendorSession(this.access, {
        userId,
        token,
        tokenWillExpire: () => this.listeners.call('tokenWillExpire', { second: EXPIRES_IN_SECONDS }),
        dispatch: (event) => this.listeners.tell(session.client, event),
      });
      this.session = session;
      const { client } = session;
      session.follow(client.watchConnection(), (status) => this.listeners.tellConnection(status));
      session.follow(watchAllConversations(client), (list) => session.inOrder(() => this.listeners.tellConversations(client, list)));
      session.follow(client.watchTotalUnreadCount(), (totalUnreadMessageCount) =>
        this.listeners.call('conversationTotalUnreadMessageCountUpdated', { totalUnreadMessageCount }),
      );
      session.start();
    });
  }

  /** Ends the session. Stored entries stay on this device, and are sent after the next log-in. */
  logout(): void {
    const { session } = this;
    if (!session) return;
    this.session = null;
    void session.close(new ZIMError(NOT_LOGGED_IN, 'the user is logged out'));
    this.listeners.loggedOut();
  }

  /** Logs out. Afterwards `create` makes a new instance. */
  destroy(): void {
    this.logout();
    ZIM.instance = null;
  }

  /** Takes a new token, after `tokenWillExpire`. */
  async renewToken(token: string): Promise<{ readonly token: string }> {
    this.loggedIn().renewToken(token);
    return { token };
  }

  private loggedIn(): VendorSession {
    if (!this.session) throw new ZIMError(NOT_LOGGED_IN, 'not logged in');
    return this.session;
  }

  /** Sends a message. Offline, the call resolves when this device has stored the message: `sentStatus` is then `Sending`. */
  sendMessage(
    message: ZIMMessage,
    toConversationID: string,
    conversationType: number,
    config: ZIMMessageSendConfig,
  ): Promise<{ readonly message: ZIMMessage }> {
    return withZimErrors(async () => {
      const session = this.loggedIn();
      const { hasReceipt = false, disableUnreadMessageCount = false } = config;
      if (conversationType === ZIMConversationType.Room) throw new ZIMError(UNSUPPORTED, 'rooms are not covered');
      const conversationId = conversationIdOf(toConversationID, conversationType);
      const id = crypto.randomUUID();
      const body = bodyOf(message);
      const sent = await session.sendMessage(conversationId, body, {
        id,
        requestReceipt: hasReceipt,
        countable: !disableUnreadMessageCount,
      });
      const stored = (await session.client.findMessage(id)) ?? sent;
      return { message: await zimMessageOf(session.client, stored) };
    });
  }

  /**
   * Sends the receipts of these messages, at most 10 of a conversation. The unread count stays. Messages without a request, messages that are
   * read already (by a conversation receipt too), and messages with a refused receipt come back in `errorMessageIDs`. A call without any
   * other message rejects with 6000001.
   */
  sendMessageReceiptsRead(
    messageList: readonly ZIMMessage[],
    conversationID: string,
    conversationType: number,
  ): Promise<InConversation & { readonly errorMessageIDs: string[] }> {
    return withZimErrors(async () => {
      const session = this.loggedIn();
      const conversationId = conversationIdOf(conversationID, conversationType);
      if (messageList.length > MAX_RECEIPTS)
        throw new ZIMError(TOO_MANY_MESSAGES, `${messageList.length} messages: at most 10 in one call`);
      const ids: string[] = [];
      const errorMessageIDs: string[] = [];
      for (const message of messageList)
        ((await wantsReceipt(session.client, conversationId, message)) ? ids : errorMessageIDs).push(message.messageID ?? '');
      if (ids.length === 0) throw new ZIMError(BAD_PARAMETER, 'no message of this conversation wants a receipt of this user');
      try {
        const { skipped } = await session.sendReceipts(conversationId, ids);
        errorMessageIDs.push(...skipped.map(({ id }) => id));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        errorMessageIDs.push(...error.names);
        if (errorMessageIDs.length >= messageList.length) throw error;
      }
      return { conversationID, conversationType, errorMessageIDs };
    });
  }

  /** Sends the peer a receipt for everything received so far. The unread count stays. Groups have no such receipt. */
  sendConversationMessageReceiptRead(conversationID: string, conversationType: number): Promise<InConversation> {
    return withZimErrors(async () => {
      const session = this.loggedIn();
      if (conversationType !== ZIMConversationType.Peer)
        throw new ZIMError(BAD_PARAMETER, 'conversation receipts exist in peer chats only');
      const conversationId = conversationIdOf(conversationID, conversationType);
      await session.sendConversationReceipt(conversationId, { keepUnread: true });
      return { conversationID, conversationType };
    });
  }

  /** The receipts on this device. Messages that want no receipt, and unknown messages, come back in `errorMessageIDs`. */
  queryMessageReceiptsInfo(messageList: readonly ZIMMessage[], conversationID: string, conversationType: number): Promise<ReceiptsInfo> {
    return withZimErrors(() => receiptsOf(this.loggedIn().client, conversationIdOf(conversationID, conversationType), messageList));
  }

  /** A page of the members who have read an own group message. */
  queryGroupMessageReceiptReadMemberList(message: ZIMMessage, groupID: string, config: MembersConfig): Promise<MembersPage> {
    return withZimErrors(() => this.members.page(this.loggedIn().client, 'read', message, groupID, config));
  }

  /** A page of the members who have not read an own group message. */
  queryGroupMessageReceiptUnreadMemberList(message: ZIMMessage, groupID: string, config: MembersConfig): Promise<MembersPage> {
    return withZimErrors(() => this.members.page(this.loggedIn().client, 'unread', message, groupID, config));
  }

  /** Sets the unread count to 0, on all devices of this user. The senders learn nothing. */
  clearConversationUnreadMessageCount(conversationID: string, conversationType: number): Promise<InConversation> {
    return withZimErrors(async () => {
      const { client } = this.loggedIn();
      const conversationId = conversationIdOf(conversationID, conversationType);
      if (!(await hasConversation(client, conversationId)))
        throw new ZIMError(NO_CONVERSATION, `there is no conversation ${conversationID} on this device`);
      await client.clearConversationUnreadCount(conversationId);
      return { conversationID, conversationType };
    });
  }

  /** Sets all unread counts to 0, on all devices of this user. The senders learn nothing. */
  clearConversationTotalUnreadMessageCount(): Promise<void> {
    return withZimErrors(() => this.loggedIn().client.clearAllUnreadCounts());
  }

  /** The sum over the conversations of these types (all types, if none is named), without muted conversations. */
  queryConversationTotalUnreadMessageCount(config: TotalConfig): Promise<{ readonly unreadMessageCount: number }> {
    return withZimErrors(async () => ({ unreadMessageCount: await totalOf(this.loggedIn().client, config) }));
  }

  /** A page of the conversations on this device, newest first. */
  queryConversationList(config: ListConfig): Promise<{ readonly conversationList: ZIMConversation[] }> {
    return withZimErrors(async () => ({ conversationList: await listOf(this.loggedIn().client, config) }));
  }

  /** Messages before `nextMessage`, or the newest; oldest first. */
  queryHistoryMessage(
    conversationID: string,
    conversationType: number,
    config: HistoryConfig,
  ): Promise<InConversation & { readonly messageList: ZIMMessage[] }> {
    return withZimErrors(async () => {
      const messageList = await historyOf(this.loggedIn().client, conversationIdOf(conversationID, conversationType), config);
      return { conversationID, conversationType, messageList };
    });
  }

  /** Takes an own message back, on all devices. */
  revokeMessage(revoked: ZIMMessage): Promise<{ readonly message: ZIMMessage }> {
    return withZimErrors(async () => {
      const { client } = this.loggedIn();
      const { messageID } = revoked;
      if (!messageID) throw new ZIMError(BAD_PARAMETER, 'the message was not sent');
      await client.recallMessage(messageID);
      const message = await client.findMessage(messageID);
      if (!message) throw new ZIMError(UNSUPPORTED, 'the message is not on this device');
      return { message: await zimMessageOf(client, message) };
    });
  }
}

export type { ServerAccess } from '../server-access.ts';
export { ZIMError } from './errors.ts';
export {
  ZIMConnectionEvent,
  ZIMConnectionState,
  type ZIMConversation,
  ZIMConversationEvent,
  ZIMConversationNotificationStatus,
  ZIMConversationType,
  type ZIMEvents,
  type ZIMMessage,
  ZIMMessageDirection,
  type ZIMMessageReceiptInfo,
  ZIMMessageReceiptStatus,
  type ZIMMessageSendConfig,
  ZIMMessageSentStatus,
  ZIMMessageType,
} from './types.ts';
