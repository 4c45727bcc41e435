/**
 * `tidemark/compat/zim`: the receipt and unread calls of `zego-zim-web` 2.x over Tidemark. ZIM.md says call by call what is the same, what is
 * better, and what is not covered.
 */
import type { ConversationId } from '../../index.ts';
import { callHandler } from '../call-handler.ts';
import { isGroup } from '../conversation-ids.ts';
import { hasConversation } from '../conversation-pages.ts';
import { RefusedError } from '../server-answers.ts';
import { requireAccess, type ServerAccess } from '../server-access.ts';
import { translated } from '../vendor-errors.ts';
import type { VendorSession } from '../vendor-session.ts';
import { BAD_PARAMETER, NO_CONVERSATION, NOT_LOGGED_IN, OTHER_USER, TOO_MANY_MESSAGES, UNSUPPORTED, zimError, ZIMError } from './errors.ts';
import { type LogIn, startLogIn } from './log-in.ts';
import {
  type HistoryConfig,
  historyOf,
  listOf,
  type ListConfig,
  type MembersConfig,
  membersOf,
  type MembersPage,
  receiptsOf,
  type ReceiptsInfo,
  totalOf,
  type TotalConfig,
} from './queries.ts';
import { bodyOf, conversationIdOf, findZimMessage, wantsReceipt, zimMessageOf } from './messages.ts';
import {
  type Tell,
  ZIMConnectionEvent,
  ZIMConnectionState,
  type ZIMConversation,
  ZIMConversationType,
  type ZIMEvents,
  type ZIMMessage,
  type ZIMMessageSendConfig,
} from './types.ts';

const MAX_RECEIPTS = 10;

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

  private session: LogIn | null = null;
  /** One for each type, as with the vendor. */
  private readonly listeners = new Map<keyof ZIMEvents, (zim: ZIM, data: never) => void>();
  private readonly tell: Tell = (type, data) => callHandler(() => this.listeners.get(type)?.(this, data as never));
  /** Where the pages of members begin. */
  private readonly cursors: (string | null)[] = [null];

  private constructor(private readonly access: ServerAccess) {}

  /** A second listener of a type replaces the first, as with the vendor. */
  on<K extends keyof ZIMEvents>(type: K, listener: (zim: ZIM, data: ZIMEvents[K]) => void): void {
    this.listeners.set(type, listener);
  }

  /** Ends the listener of a type. */
  off(type: keyof ZIMEvents): void {
    this.listeners.delete(type);
  }

  /** Logs in. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  login(
    user: string | { readonly userID: string },
    config: string | { readonly userName?: string; readonly token?: string } = {},
  ): Promise<void> {
    return translated(zimError, () => {
      const userId = typeof user === 'string' ? user : user.userID;
      const token = (typeof config === 'string' ? config : config.token) ?? '';
      // A client whose user the server does not accept has stopped for good.
      if (this.session?.hasStopped()) this.logout();
      if (this.session) {
        const { client, renewToken } = this.session;
        if (client.userId !== userId) throw new ZIMError(OTHER_USER, `${client.userId} is logged in: call logout() first`);
        return renewToken(token);
      }
      this.session = startLogIn(this.access, this.tell, userId, token);
    });
  }

  /** Ends the session. Stored entries stay on this device, and are sent after the next log-in. */
  logout(): void {
    const { session } = this;
    if (!session) return;
    this.session = null;
    void session.close(new ZIMError(NOT_LOGGED_IN, 'the user is logged out'));
    this.tell('connectionStateChanged', { state: ZIMConnectionState.Disconnected, event: ZIMConnectionEvent.Success, extendedData: '' });
  }

  /** Logs out. Afterwards `create` makes a new instance. */
  destroy(): void {
    this.logout();
    ZIM.instance = null;
  }

  /** Runs a call of a logged-in user, with the vendor's errors. */
  private call<T>(run: (session: VendorSession) => T | Promise<T>): Promise<T> {
    return translated(zimError, () => {
      if (!this.session) throw new ZIMError(NOT_LOGGED_IN, 'the user is logged out');
      return run(this.session);
    });
  }

  /** Takes a new token, after `tokenWillExpire`. */
  renewToken(token: string): Promise<{ readonly token: string }> {
    return this.call(({ renewToken }) => {
      renewToken(token);
      return { token };
    });
  }

  /** Runs a call for one conversation. The answer names the conversation. */
  private callIn<T>(
    conversationID: string,
    conversationType: number,
    run: (session: VendorSession, conversationId: ConversationId) => Promise<T>,
  ): Promise<InConversation & T> {
    return this.call(async (session) => {
      const answer = await run(session, conversationIdOf(conversationID, conversationType));
      return { conversationID, conversationType, ...answer };
    });
  }

  /** Sends a message. Offline, the call resolves when this device has stored the message: `sentStatus` is then `Sending`. */
  sendMessage(
    message: ZIMMessage,
    toConversationID: string,
    conversationType: number,
    config: ZIMMessageSendConfig,
  ): Promise<{ readonly message: ZIMMessage }> {
    return this.call(async ({ client, sendMessage }) => {
      const { hasReceipt = false, disableUnreadMessageCount = false } = config;
      if (conversationType === ZIMConversationType.Room) throw new ZIMError(UNSUPPORTED, 'rooms are not covered');
      const id = crypto.randomUUID();
      const sent = await sendMessage(conversationIdOf(toConversationID, conversationType), bodyOf(message), {
        id,
        requestReceipt: hasReceipt,
        countable: !disableUnreadMessageCount,
      });
      return { message: (await findZimMessage(client, id)) ?? (await zimMessageOf(client, sent)) };
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
    return this.callIn(conversationID, conversationType, async ({ client, sendReceipts }, conversationId) => {
      if (messageList.length > MAX_RECEIPTS)
        throw new ZIMError(TOO_MANY_MESSAGES, `${messageList.length} messages: at most ${MAX_RECEIPTS} a call`);
      const ids: string[] = [];
      const errorMessageIDs: string[] = [];
      for (const message of messageList)
        ((await wantsReceipt(client, conversationId, message)) ? ids : errorMessageIDs).push(message.messageID ?? '');
      if (ids.length === 0) throw new ZIMError(BAD_PARAMETER, 'no message of this conversation wants receipts');
      try {
        const { skipped } = await sendReceipts(conversationId, ids);
        errorMessageIDs.push(...skipped.map(({ id }) => id));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        errorMessageIDs.push(...error.names);
        if (errorMessageIDs.length >= messageList.length) throw error;
      }
      return { errorMessageIDs };
    });
  }

  /** Sends the peer a receipt for everything received so far. The unread count stays. Groups have no such receipt. */
  sendConversationMessageReceiptRead(conversationID: string, conversationType: number): Promise<InConversation> {
    return this.callIn(conversationID, conversationType, async ({ sendConversationReceipt }, conversationId) => {
      if (isGroup(conversationId)) throw new ZIMError(BAD_PARAMETER, 'only peers get conversation receipts');
      await sendConversationReceipt(conversationId, { keepUnread: true });
    });
  }

  /** The receipts on this device. Messages that want no receipt, and unknown messages, come back in `errorMessageIDs`. */
  queryMessageReceiptsInfo(messageList: readonly ZIMMessage[], conversationID: string, conversationType: number): Promise<ReceiptsInfo> {
    return this.call(({ client }) => receiptsOf(client, conversationIdOf(conversationID, conversationType), messageList));
  }

  /** A page of the members who have read an own group message. */
  queryGroupMessageReceiptReadMemberList(message: ZIMMessage, groupID: string, config: MembersConfig): Promise<MembersPage> {
    return this.call(({ client }) => membersOf(client, this.cursors, 'read', message, groupID, config));
  }

  /** A page of the members who have not read an own group message. */
  queryGroupMessageReceiptUnreadMemberList(message: ZIMMessage, groupID: string, config: MembersConfig): Promise<MembersPage> {
    return this.call(({ client }) => membersOf(client, this.cursors, 'unread', message, groupID, config));
  }

  /** Sets the unread count to 0, on all devices of this user. The senders learn nothing. */
  clearConversationUnreadMessageCount(conversationID: string, conversationType: number): Promise<InConversation> {
    return this.callIn(conversationID, conversationType, async ({ client }, conversationId) => {
      if (!(await hasConversation(client, conversationId)))
        throw new ZIMError(NO_CONVERSATION, `no conversation ${conversationID} on this device`);
      await client.clearConversationUnreadCount(conversationId);
    });
  }

  /** Sets all unread counts to 0, on all devices of this user. The senders learn nothing. */
  clearConversationTotalUnreadMessageCount(): Promise<void> {
    return this.call(({ client }) => client.clearAllUnreadCounts());
  }

  /** The sum over the conversations of these types (all types, if none is named), without muted conversations. */
  queryConversationTotalUnreadMessageCount(config: TotalConfig): Promise<{ readonly unreadMessageCount: number }> {
    return this.call(({ client }) => totalOf(client, config));
  }

  /** A page of the conversations on this device, newest first. */
  queryConversationList(config: ListConfig): Promise<{ readonly conversationList: ZIMConversation[] }> {
    return this.call(({ client }) => listOf(client, config));
  }

  /** Messages before `nextMessage`, or the newest; oldest first. */
  queryHistoryMessage(
    conversationID: string,
    conversationType: number,
    config: HistoryConfig,
  ): Promise<InConversation & { readonly messageList: ZIMMessage[] }> {
    return this.callIn(conversationID, conversationType, ({ client }, conversationId) => historyOf(client, conversationId, config));
  }

  /** Takes an own message back, on all devices. */
  revokeMessage(revoked: ZIMMessage): Promise<{ readonly message: ZIMMessage }> {
    return this.call(async ({ client }) => {
      const { messageID = '' } = revoked;
      await client.recallMessage(messageID);
      const message = await findZimMessage(client, messageID);
      if (!message) throw new ZIMError(UNSUPPORTED, 'the message is not on this device');
      return { message };
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
