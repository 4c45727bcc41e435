/** One log-in of a facade: the receipt client of a user, its events, and the server's answers to its calls. */
import { type Observable, Subscription } from 'rxjs';
import {
  type ConversationId,
  createReceiptClient,
  type Json,
  type Message,
  type ReceiptClient,
  type ReceiptEvent,
  type SendMessageOptions,
  type SentReadReceipts,
} from '../index.ts';
import { AppToken } from './app-token.ts';
import { ClientEvents } from './client-events.ts';
import { isGroup } from './conversation-ids.ts';
import { createServerAnswers, type ServerAnswers } from './server-answers.ts';
import type { ServerAccess } from './server-access.ts';

export interface VendorSessionOptions {
  readonly userId: string;
  /** The token of the vendor's log-in call. */
  readonly token: string;
  readonly deliveryReceipts: boolean;
  /** A connected client asks for a token, shortly before its token expires. */
  readonly tokenWillExpire: () => void;
  /** The server refuses the token, also at the first connection. Default: `tokenWillExpire`. */
  readonly tokenExpired?: () => void;
  /** Gets every event, with or without handlers of the app. */
  readonly hears?: (event: ReceiptEvent) => void;
  /** Passes one event to the app's handlers. Events are told in their order, though some wait for the store. */
  readonly dispatch: (event: ReceiptEvent) => void | Promise<void>;
}

export class VendorSession {
  readonly client: ReceiptClient;
  private readonly token: AppToken;
  private readonly answers: ServerAnswers;
  private readonly events: ClientEvents;
  private readonly following = new Subscription();
  private last: Promise<void> = Promise.resolve();

  constructor(access: ServerAccess, options: VendorSessionOptions) {
    const { userId, token, deliveryReceipts, tokenWillExpire, tokenExpired = tokenWillExpire, hears, dispatch } = options;
    this.token = new AppToken(token);
    const askForToken = (): string | Promise<string> => {
      if (this.answers.isConnected() && this.token.end()) tokenWillExpire();
      return this.token.get();
    };
    this.client = createReceiptClient({
      url: access.url,
      userId,
      getToken: () => (access.getToken ? access.getToken(userId) : askForToken()),
      deliveryReceipts,
      ...(access.worker ? { worker: access.worker } : {}),
    });
    if (!access.getToken)
      this.client.watchConnection().subscribe((status) => {
        if (this.token.isRefused(status) && this.token.end()) tokenExpired();
      });
    this.answers = createServerAnswers(this.client);
    this.events = new ClientEvents(
      this.client,
      (event) => {
        const isAwaited = this.answers.hears(event);
        hears?.(event);
        if (event.type !== 'rejected') return false;
        // The vendors keep no list of refused calls: the app gets the promise or an event, and no more.
        void this.client.dismissDeadLetter(event.deadLetter.id).catch(() => undefined);
        return isAwaited;
      },
      (event) => this.inOrder(() => dispatch(event)),
    );
  }

  /** Runs a task for the app's handlers after the earlier tasks. */
  inOrder(task: () => void | Promise<void>): void {
    // A closed client has no more messages to read.
    this.last = this.last.then(task).catch(() => undefined);
  }

  /** Follows a stream of the client until the session is closed. */
  follow<T>(stream$: Observable<T>, shown: (value: T) => void): void {
    this.following.add(stream$.subscribe(shown));
  }

  /** The app has a new token. A client that waits after a refusal connects at once. */
  renewToken(token: string): void {
    this.token.renew(token);
    void this.client.flush().catch(() => undefined);
  }

  /** The app has added a handler. */
  handle(): void {
    this.events.handle();
  }

  /** Sends a message, and waits for the server's answer while the device is connected, see {@link ServerAnswers.to}. */
  sendMessage(to: ConversationId, body: Json, options: SendMessageOptions & { readonly id: string }): Promise<Message> {
    return this.send([options.id], () => this.client.sendMessage(to, body, options));
  }

  /** Sends message receipts, and waits like {@link VendorSession.sendMessage}. */
  sendReceipts(to: ConversationId, ids: readonly string[], options?: { readonly content?: string }): Promise<SentReadReceipts> {
    const skippedIds = ({ skipped }: SentReadReceipts): string[] => skipped.map(({ id }) => id);
    return this.send(ids, () => this.client.sendReadReceipts(to, ids, options), skippedIds);
  }

  /** Sends a conversation receipt, and waits like {@link VendorSession.sendMessage}. In a group it is a clear, which has no answer. */
  sendConversationReceipt(to: ConversationId, options?: { readonly keepUnread?: boolean }): Promise<void> {
    return this.send(isGroup(to) ? [] : [to], () => this.client.sendConversationReadReceipt(to, options));
  }

  private send<T>(names: readonly string[], call: () => Promise<T>, unsent?: (result: T) => readonly string[]): Promise<T> {
    this.events.start();
    return this.answers.to(names, call, unsent);
  }

  /** Ends the session. Stored entries stay on this device. Waiting calls reject with `error`. */
  async close(error: Error): Promise<void> {
    this.following.unsubscribe();
    this.answers.stop(error);
    this.events.stop();
    await this.client.close();
  }
}
