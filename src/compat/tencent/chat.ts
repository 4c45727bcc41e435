/** The vendor's object: log-in, calls and events. */
import { combineLatest, filter, take } from 'rxjs';
import { watchAllConversations } from '../conversation-pages.ts';
import type { ServerAccess } from '../server-access.ts';
import { createVendorSession, type VendorSession } from '../vendor-session.ts';
import { EVENT, TYPES } from './constants.ts';
import { translated } from '../vendor-errors.ts';
import { ChatError, chatError, NOT_LOGGED_IN, REPEATED_LOGIN, requireParams, TOO_FREQUENT, UNSUPPORTED } from './errors.ts';
import { createNews, type Handler, Handlers, type News } from './events.ts';
import { bodyOf, conversationOf, createLiveMessages, type LiveMessages } from './live-messages.ts';
import { conversationIdOf, isConversationID } from './names.ts';
import { conversationsThatFit, membersOf, type MessageList, messagesOf, receiptsOf } from './queries.ts';
import { sendReceipts } from './receipts.ts';
import type {
  Conversation,
  ConversationFilter,
  EventData,
  MembersOptions,
  MembersPage,
  Message,
  MessageOptions,
  MessageRef,
  Response,
  SendMessageOptions,
} from './types.ts';

const ALL_READ_EVERY_MS = 1000;
/** The unread counts of each scope of `setAllMessageRead`. */
const TOTALS: Readonly<Record<string, { readonly type?: 'direct' | 'group' }>> = {
  [TYPES.READ_ALL_C2C_MSG]: { type: 'direct' },
  [TYPES.READ_ALL_GROUP_MSG]: { type: 'group' },
  [TYPES.READ_ALL_MSG]: {},
};

interface LoggedIn {
  readonly session: VendorSession;
  readonly live: LiveMessages;
  readonly news: News;
  conversations: readonly Conversation[];
  total: number;
}

/**
 * The chat, with the vendor's calls for receipts and counts. TENCENT.md says call by call what differs; the vendor
 * documents the fields of arguments and answers.
 */
export class Chat {
  private user: LoggedIn | null = null;
  private isUserReady = false;
  private allReadAt = -Infinity;
  private readonly handlers = new Handlers();

  constructor(
    private readonly access: ServerAccess,
    private readonly destroyed: () => void,
  ) {}

  /** Listens for an event. */
  on<N extends keyof EventData>(eventName: N, handler: Handler<N>, context?: unknown): void;
  /** Listens for an event, by a name that is not among `EVENT`. */
  on(eventName: string, handler: (event: never) => void, context?: unknown): void;
  on(eventName: string, handler: unknown, context?: unknown): void {
    requireParams(isText(eventName) && typeof handler === 'function');
    this.handlers.add(eventName, { handler, context });
  }
  /** Ends a listener. */
  off(eventName: string, handler: unknown, _context?: unknown, _once?: boolean): void {
    this.handlers.remove(eventName, handler);
  }
  /** The vendor's samples begin with these two calls, which have no effect here. */
  readonly setLogLevel = (_level: number): void => undefined;
  /** Has no effect here. */
  readonly registerPlugin = (_plugins: object): void => undefined;

  /** True after the first complete synchronization. */
  isReady(): boolean {
    return this.isUserReady;
  }
  /** The user who is logged in; empty if no user is. */
  getLoginUser(): string {
    return this.user?.session.client.userId ?? '';
  }
  /** Logs in. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  login(options: { readonly userID: string; readonly userSig: string }): Promise<Response<{ readonly repeatLogin?: boolean }>> {
    requireParams(isObject(options) && isText(options.userID) && typeof options.userSig === 'string');
    const { userID, userSig } = options;
    if (this.user && !this.user.news.isRefused()) {
      if (this.getLoginUser() !== userID)
        return Promise.reject(new ChatError(REPEATED_LOGIN, `${this.getLoginUser()} is logged in: call logout() first`));
      this.user.session.renewToken(userSig);
      return Promise.resolve(ok({ repeatLogin: true }));
    }
    if (this.user) this.end(this.user);
    return translated(chatError, () => {
      this.start(userID, userSig);
      return ok({});
    });
  }

  private start(userId: string, token: string): void {
    const session: VendorSession = createVendorSession(this.access, {
      userId,
      token,
      tokenWillExpire: () => user.news.kickOut(),
      // `followConnection` tells every refused token.
      tokenExpired: () => undefined,
      dispatch: (event) => user.news.tell(event),
    });
    const { client } = session;
    const live = createLiveMessages(client);
    const user: LoggedIn = { session, live, news: createNews(this.handlers, live), conversations: [], total: 0 };
    this.user = user;
    const [connection$, total$] = [client.watchConnection(), client.watchTotalUnreadCount()];
    const conversations$ = watchAllConversations(client);
    session.follow(connection$, (status) => user.news.followConnection(status));
    session.follow(conversations$, (list) => {
      user.conversations = list.map((conversation) => conversationOf(userId, conversation));
      this.handlers.call(EVENT.CONVERSATION_LIST_UPDATED, [...user.conversations]);
    });
    session.follow(total$, (total) => {
      user.total = total;
      this.handlers.call(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, total);
    });
    // After the subscriptions above, so the counts are known when the app hears SDK_READY.
    const isReady$ = combineLatest([connection$, conversations$, total$]).pipe(
      filter(([{ state, asOf }]) => state === 'live' || asOf !== null),
      take(1),
    );
    session.follow(isReady$, () => {
      this.isUserReady = true;
      this.handlers.call(EVENT.SDK_READY, undefined);
    });
    session.start();
  }

  private end({ session }: LoggedIn): void {
    this.user = null;
    void session.close(new ChatError(NOT_LOGGED_IN, 'the user is logged out'));
    this.isUserReady = false;
    this.handlers.call(EVENT.SDK_NOT_READY, undefined);
  }
  /** Ends the log-in. Stored entries stay on this device, and are sent after the next log-in. */
  logout(): Promise<Response> {
    return this.call('', always, async (user) => {
      this.end(user);
      return {};
    });
  }
  /** Logs out, and ends all listeners. */
  destroy(): Promise<void> {
    if (this.user) this.end(this.user);
    this.handlers.call(EVENT.SDK_DESTROY, undefined);
    this.handlers.clear();
    this.destroyed();
    return Promise.resolve();
  }

  /**
   * Runs a call of a logged-in user. After the log-out the vendor's SDK rejects every call with 2024 before it checks the arguments, and so
   * does this facade.
   *
   * @param isFit false: the call throws at once. Checks the arguments as the vendor does.
   * @param run its promise rejects with the vendor's errors.
   */
  private call<T>(name: string, isFit: () => boolean, run: (user: LoggedIn) => Promise<T>): Promise<Response<T>> {
    const { user } = this;
    if (!user) return loggedOut(name);
    requireParams(isFit());
    return translated(chatError, async () => ok(await run(user)));
  }
  /** Makes a message. {@link sendMessage} sends it. */
  createTextMessage(options: MessageOptions): Message {
    if (!this.user) return loggedOut('createTextMessage') as never;
    requireParams(isObject(options) && isText(options.to) && isText(options.conversationType));
    requireParams(isObject(options.payload) && isText(options.payload.text));
    return this.user.live.create(options);
  }
  /** Sends a message. Offline, the call resolves when this device has stored the message: `status` is `unSend` until then. */
  sendMessage(
    message: Pick<Message, 'ID'>,
    { onlineUserOnly = false, messageControlInfo = {} }: SendMessageOptions = {},
  ): Promise<Response<{ readonly message: Message }>> {
    const isFit = (): boolean => isMessage(message);
    return this.call('sendMessage', isFit, async ({ session, live }) => {
      const sending = live.find(message.ID);
      if (!sending) throw new ChatError(UNSUPPORTED, 'not made by createTextMessage of this log-in');
      if (onlineUserOnly) throw new ChatError(UNSUPPORTED, 'onlineUserOnly: every message is stored here');
      const { ID, conversationID, needReadReceipt } = sending;
      const conversationId = conversationIdOf(conversationID);
      const countable = messageControlInfo.excludedFromUnreadCount !== true;
      try {
        await session.sendMessage(conversationId, bodyOf(sending), { id: ID, requestReceipt: needReadReceipt, countable });
      } catch (error) {
        sending.status = 'fail';
        throw error;
      }
      await live.refresh([ID]);
      return { message: sending };
    });
  }
  /** Takes an own message back, on all devices. */
  revokeMessage(message: Pick<Message, 'ID'>): Promise<Response<{ readonly message: Message | null }>> {
    const isFit = (): boolean => isMessage(message);
    return this.call('revokeMessage', isFit, async ({ session, live }) => {
      await session.client.recallMessage(message.ID);
      await live.refresh([message.ID]);
      return { message: live.find(message.ID) };
    });
  }
  /** A page of at most 15 messages before `nextReqMessageID`, or the newest; oldest first. */
  getMessageList(options: { readonly conversationID: string; readonly nextReqMessageID?: string }): Promise<Response<MessageList>> {
    const isFit = (): boolean => namesConversation(options) && typeof (options.nextReqMessageID ?? '') === 'string';
    return this.call('getMessageList', isFit, ({ session, live }) => messagesOf(session.client, live, options));
  }
  /** The app's object of this message, with the receipts of now. `null` for a message the app did not get. */
  findMessage(messageID: string): Message | null {
    return this.user ? this.user.live.find(messageID) : (loggedOut('findMessage') as never);
  }

  /**
   * Sends the receipts of these messages. The unread count stays. Own messages, and messages without a request, are left out. A call
   * without any other message rejects with 2114.
   */
  sendMessageReadReceipt(messageList: readonly MessageRef[]): Promise<Response> {
    return this.call('sendMessageReadReceipt', isList(messageList), async ({ session }) => {
      await sendReceipts(session, messageList);
      return {};
    });
  }

  /** Brings the receipts of own messages up to date, from the server if the device is connected. */
  getMessageReadReceiptList(messageList: readonly MessageRef[]): Promise<Response<{ readonly messageList: Message[] }>> {
    return this.call('getMessageReadReceiptList', isList(messageList), async ({ session, live }) => ({
      messageList: await receiptsOf(session.client, live, messageList),
    }));
  }

  /** A page of the members who have read an own group message, or who have not. */
  getGroupMessageReadMemberList(options: MembersOptions): Promise<Response<MembersPage>> {
    const isFit = (): boolean =>
      isObject(options) &&
      isMessage(options.message) &&
      typeof options.cursor === 'string' &&
      [0, 1].includes(options.filter) &&
      typeof options.count === 'number';
    return this.call('getGroupMessageReadMemberList', isFit, ({ session }) => membersOf(session.client, options));
  }

  /** Sets the unread count to 0. In a direct chat, the peer gets a receipt for everything received so far. */
  setMessageRead(options: { readonly conversationID: string }): Promise<Response> {
    const isFit = (): boolean => namesConversation(options);
    return this.call('setMessageRead', isFit, async ({ session }) => {
      await session.sendConversationReceipt(conversationIdOf(options.conversationID));
      return {};
    });
  }

  /** Sets all unread counts of the scope to 0, at most once in a second. The senders learn nothing. */
  setAllMessageRead({ scope = TYPES.READ_ALL_MSG }: { readonly scope?: string | number } = {}): Promise<Response> {
    const isFit = (): boolean => Object.hasOwn(TOTALS, scope);
    return this.call('setAllMessageRead', isFit, async ({ session }) => {
      const now = performance.now();
      if (now - this.allReadAt < ALL_READ_EVERY_MS) throw new ChatError(TOO_FREQUENT, 'setAllMessageRead: at most one call in a second');
      this.allReadAt = now;
      await session.client.clearAllUnreadCounts(TOTALS[scope]);
      return {};
    });
  }

  /** The sum over the conversations, without muted conversations. Logged out: a rejected promise, as with the vendor. */
  getTotalUnreadMessageCount(): number {
    return this.user ? this.user.total : (loggedOut('getTotalUnreadMessageCount') as never);
  }

  /** The conversations, newest first: all, by ids, or by conditions. */
  getConversationList(
    options?: readonly string[] | ConversationFilter | null,
  ): Promise<Response<{ readonly conversationList: Conversation[]; readonly isSyncCompleted: boolean }>> {
    return this.call('getConversationList', always, async (user) => ({
      conversationList: conversationsThatFit(user.conversations, options),
      isSyncCompleted: this.isUserReady,
    }));
  }
}

const always = (): boolean => true;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isMessage = (value: unknown): boolean => isObject(value) && 'ID' in value && isText(value.ID);
const namesConversation = (value: unknown): boolean =>
  isObject(value) && 'conversationID' in value && isConversationID(value.conversationID);
const isList = (value: unknown) => (): boolean => Array.isArray(value) && value.length > 0;

const ok = <T>(data: T): Response<T> => ({ code: 0, data });

/** The vendor rejects every call with 2024, and names the call in the message. */
const loggedOut = (name: string): Promise<never> => Promise.reject(new ChatError(NOT_LOGGED_IN, name && ` | ${name} | `));
