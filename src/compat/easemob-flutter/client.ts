/** `EMClient`: the vendor's singleton, over one receipt client at a time. */
import { distinctUntilChanged, map, skipWhile, type Subscription } from 'rxjs';
import type { ServerAccess } from '../server-access.ts';
import { HandlersById } from '../handlers-by-id.ts';
import { VendorSession } from '../vendor-session.ts';
import { EMChatManager, MAX_CONVERSATIONS } from './chat-manager.ts';
import { EMError, withEmErrors } from './errors.ts';
import { ChatEvents, type EMConnectionEvents } from './event-handler.ts';
import type { Session } from './session.ts';

interface OptionValues {
  readonly appKey: string;
  /** Whether this user sends read receipts. Default true. */
  readonly requireAck?: boolean;
  /** Whether senders learn that their direct messages are stored on this device. Default false. */
  readonly requireDeliveryAck?: boolean;
}

export class EMOptions {
  /** @param access where the receipt server is: the only argument beyond the vendor's. */
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
  private session: (Session & { readonly subscriptions: readonly Subscription[] }) | null = null;
  private readonly events = new ChatEvents();
  private readonly connectionEvents = new HandlersById<EMConnectionEvents>();
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

  addConnectionEventHandler(id: string, handler: EMConnectionEvents): void {
    this.connectionEvents.add(id, handler);
  }

  removeConnectionEventHandler(id: string): void {
    this.connectionEvents.remove(id);
  }

  async init(options: EMOptions): Promise<void> {
    this.options = options;
  }

  /** Logs in with a token. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  loginWithToken(userId: string, token: string): Promise<void> {
    return withEmErrors(async () => {
      if (!this.options) throw new EMError(110, 'call init first');
      if (this.session) throw new EMError(200, `${this.session.session.client.userId} is logged in already`);
      const { values, access } = this.options;
      const session = new VendorSession(access, {
        userId,
        token,
        deliveryReceipts: values.requireDeliveryAck ?? false,
        tokenWillExpire: () => this.connectionEvents.call('onTokenWillExpire'),
        tokenExpired: () => this.connectionEvents.call('onTokenDidExpire'),
        dispatch: (client, event) => this.events.dispatch(client, event),
      });
      const isConnected$ = session.client.watchConnection().pipe(
        map(({ state }) => state === 'live' || state === 'catching-up'),
        distinctUntilChanged(),
        skipWhile((isConnected) => !isConnected),
      );
      const subscriptions = [
        session.client.watchConversations({ limit: MAX_CONVERSATIONS }).subscribe(() => this.events.call('onConversationsUpdate')),
        isConnected$.subscribe((isConnected) => this.connectionEvents.call(isConnected ? 'onConnected' : 'onDisconnected')),
      ];
      this.session = { session, requiresAck: values.requireAck ?? true, subscriptions };
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

  /** Ends the session. Stored entries stay on this device, and are sent after the next log-in. */
  async logout(_unbindToken = true): Promise<void> {
    const ended = this.session;
    this.session = null;
    for (const subscription of ended?.subscriptions ?? []) subscription.unsubscribe();
    await ended?.session.close(new EMError(201, 'the user is logged out'));
  }
}
