/** One log-in, with the vendor's events about its connection and its receipts. */
import type { ConnectionStatus, ReceiptEvent } from '../../index.ts';
import type { ServerAccess } from '../server-access.ts';
import { isConnected } from '../connected.ts';
import { VendorSession } from '../vendor-session.ts';
import { errorOfCode } from './errors.ts';
import { type Handlers, receiptId } from './event-handlers.ts';

export class Session extends VendorSession {
  private status: ConnectionStatus | null = null;
  private wasConnected = false;
  /** Receipts on their way to the server: id and receiver of each, by message id or conversation id. */
  private readonly receipts = new Map<string, { readonly id: string; readonly to: string }>();

  constructor(
    readonly user: string,
    token: string,
    deliveryReceipts: boolean,
    access: ServerAccess,
    private readonly handlers: Handlers,
  ) {
    super(access, {
      userId: user,
      token,
      deliveryReceipts,
      tokenWillExpire: () => handlers.call('onTokenWillExpire'),
      tokenExpired: () => handlers.call('onTokenExpired'),
      hears: (event) => this.settle(event),
      dispatch: (event) => handlers.tell(user, event),
    });
    this.follow(this.client.watchConnection(), (status) => this.tellConnection(status));
  }

  get isConnected(): boolean {
    return this.status !== null && isConnected(this.status);
  }

  /** `onReceivedMessage` tells this receipt when the server has taken the receipt. */
  expect(name: string, receipt: { readonly id: string; readonly to: string }): void {
    this.receipts.set(name, receipt);
  }

  private settle(event: ReceiptEvent): void {
    if (event.type !== 'receiptsConfirmed') return;
    for (const messageId of event.messageIds) this.confirm(messageId, receiptId('read', this.user, messageId));
    if (event.upTo !== null) this.confirm(event.conversationId, receiptId('channel', this.user, String(event.upTo)));
  }

  private confirm(name: string, mid: string): void {
    const receipt = this.receipts.get(name);
    this.receipts.delete(name);
    if (receipt) this.handlers.call('onReceivedMessage', { ...receipt, mid });
  }

  private tellConnection(status: ConnectionStatus): void {
    const before = this.status;
    this.status = status;
    const { state, error } = status;
    if (state === 'catching-up' && before?.state !== 'catching-up') this.handlers.call('onOfflineMessageSyncStart');
    if (state === 'live' && before?.state !== 'live') {
      this.handlers.call('onOfflineMessageSyncFinish');
      if (!this.wasConnected) this.handlers.call('onConnected');
      this.wasConnected = true;
    }
    if (state === 'offline' && this.wasConnected) {
      this.wasConnected = false;
      this.handlers.call('onDisconnected');
    }
    if (state === 'connecting' && before?.state === 'offline' && before.retryAt !== null) this.handlers.call('onReconnecting');
    if (error && error.code !== before?.error?.code) this.report(error);
  }

  override close(error: Error): Promise<void> {
    if (this.wasConnected) this.handlers.call('onDisconnected');
    return super.close(error);
  }

  private report(error: NonNullable<ConnectionStatus['error']>): void {
    if (error.code.startsWith('auth/') && error.code !== 'auth/expired' && error.code !== 'auth/unavailable')
      this.handlers.call('onError', errorOfCode(error.code, error.message));
  }
}
