/** `connection`: the vendor's object for one user, over one receipt client at a time. */
import type { ConversationId, ReadMembersPage } from '../../index.ts';
import { conversationPage } from '../conversation-pages.ts';
import { requireAccess, type ServerAccess } from '../server-access.ts';
import { bodyOf, conversationIdOf, conversationItemOf, messageOf } from './conversation-names.ts';
import { EasemobError, withEasemobErrors } from './errors.ts';
import { Handlers } from './event-handlers.ts';
import { LocalCache } from './local-cache.ts';
import { createSession, type Session } from './session.ts';
import type {
  AsyncResult,
  ChannelMessage,
  ChatType,
  ConnectionParameters,
  ContentMessage,
  ConversationItem,
  EasemobMessage,
  EventHandlers,
  ReadMessage,
  SendResult,
} from './types.ts';

/** The vendor answers with the first 500 readers, and gives no way to the others. */
const MAX_READERS = 500;
const MEMBERS_A_PAGE = 100;

/**
 * The connection, with the vendor's calls for receipts and counts. EASEMOB.md says call by call what differs; the
 * vendor documents the fields of arguments and answers.
 */
export class Connection {
  private session: Session | null = null;
  private readonly handlers = new Handlers();
  /** The conversations of this device. */
  readonly localCache = new LocalCache(() => this.opened());

  /** @param access where the receipt server is: the only argument beyond the vendor's. */
  constructor(
    private readonly options: ConnectionParameters,
    private readonly access: ServerAccess,
  ) {
    requireAccess(access);
  }

  /** Logs in. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  open(options: { readonly user: string; readonly accessToken?: string }): Promise<{ readonly accessToken: string }> {
    return withEasemobErrors(() => {
      const { user, accessToken = '' } = options;
      if (this.session) throw new EasemobError(208, 'The user has logged in.');
      this.session = createSession(user, accessToken, this.options.delivery ?? false, this.access, this.handlers);
      this.session.start();
      return { accessToken };
    });
  }

  /** True while the device is connected to the server. */
  isOpened(): boolean {
    return this.session?.isConnected() ?? false;
  }

  /** Ends the connection. Stored entries stay, and are sent at the next `open`. */
  close(): void {
    const { session } = this;
    this.session = null;
    void session?.close(new EasemobError(510, 'the connection was closed'));
  }

  /** Takes a new token, after `onTokenWillExpire` or `onTokenExpired`. */
  async renewToken(token: string): Promise<{ readonly status: true; readonly token: string }> {
    this.opened().renewToken(token);
    return { status: true, token };
  }

  /** Adds handlers under this id. Handlers with the same id are replaced. */
  addEventHandler(id: string, handlers: EventHandlers): void {
    this.handlers.add(id, handlers);
  }

  /** Removes the handlers with this id. */
  removeEventHandler(id: string): void {
    this.handlers.remove(id);
  }

  private opened(): Session {
    if (!this.session) throw new EasemobError(39, 'not logged in');
    return this.session;
  }

  /**
   * Sends a message or a receipt. Offline, the promise resolves as soon as the message or receipt is stored on this device. While the
   * device is connected, the promise waits for the server and rejects with the server's refusal.
   */
  send(message: EasemobMessage): Promise<SendResult> {
    return withEasemobErrors(async () => {
      const session = this.opened();
      switch (message.type) {
        case 'delivery':
          // Tidemark sends delivery receipts by itself.
          break;
        case 'read':
          await this.sendRead(session, message);
          break;
        case 'channel':
          await this.sendChannel(session, message);
          break;
        default:
          return this.sendContent(session, message);
      }
      return { localMsgId: message.id, serverMsgId: '' };
    });
  }

  private async sendContent(session: Session, message: ContentMessage): Promise<SendResult> {
    const { id, chatType, to, msgConfig } = message;
    const requestReceipt = chatType === 'singleChat' || msgConfig?.allowGroupAck === true;
    const countable = message.type !== 'cmd';
    await session.sendMessage(conversationIdOf(chatType, to), bodyOf(message), { id, requestReceipt, countable });
    return { localMsgId: id, serverMsgId: id, message: { ...message, from: session.user } };
  }

  private async sendRead(session: Session, { id, ackId, to, chatType, ackContent }: ReadMessage): Promise<void> {
    if (!ackId) throw new EasemobError(205, 'the receipt names no message: id');
    const conversationId = conversationIdOf(chatType, to);
    session.expect(ackId, { id, to });
    await session.sendReceipts(
      conversationId,
      [ackId],
      chatType === 'groupChat' && ackContent !== undefined ? { content: ackContent } : {},
    );
  }

  private async sendChannel(session: Session, { id, to, chatType }: ChannelMessage): Promise<void> {
    const conversationId = conversationIdOf(chatType, to);
    session.expect(conversationId, { id, to });
    await session.sendConversationReceipt(conversationId);
  }

  /** The readers of an own group message, at most 500, in the order of reading. */
  getGroupMsgReadUser({ msgId }: { readonly msgId: string; readonly groupId: string }): Promise<
    AsyncResult<{
      readonly ackmid: string;
      readonly is_last: boolean;
      readonly next_key: string;
      readonly timestamp: number;
      readonly total: number;
      readonly userlist: string[];
    }>
  > {
    return withEasemobErrors(async () => {
      const { client } = this.opened();
      const userlist: string[] = [];
      let page: ReadMembersPage | null = null;
      do {
        page = await client.fetchReadMembers(msgId, { filter: 'read', cursor: page?.cursor ?? null, limit: MEMBERS_A_PAGE });
        userlist.push(...page.members.map(({ userId }) => userId));
      } while (!page.complete && userlist.length < MAX_READERS);
      return {
        type: 0,
        data: { ackmid: msgId, is_last: page.complete, next_key: '', timestamp: Date.now(), total: userlist.length, userlist },
      };
    });
  }

  /** A page of the conversations, newest first, with the counts of this device, also offline. */
  getServerConversations({
    pageSize = 20,
    cursor = '',
  }: {
    readonly pageSize?: number;
    readonly cursor?: string;
    readonly includeEmptyConversations?: boolean;
  } = {}): Promise<AsyncResult<{ readonly cursor: string; readonly conversations: ConversationItem[] }>> {
    return withEasemobErrors(async () => {
      const { client, user } = this.opened();
      const { page, isLast } = await conversationPage(client, cursor === '' ? null : (cursor as ConversationId), pageSize);
      const conversations = page.map((conversation) => conversationItemOf(user, conversation));
      return { type: 0, data: { cursor: isLast ? '' : page.at(-1)!.id, conversations } };
    });
  }

  /** Messages of a conversation, the newest first, from the message `cursor` back. */
  getHistoryMessages({
    targetId,
    chatType,
    cursor,
    pageSize = 20,
  }: {
    readonly targetId: string;
    readonly chatType: ChatType;
    readonly cursor?: string | number | null;
    readonly pageSize?: number;
  }): Promise<{ readonly cursor: string; readonly messages: ContentMessage[]; readonly isLast: boolean }> {
    return withEasemobErrors(async () => {
      const { client, user } = this.opened();
      const before = typeof cursor === 'string' && cursor !== '' ? cursor : Number.MAX_SAFE_INTEGER;
      const { messages, complete } = await client.loadMessages(conversationIdOf(chatType, targetId), { before, limit: pageSize });
      const newestFirst = [...messages].reverse().map((message) => messageOf(user, message));
      return { cursor: newestFirst.at(-1)?.id ?? '', messages: newestFirst, isLast: complete };
    });
  }

  /** Takes an own message back, on all devices. */
  recallMessage({ mid }: { readonly mid: string; readonly to: string }): Promise<Omit<SendResult, 'message'>> {
    return withEasemobErrors(async () => {
      await this.opened().client.recallMessage(mid);
      return { localMsgId: mid, serverMsgId: mid };
    });
  }
}
