/** `EMClient`: the vendor's singleton, over one receipt client at a time. */
import type { Subscription } from 'rxjs';
import { createReceiptClient } from '../../index.ts';
import { AppToken } from '../app-token.ts';
import { EventSource } from '../event-source.ts';
import type { ServerAccess } from '../server-access.ts';
import { ServerAnswers } from '../server-answers.ts';
import { EMChatManager } from './chat-manager.ts';
import { EMError, withEmErrors } from './errors.ts';
import { ChatEvents } from './event-handler.ts';
import type { Session } from './session.ts';

interface OptionValues {
  readonly appKey: string;
  /** Whether this user sends read receipts. Default true. */
  readonly requireAck?: boolean;
  /** Whether senders learn that their direct messages are stored on this device. Default false. */
  readonly requireDeliveryAck?: boolean;
}

export class EMOptions {
  /** @param access where the receipt server is: the one argument that the vendor does not have. */
  constructor(
    readonly values: OptionValues,
    readonly access: ServerAccess,
  ) {}
}

export class EMClient {
  private static readonly instance = new EMClient();

  /** A getter, as in the vendor's library. */
  static get getInstance(): EMClient {
    return EMClient.instance;
  }

  private options: EMOptions | null = null;
  private session: (Session & { readonly events: EventSource; readonly token: AppToken; readonly conversations: Subscription }) | null =
    null;
  private readonly events = new ChatEvents();
  readonly chatManager = new EMChatManager(
    () => this.loggedIn(),
    this.events,
    () => this.session?.events.handle(),
  );

  private loggedIn(): Session {
    if (!this.session) throw new EMError(201, 'the user is not logged in');
    return this.session;
  }

  get currentUserId(): string | null {
    return this.session?.client.userId ?? null;
  }

  async init(options: EMOptions): Promise<void> {
    this.options = options;
  }

  /** Logs in with a token. Resolves at once, also offline: what was done before the reload is there, and the connection comes by itself. */
  loginWithToken(userId: string, token: string): Promise<void> {
    return withEmErrors(async () => {
      if (!this.options) throw new EMError(110, 'call init first');
      if (this.session) throw new EMError(200, `${this.session.client.userId} is logged in already`);
      const { values, access } = this.options;
      const appToken = new AppToken(token);
      const client = createReceiptClient({
        url: access.url,
        userId,
        getToken: () => (access.getToken ? access.getToken(userId) : appToken.get()),
        deliveryReceipts: values.requireDeliveryAck ?? false,
        ...(access.worker ? { worker: access.worker } : {}),
      });
      const answers = new ServerAnswers(client);
      const events = new EventSource(
        client,
        (event) => {
          const isAwaited = answers.hears(event);
          if (event.type !== 'rejected') return false;
          // The vendor keeps no list of refused calls.
          void client.dismissDeadLetter(event.deadLetter.id).catch(() => undefined);
          return isAwaited;
        },
        (event) => this.events.dispatch(client, event),
      );
      const send: ServerAnswers['to'] = (names, call, unsent) => {
        events.start();
        return answers.to(names, call, unsent);
      };
      const conversations = client.watchConversations({ limit: 1000 }).subscribe(() => this.events.call('onConversationsUpdate'));
      this.session = { client, requiresAck: values.requireAck ?? true, send, events, token: appToken, conversations };
      events.handle();
    });
  }

  /** The same as {@link EMClient.loginWithToken}. */
  login(userId: string, token: string): Promise<void> {
    return this.loginWithToken(userId, token);
  }

  async renewToken(token: string): Promise<void> {
    this.session?.token.renew(token);
  }

  /** Ends the session. What is stored stays on this device, and is sent after the next log-in. */
  async logout(_unbindToken = true): Promise<void> {
    const { session } = this;
    this.session = null;
    session?.events.stop();
    session?.conversations.unsubscribe();
    await session?.client.close();
  }
}
