/** One log-in: its session, its messages and counts, and the vendor's events from Tidemark's. */
import { combineLatest, filter, take } from 'rxjs';
import type { ConnectionStatus, ReceiptEvent } from '../../index.ts';
import { isConnected } from '../connected.ts';
import { targetOf } from '../conversation-ids.ts';
import { watchAllConversations } from '../conversation-pages.ts';
import type { ServerAccess } from '../server-access.ts';
import { createVendorSession, type VendorSession } from '../vendor-session.ts';
import { EVENT, TYPES } from './constants.ts';
import { chatErrorOf } from './errors.ts';
import { conversationOf, createLiveMessages, type LiveMessages } from './live-messages.ts';
import type { Conversation, EventData, Tell } from './types.ts';

export interface LogIn {
  readonly session: VendorSession;
  readonly live: LiveMessages;
  conversations: readonly Conversation[];
  total: number;
  /** After the first complete synchronization. */
  isReady: boolean;
  /** The server does not accept the token. */
  isRefused: boolean;
}

type Counted = Pick<Extract<ReceiptEvent, { type: 'groupRead' }>, 'conversationId' | 'messageId' | 'readCount' | 'unreadCount'>;
/** The events with a list. */
type ListName = { [N in keyof EventData]: EventData[N] extends readonly unknown[] ? N : never }[keyof EventData];

export const startLogIn = (access: ServerAccess, tell: Tell, userId: string, token: string): LogIn => {
  // The token is over: the app logs in again with a new one.
  const kickOut = (): void => tell(EVENT.KICKED_OUT, { type: TYPES.KICKED_OUT_USERSIG_EXPIRED });

  const session = createVendorSession(access, {
    userId,
    token,
    tokenWillExpire: kickOut,
    // The connection's status tells every refused token.
    tokenExpired: () => undefined,
    dispatch: (event) => tellEvent(event),
  });
  const { client, follow } = session;
  const live = createLiveMessages(client);
  const logIn: LogIn = { session, live, conversations: [], total: 0, isReady: false, isRefused: false };

  const tellList = <N extends ListName>(name: N, data: EventData[N]): void => {
    if (data.length > 0) tell(name, data);
  };
  const tellCounts = async (all: readonly Counted[]): Promise<void> => {
    await live.refresh(all.map(({ messageId }) => messageId));
    tellList(
      EVENT.MESSAGE_READ_RECEIPT_RECEIVED,
      all.map(({ conversationId, messageId: messageID, readCount, unreadCount }) => ({
        groupID: targetOf(conversationId),
        messageID,
        readCount,
        unreadCount,
      })),
    );
  };
  const tellEvent = async (event: ReceiptEvent): Promise<void> => {
    switch (event.type) {
      case 'message':
        return tellList(EVENT.MESSAGE_RECEIVED, await live.show([event.message]));
      case 'sent':
        await live.refresh([event.messageId]);
        return;
      case 'recalled':
        return tellList(EVENT.MESSAGE_REVOKED, await live.refresh([event.messageId]));
      case 'read': {
        if (event.self) return;
        const messages = await live.refresh(event.messageIds);
        if (event.how === 'conversation') return tellList(EVENT.MESSAGE_READ_BY_PEER, messages);
        return tellList(
          EVENT.MESSAGE_READ_RECEIPT_RECEIVED,
          messages.map(({ ID }) => ({ userID: event.by, messageID: ID, isPeerRead: true })),
        );
      }
      case 'groupRead':
        return tellCounts([event]);
      case 'receiptStatistics':
        return tellCounts(event.receipts);
      case 'rejected':
        // The promise of the call is gone, for example after a reload.
        return tell(EVENT.ERROR, chatErrorOf(event.deadLetter.code, event.deadLetter.code));
      default:
        return;
    }
  };

  const [connection$, total$] = [client.watchConnection(), client.watchTotalUnreadCount()];
  const conversations$ = watchAllConversations(client);
  let netState: string | null = null;
  follow(connection$, (status) => {
    const before = netState;
    netState = netStateOf(status);
    if (netState !== before) tell(EVENT.NET_STATE_CHANGE, { state: netState });
    const wasRefused = logIn.isRefused;
    logIn.isRefused = /^auth\/(?!unavailable)/.test(status.error?.code ?? '');
    if (logIn.isRefused && !wasRefused) kickOut();
  });
  follow(conversations$, (list) => {
    logIn.conversations = list.map((conversation) => conversationOf(userId, conversation));
    tell(EVENT.CONVERSATION_LIST_UPDATED, [...logIn.conversations]);
  });
  follow(total$, (total) => {
    logIn.total = total;
    tell(EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, total);
  });
  // After the subscriptions above, so the counts are known when the app hears SDK_READY.
  const isReady$ = combineLatest([connection$, conversations$, total$]).pipe(
    filter(([{ state, asOf }]) => state === 'live' || asOf !== null),
    take(1),
  );
  follow(isReady$, () => {
    logIn.isReady = true;
    tell(EVENT.SDK_READY, undefined);
  });
  session.start();
  return logIn;
};

const netStateOf = (status: ConnectionStatus): string => {
  if (isConnected(status)) return TYPES.NET_STATE_CONNECTED;
  return status.state === 'connecting' ? TYPES.NET_STATE_CONNECTING : TYPES.NET_STATE_DISCONNECTED;
};
