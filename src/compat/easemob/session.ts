/** One log-in: the receipt client of a user, with the vendor's events about its connection. */
import type { Subscription } from 'rxjs';
import { type ConnectionStatus, createReceiptClient, type ReceiptClient, type ReceiptEvent } from '../../index.ts';
import { AppToken } from '../app-token.ts';
import { EventSource } from '../event-source.ts';
import { ServerAnswers } from '../server-answers.ts';
import type { ServerAccess } from '../server-access.ts';
import { errorOfCode } from './errors.ts';
import { type Handlers, receiptId } from './event-handlers.ts';

export class Session {
  readonly client: ReceiptClient;
  readonly answers: ServerAnswers;
  private readonly events: EventSource;
  private readonly token: AppToken;
  private readonly subscription: Subscription;
  private status: ConnectionStatus | null = null;
  private wasConnected = false;
  /** Receipts on their way to the server: the id of each and its receiver, by message id or conversation id. */
  private readonly receipts = new Map<string, { readonly id: string; readonly to: string }>();

  constructor(
    readonly user: string,
    accessToken: string,
    delivery: boolean,
    access: ServerAccess,
    private readonly handlers: Handlers,
  ) {
    this.token = new AppToken(accessToken);
    const { url, getToken, worker } = access;
    this.client = createReceiptClient({
      url,
      userId: user,
      getToken: () => (getToken ? getToken(user) : this.askForToken()),
      deliveryReceipts: delivery,
      ...(worker ? { worker } : {}),
    });
    this.answers = new ServerAnswers(this.client);
    this.events = new EventSource(
      this.client,
      (event) => this.settle(event),
      (event) => handlers.dispatch(user, event),
    );
    this.subscription = this.client.watchConnection().subscribe((status) => this.follow(status));
  }

  get isConnected(): boolean {
    return this.status?.state === 'live' || this.status?.state === 'catching-up';
  }

  /** A client that is connected asks for a token shortly before its token expires. */
  private askForToken(): string | Promise<string> {
    if (this.isConnected && this.token.end()) this.handlers.call('onTokenWillExpire');
    return this.token.get();
  }

  renewToken(token: string): void {
    this.token.renew(token);
  }

  /** The app has added handlers. */
  handle(): void {
    this.events.handle();
  }

  /** Makes a call and waits for the server's answer while the device is connected. */
  async send<T>(names: readonly string[], call: () => Promise<T>, unsent?: (result: T) => readonly string[]): Promise<T> {
    this.events.start();
    return this.answers.to(names, call, unsent);
  }

  /** `onReceivedMessage` tells about this receipt once the server has it. */
  expect(name: string, receipt: { readonly id: string; readonly to: string }): void {
    this.receipts.set(name, receipt);
  }

  /** @returns true for a refusal that the promise of the call tells. */
  private settle(event: ReceiptEvent): boolean {
    const isAwaited = this.answers.hears(event);
    if (event.type === 'receiptsConfirmed') {
      for (const messageId of event.messageIds) this.confirm(messageId, receiptId('read', this.user, messageId));
      if (event.upTo !== null) this.confirm(event.conversationId, receiptId('channel', this.user, String(event.upTo)));
    }
    if (event.type !== 'rejected') return false;
    // The vendor keeps no list of refused calls: the promise, or `onError`, is all that the app gets.
    void this.client.dismissDeadLetter(event.deadLetter.id).catch(() => undefined);
    return isAwaited;
  }

  private confirm(name: string, mid: string): void {
    const receipt = this.receipts.get(name);
    this.receipts.delete(name);
    if (receipt) this.handlers.call('onReceivedMessage', { ...receipt, mid });
  }

  private follow(status: ConnectionStatus): void {
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

  private report(error: NonNullable<ConnectionStatus['error']>): void {
    if (error.code === 'auth/expired' && this.token.end()) this.handlers.call('onTokenExpired');
    if (error.code.startsWith('auth/') && error.code !== 'auth/expired' && error.code !== 'auth/unavailable')
      this.handlers.call('onError', errorOfCode(error.code, error.message));
  }

  async close(): Promise<void> {
    this.subscription.unsubscribe();
    this.events.stop();
    await this.client.close();
  }
}
