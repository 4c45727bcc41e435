/** The vendor's events from Tidemark's: one listener for each type, as with the vendor. */
import type { ConnectionStatus, Conversation, ReceiptClient, ReceiptEvent } from '../../index.ts';
import { callHandler } from '../call-handler.ts';
import { isConnected } from '../connected.ts';
import { isGroup, targetOf } from '../conversation-ids.ts';
import { zimErrorOf } from './errors.ts';
import { typeOf, zimConversationOf, zimMessageOf } from './messages.ts';
import {
  ZIMConnectionEvent,
  ZIMConnectionState,
  ZIMConversationEvent,
  type ZIMEvents,
  type ZIMMessageReceiptInfo,
  ZIMMessageReceiptStatus,
  ZIMMessageSentStatus,
} from './types.ts';

type Listener<K extends keyof ZIMEvents, Z> = (zim: Z, data: ZIMEvents[K]) => void;

/** `Z` is the vendor's object, which every listener gets first. */
export class Listeners<Z> {
  private readonly byType = new Map<keyof ZIMEvents, Listener<never, Z>>();
  private conversations: readonly Conversation[] | null = null;
  private status: ConnectionStatus | null = null;

  constructor(private readonly zim: () => Z) {}

  on<K extends keyof ZIMEvents>(type: K, listener: Listener<K, Z>): void {
    this.byType.set(type, listener);
  }

  off(type: keyof ZIMEvents): void {
    this.byType.delete(type);
  }

  call<K extends keyof ZIMEvents>(type: K, data: ZIMEvents[K]): void {
    callHandler(() => (this.byType.get(type) as Listener<K, Z> | undefined)?.(this.zim(), data));
  }

  async tell(client: ReceiptClient, event: ReceiptEvent): Promise<void> {
    switch (event.type) {
      case 'message': {
        const { conversationId } = event.message;
        const conversationID = targetOf(conversationId);
        const messageList = [await zimMessageOf(client, event.message)];
        const received = { messageList, conversationID, fromConversationID: conversationID, info: { isOfflineMessage: false } };
        return this.call(isGroup(conversationId) ? 'groupMessageReceived' : 'peerMessageReceived', received);
      }
      case 'sent': {
        const message = await client.findMessage(event.messageId);
        if (!message) return;
        const info = { status: ZIMMessageSentStatus.Success, message: await zimMessageOf(client, message), reason: '' };
        return this.call('messageSentStatusChanged', { infos: [info] });
      }
      case 'read': {
        if (event.how === 'conversation') return;
        const { conversationId, messageIds, self } = event;
        return this.receipts(messageIds.map((messageID) => ({ ...done(conversationId, messageID), isSelfOperated: self })));
      }
      case 'conversationRead':
        return this.call('conversationMessageReceiptChanged', {
          infos: [{ ...done(event.conversationId, ''), isSelfOperated: event.self }],
        });
      case 'groupRead':
        return this.receipts([counted(event)]);
      case 'receiptStatistics':
        return this.receipts(event.receipts.map(counted));
      case 'expired':
        return this.receipts(
          event.messageIds.map((id) => ({
            ...done(event.conversationId, id),
            readMemberCount: 0,
            status: ZIMMessageReceiptStatus.Expired,
          })),
        );
      case 'recalled': {
        const message = await client.findMessage(event.messageId);
        if (message) this.call('messageRevokeReceived', { messageList: [await zimMessageOf(client, message)] });
        return;
      }
      case 'rejected':
        // The promise of the call is gone, for example after a reload.
        return this.call('error', zimErrorOf(event.deadLetter.code, event.deadLetter.code));
      default:
        return;
    }
  }

  private receipts(infos: ZIMMessageReceiptInfo[]): void {
    if (infos.length > 0) this.call('messageReceiptChanged', { infos });
  }

  /** Tells new and changed conversations. */
  async tellConversations(client: ReceiptClient, conversations: readonly Conversation[]): Promise<void> {
    const before = new Map((this.conversations ?? []).map((conversation) => [conversation.id, conversation]));
    this.conversations = conversations;
    const changed = conversations.filter((conversation) => before.get(conversation.id) !== conversation);
    if (changed.length === 0) return;
    const infoList = await Promise.all(
      changed.map(async (conversation) => ({
        event: before.has(conversation.id) ? ZIMConversationEvent.Updated : ZIMConversationEvent.Added,
        conversation: await zimConversationOf(client, conversation),
      })),
    );
    this.call('conversationChanged', { infoList });
  }

  tellConnection(status: ConnectionStatus): void {
    const { Connected, Connecting, Disconnected, Reconnecting } = ZIMConnectionState;
    const stateOf = (one: ConnectionStatus): number => {
      if (isConnected(one)) return Connected;
      if (one.state === 'stopped') return Disconnected;
      return this.wasConnected ? Reconnecting : Connecting;
    };
    const [before, now] = [this.status && stateOf(this.status), stateOf(status)];
    this.status = status;
    if (before === now) return;
    this.wasConnected ||= now === Connected;
    const event =
      now === Connected
        ? ZIMConnectionEvent.Success
        : status.error?.code.startsWith('auth/')
          ? ZIMConnectionEvent.TokenExpired
          : before === Connected
            ? ZIMConnectionEvent.LoginInterrupted
            : ZIMConnectionEvent.ActiveLogin;
    this.call('connectionStateChanged', { state: now, event, extendedData: '' });
  }

  private wasConnected = false;

  get hasStopped(): boolean {
    return this.status?.state === 'stopped';
  }

  /** The user is logged out: the next log-in begins anew. */
  loggedOut(): void {
    this.conversations = this.status = null;
    this.wasConnected = false;
    const { Disconnected } = ZIMConnectionState;
    this.call('connectionStateChanged', { state: Disconnected, event: ZIMConnectionEvent.Success, extendedData: '' });
  }
}

const done = (conversationId: Conversation['id'], messageID: string): ZIMMessageReceiptInfo => ({
  status: ZIMMessageReceiptStatus.Done,
  messageID,
  conversationID: targetOf(conversationId),
  conversationType: typeOf(conversationId),
  readMemberCount: 1,
  unreadMemberCount: 0,
  isSelfOperated: false,
  readTime: Date.now(),
});

interface Counted {
  readonly conversationId: Conversation['id'];
  readonly messageId: string;
  readonly readCount: number;
  readonly unreadCount: number;
}

/** A group message is done when every member has read it. */
const counted = ({ conversationId, messageId, readCount, unreadCount }: Counted): ZIMMessageReceiptInfo => ({
  ...done(conversationId, messageId),
  status: unreadCount === 0 ? ZIMMessageReceiptStatus.Done : ZIMMessageReceiptStatus.Processing,
  readMemberCount: readCount,
  unreadMemberCount: unreadCount,
});
