/** `EMClient`: the vendor's singleton, over one receipt client at a time. */
import type { Subscription } from 'rxjs';
import type { ServerAccess } from '../server-access.ts';
import { VendorSession } from '../vendor-session.ts';
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
  private session: (Session & { readonly conversations: Subscription }) | null = null;
  private readonly events = new ChatEvents();
  readonly chatManager = new EMChatManager(
    () => this.loggedIn(),
    this.events,
    () => this.session?.session.handle(),
  );

  private loggedIn(): Session {
    if (!this.session) throw new EMError(201, 'the user is not logged in');
    return this.session;
  }

  get currentUserId(): string | null {
    return this.session?.session.client.userId ?? null;
  }

  async init(options: EMOptions): Promise<void> {
    this.options = options;
  }

  /** Logs in with a token. Resolves at once, also offline: what was done before the reload is there, and the connection comes by itself. */
  loginWithToken(userId: string, token: string): Promise<void> {
    return withEmErrors(async () => {
      if (!this.options) throw new EMError(110, 'call init first');
      if (this.session) throw new EMError(200, `${this.session.session.client.userId} is logged in already`);
      const { values, access } = this.options;
      const session = new VendorSession(access, {
        userId,
        token,
        deliveryReceipts: values.requireDeliveryAck ?? false,
        tokenWillExpire: () => this.events.call('onTokenWillExpire'),
        dispatch: (client, event) => this.events.dispatch(client, event),
      });
      const conversations = session.client.watchConversations({ limit: 1000 }).subscribe(() => this.events.call('onConversationsUpdate'));
      this.session = { session, requiresAck: values.requireAck ?? true, conversations };
      session.handle();
    });
  }

  /** The same as {@link EMClient.loginWithToken}. */
  login(userId: string, token: string): Promise<void> {
    return this.loginWithToken(userId, token);
  }

  async renewToken(token: string): Promise<void> {
    this.session?.session.renewToken(token);
  }

  /** Ends the session. What is stored stays on this device, and is sent after the next log-in. */
  async logout(_unbindToken = true): Promise<void> {
    const ended = this.session;
    this.session = null;
    ended?.conversations.unsubscribe();
    await ended?.session.close(new EMError(201, 'the user is logged out'));
  }
}
