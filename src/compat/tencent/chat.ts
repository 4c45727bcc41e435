/** The vendor's object: log-in, calls and events. */
import { callHandler } from '../call-handler.ts';
import type { ServerAccess } from '../server-access.ts';
import { EVENT, TYPES } from './constants.ts';
import { translated } from '../vendor-errors.ts';
import { ChatError, chatError, NOT_LOGGED_IN, REPEATED_LOGIN, requireParams, TOO_FREQUENT, UNSUPPORTED } from './errors.ts';
import { bodyOf } from './live-messages.ts';
import { type LogIn, startLogIn } from './log-in.ts';
import { conversationIdOf, isConversationID } from './names.ts';
import { conversationsThatFit, membersOf, type MessageList, messagesOf, receiptsOf } from './queries.ts';
import { sendReceipts } from './receipts.ts';
import type {
  Conversation,
  ConversationFilter,
  EventData,
  Handler,
  MembersOptions,
  MembersPage,
  Message,
  MessageOptions,
  MessageRef,
  Response,
  SendMessageOptions,
  Tell,
} from './types.ts';

const ALL_READ_EVERY_MS = 1000;
/** The unread counts of each scope of `setAllMessageRead`. */
const TOTALS: Readonly<Record<string, { readonly type?: 'direct' | 'group' }>> = {
  [TYPES.READ_ALL_C2C_MSG]: { type: 'direct' },
  [TYPES.READ_ALL_GROUP_MSG]: { type: 'group' },
  [TYPES.READ_ALL_MSG]: {},
};

interface Added {
  readonly name: string;
  readonly handler: unknown;
  readonly context: unknown;
}

/**
 * The chat, with the vendor's calls for receipts and counts. TENCENT.md says call by call what differs; the vendor
 * documents the fields of arguments and answers.
 */
export class Chat {
  private user: LogIn | null = null;
  private allReadAt = -Infinity;
  /** Any number for each event, in the order of `on`. */
  private handlers: readonly Added[] = [];
  private readonly tell: Tell = (name, data) => {
    for (const { name: heard, handler, context } of this.handlers)
      if (heard === name) callHandler(() => (handler as Handler<typeof name>).call(context, { name, data }));
  };

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
    this.handlers = [...this.handlers, { name: eventName, handler, context }];
  }
  /** Ends a listener. */
  off(eventName: string, handler: unknown, _context?: unknown, _once?: boolean): void {
    this.handlers = this.handlers.filter((added) => added.name !== eventName || added.handler !== handler);
  }
  /** The vendor's samples begin with these two calls, which have no effect here. */
  readonly setLogLevel = (_level: number): void => undefined;
  /** Has no effect here. */
  readonly registerPlugin = (_plugins: object): void => undefined;

  /** True after the first complete synchronization. */
  isReady(): boolean {
    return this.user?.isReady ?? false;
  }
  /** The user who is logged in; empty if no user is. */
  getLoginUser(): string {
    return this.user?.session.client.userId ?? '';
  }
  /** Logs in. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  login(options: { readonly userID: string; readonly userSig: string }): Promise<Response<{ readonly repeatLogin?: boolean }>> {
    requireParams(isUser(options));
    return translated(chatError, () => {
      const { userID, userSig } = options;
      if (this.user?.isRefused) this.end(this.user);
      if (!this.user) {
        this.user = startLogIn(this.access, this.tell, userID, userSig);
        return ok({});
      }
      const loggedIn = this.getLoginUser();
      if (loggedIn !== userID) throw new ChatError(REPEATED_LOGIN, `${loggedIn} is logged in: call logout() first`);
      this.user.session.renewToken(userSig);
      return ok({ repeatLogin: true });
    });
  }

  private end({ session }: LogIn): void {
    this.user = null;
    void session.close(new ChatError(NOT_LOGGED_IN, 'the user is logged out'));
    this.tell(EVENT.SDK_NOT_READY, undefined);
  }
  /** Ends the log-in. Stored entries stay on this device, and are sent after the next log-in. */
  logout(): Promise<Response> {
    return this.call('', true, async (user) => {
      this.end(user);
      return {};
    });
  }
  /** Logs out, and ends all listeners. */
  destroy(): Promise<void> {
    if (this.user) this.end(this.user);
    this.tell(EVENT.SDK_DESTROY, undefined);
    this.handlers = [];
    this.destroyed();
    return Promise.resolve();
  }

  /**
   * Runs a call of a logged-in user. After the log-out the vendor's SDK rejects every call with 2024 before it checks the arguments, and so
   * does this facade.
   *
   * @param isFit whether the arguments are as the vendor wants them. False: the call throws at once.
   * @param run its promise rejects with the vendor's errors.
   */
  private call<T>(name: string, isFit: boolean, run: (user: LogIn) => Promise<T>): Promise<Response<T>> {
    const { user } = this;
    if (!user) return loggedOut(name);
    requireParams(isFit);
    return translated(chatError, async () => ok(await run(user)));
  }
  /** Makes a message. {@link sendMessage} sends it. */
  createTextMessage(options: MessageOptions): Message {
    if (!this.user) return loggedOut('createTextMessage') as never;
    requireParams(isTextMessage(options));
    return this.user.live.create(options);
  }
  /** Sends a message. Offline, the call resolves when this device has stored the message: `status` is `unSend` until then. */
  sendMessage(
    message: Pick<Message, 'ID'>,
    { onlineUserOnly = false, messageControlInfo = {} }: SendMessageOptions = {},
  ): Promise<Response<{ readonly message: Message }>> {
    return this.call('sendMessage', isMessage(message), async ({ session, live }) => {
      const sending = live.find(message.ID);
      if (!sending) throw new ChatError(UNSUPPORTED, 'not made by createTextMessage');
      if (onlineUserOnly) throw new ChatError(UNSUPPORTED, 'onlineUserOnly is not covered');
      const { ID, conversationID, needReadReceipt } = sending;
      const conversationId = conversationIdOf(conversationID);
      try {
        await session.sendMessage(conversationId, bodyOf(sending), {
          id: ID,
          requestReceipt: needReadReceipt,
          countable: !messageControlInfo.excludedFromUnreadCount,
        });
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
    return this.call('revokeMessage', isMessage(message), async ({ session, live }) => {
      await session.client.recallMessage(message.ID);
      await live.refresh([message.ID]);
      return { message: live.find(message.ID) };
    });
  }
  /** A page of at most 15 messages before `nextReqMessageID`, or the newest; oldest first. */
  getMessageList(options: { readonly conversationID: string; readonly nextReqMessageID?: string }): Promise<Response<MessageList>> {
    return this.call(
      'getMessageList',
      namesConversation(options) && typeof (options.nextReqMessageID ?? '') === 'string',
      ({ session, live }) => messagesOf(session.client, live, options),
    );
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
    return this.call('getGroupMessageReadMemberList', isMembersOptions(options), ({ session }) => membersOf(session.client, options));
  }

  /** Sets the unread count to 0. In a direct chat, the peer gets a receipt for everything received so far. */
  setMessageRead(options: { readonly conversationID: string }): Promise<Response> {
    return this.call('setMessageRead', namesConversation(options), async ({ session }) => {
      await session.sendConversationReceipt(conversationIdOf(options.conversationID));
      return {};
    });
  }

  /** Sets all unread counts of the scope to 0, at most once in a second. The senders learn nothing. */
  setAllMessageRead({ scope = TYPES.READ_ALL_MSG }: { readonly scope?: string | number } = {}): Promise<Response> {
    return this.call('setAllMessageRead', Object.hasOwn(TOTALS, scope), async ({ session }) => {
      const now = performance.now();
      if (now - this.allReadAt < ALL_READ_EVERY_MS) throw new ChatError(TOO_FREQUENT, 'at most one call in a second');
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
    return this.call('getConversationList', true, async (user) => ({
      conversationList: conversationsThatFit(user.conversations, options),
      isSyncCompleted: user.isReady,
    }));
  }
}

/** What an app without types may pass for an object with these fields. */
type Given<Name extends string> = Readonly<Partial<Record<Name, unknown>>> | null | undefined;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isMessage = (value: Given<'ID'>): boolean => isText(value?.ID);
const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
const isUser = (value: Given<'userID' | 'userSig'>): boolean => isText(value?.userID) && typeof value.userSig === 'string';
const isTextMessage = (value: Given<'to' | 'conversationType' | 'payload'>): boolean =>
  isText(value?.to) && isText(value.conversationType) && isText((value.payload as Given<'text'>)?.text);
const namesConversation = (value: Given<'conversationID'>): boolean => isConversationID(value?.conversationID);
const isMembersOptions = (value: Given<'message' | 'cursor' | 'filter' | 'count'>): boolean =>
  isMessage(value?.message as Given<'ID'>) &&
  typeof value?.cursor === 'string' &&
  typeof value.count === 'number' &&
  (value.filter === 0 || value.filter === 1);

const ok = <T>(data: T): Response<T> => ({ code: 0, data });

/** The vendor rejects every call with 2024, and names the call in the message. */
const loggedOut = (name: string): Promise<never> => Promise.reject(new ChatError(NOT_LOGGED_IN, name && ` | ${name} | `));
