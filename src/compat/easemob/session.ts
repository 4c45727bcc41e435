/** One log-in, with the vendor's events about its connection and its receipts. */
import type { ConnectionStatus } from '../../index.ts';
import type { ServerAccess } from '../server-access.ts';
import { isConnected } from '../connected.ts';
import { createVendorSession, type VendorSession } from '../vendor-session.ts';
import { errorOfCode } from './errors.ts';
import { type Handlers, receiptId } from './event-handlers.ts';

export interface Session extends VendorSession {
  readonly user: string;
  readonly isConnected: () => boolean;
  /** `onReceivedMessage` tells this receipt when the server has taken the receipt. */
  readonly expect: (name: string, receipt: Receipt) => void;
}

interface Receipt {
  readonly id: string;
  readonly to: string;
}

export const createSession = (
  user: string,
  token: string,
  deliveryReceipts: boolean,
  access: ServerAccess,
  handlers: Handlers,
): Session => {
  let status: ConnectionStatus | null = null;
  let wasConnected = false;
  /** Receipts on their way to the server, by message id or conversation id. */
  const receipts = new Map<string, Receipt>();

  const confirm = (name: string, mid: string): void => {
    const receipt = receipts.get(name);
    receipts.delete(name);
    if (receipt) handlers.call('onReceivedMessage', { ...receipt, mid });
  };

  const tellConnection = (now: ConnectionStatus): void => {
    const before = status;
    status = now;
    const { state, error } = now;
    if (state === 'catching-up' && before?.state !== 'catching-up') handlers.call('onOfflineMessageSyncStart');
    if (state === 'live' && before?.state !== 'live') {
      handlers.call('onOfflineMessageSyncFinish');
      if (!wasConnected) handlers.call('onConnected');
      wasConnected = true;
    }
    if (state === 'offline' && wasConnected) {
      wasConnected = false;
      handlers.call('onDisconnected');
    }
    if (state === 'connecting' && before?.state === 'offline' && before.retryAt !== null) handlers.call('onReconnecting');
    if (error && error.code !== before?.error?.code) report(error);
  };

  const report = ({ code, message }: NonNullable<ConnectionStatus['error']>): void => {
    if (code.startsWith('auth/') && code !== 'auth/expired' && code !== 'auth/unavailable')
      handlers.call('onError', errorOfCode(code, message));
  };

  const session = createVendorSession(access, {
    userId: user,
    token,
    deliveryReceipts,
    tokenWillExpire: () => handlers.call('onTokenWillExpire'),
    tokenExpired: () => handlers.call('onTokenExpired'),
    dispatch: (event) => handlers.tell(user, event),
  });
  session.follow(session.client.watchConnection(), tellConnection);
  session.follow(session.client.watchEvents(), (event) => {
    if (event.type !== 'receiptsConfirmed') return;
    for (const messageId of event.messageIds) confirm(messageId, receiptId('read', user, messageId));
    if (event.upTo !== null) confirm(event.conversationId, receiptId('channel', user, String(event.upTo)));
  });

  return {
    ...session,
    user,
    isConnected: () => status !== null && isConnected(status),
    expect: (name, receipt) => receipts.set(name, receipt),
    close: (error) => {
      if (wasConnected) handlers.call('onDisconnected');
      return session.close(error);
    },
  };
};
