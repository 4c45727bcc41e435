/** One log-in of a facade: the receipt client of a user, its events, and the server's answers to its calls. */
import { createReceiptClient, type ReceiptClient, type ReceiptEvent } from '../index.ts';
import { AppToken } from './app-token.ts';
import { ClientEvents } from './client-events.ts';
import { ServerAnswers } from './server-answers.ts';
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
  /** Passes one event to the app's handlers. */
  readonly dispatch: (client: ReceiptClient, event: ReceiptEvent) => void;
}

export class VendorSession {
  readonly client: ReceiptClient;
  private readonly token: AppToken;
  private readonly answers: ServerAnswers;
  private readonly events: ClientEvents;

  constructor(access: ServerAccess, options: VendorSessionOptions) {
    const { userId, token, deliveryReceipts, tokenWillExpire, tokenExpired = tokenWillExpire, hears, dispatch } = options;
    this.token = new AppToken(token);
    const askForToken = (): string | Promise<string> => {
      if (this.answers.isConnected && this.token.end()) tokenWillExpire();
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
    this.answers = new ServerAnswers(this.client);
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
      (event) => dispatch(this.client, event),
    );
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

  /** Makes a call and waits for the server's answer while the device is connected, see {@link ServerAnswers.to}. */
  send<T>(names: readonly string[], call: () => Promise<T>, unsent?: (result: T) => readonly string[]): Promise<T> {
    this.events.start();
    return this.answers.to(names, call, unsent);
  }

  /** Ends the session. Stored entries stay on this device. Waiting calls reject with `error`. */
  async close(error: Error): Promise<void> {
    this.answers.stop(error);
    this.events.stop();
    await this.client.close();
  }
}
