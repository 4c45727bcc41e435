/** One log-in: its session, and the vendor's events about its connection and its conversations. */
import type { Conversation } from '../../index.ts';
import { isConnected } from '../connected.ts';
import { watchAllConversations } from '../conversation-pages.ts';
import type { ServerAccess } from '../server-access.ts';
import { createVendorSession, type VendorSession } from '../vendor-session.ts';
import { tellEvent } from './events.ts';
import { zimConversationOf } from './messages.ts';
import { type Tell, ZIMConnectionEvent, ZIMConnectionState, ZIMConversationEvent } from './types.ts';

/** The vendor's guide: the SDK announces the end of a token 30 s before. */
const EXPIRES_IN_SECONDS = 30;

export interface LogIn extends VendorSession {
  /** Whether the client has stopped for good: the server does not accept its user. */
  readonly hasStopped: () => boolean;
}

export const startLogIn = (access: ServerAccess, tell: Tell, userId: string, token: string): LogIn => {
  const session: VendorSession = createVendorSession(access, {
    userId,
    token,
    tokenWillExpire: () => tell('tokenWillExpire', { second: EXPIRES_IN_SECONDS }),
    dispatch: (event) => tellEvent(tell, client, event),
  });
  const { client, follow, inOrder } = session;

  const { Connected, Connecting, Disconnected, Reconnecting } = ZIMConnectionState;
  let state: number | null = null;
  follow(client.watchConnection(), (status) => {
    const before = state;
    const wasConnected = before === Connected || before === Reconnecting;
    state = isConnected(status) ? Connected : status.state === 'stopped' ? Disconnected : wasConnected ? Reconnecting : Connecting;
    if (state === before) return;
    const event =
      state === Connected
        ? ZIMConnectionEvent.Success
        : status.error?.code.startsWith('auth/')
          ? ZIMConnectionEvent.TokenExpired
          : before === Connected
            ? ZIMConnectionEvent.LoginInterrupted
            : ZIMConnectionEvent.ActiveLogin;
    tell('connectionStateChanged', { state, event, extendedData: '' });
  });

  let known: readonly Conversation[] = [];
  /** Tells new and changed conversations. */
  const tellConversations = async (conversations: readonly Conversation[]): Promise<void> => {
    const before = known;
    known = conversations;
    const changed = conversations.filter((conversation) => !before.includes(conversation));
    if (changed.length === 0) return;
    const infoList = await Promise.all(
      changed.map(async (conversation) => ({
        event: before.some(({ id }) => id === conversation.id) ? ZIMConversationEvent.Updated : ZIMConversationEvent.Added,
        conversation: await zimConversationOf(client, conversation),
      })),
    );
    tell('conversationChanged', { infoList });
  };
  follow(watchAllConversations(client), (conversations) => inOrder(() => tellConversations(conversations)));
  follow(client.watchTotalUnreadCount(), (totalUnreadMessageCount) =>
    tell('conversationTotalUnreadMessageCountUpdated', { totalUnreadMessageCount }),
  );
  session.start();
  return { ...session, hasStopped: () => state === Disconnected };
};
