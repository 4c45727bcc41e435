/** `EMClient`: the vendor's singleton, over one receipt client at a time. */
import { distinctUntilChanged, map, skipWhile } from 'rxjs';
import { isConnected } from '../connected.ts';
import { watchAllConversations } from '../conversation-pages.ts';
import { requireAccess, type ServerAccess } from '../server-access.ts';
import { HandlersById } from '../handlers-by-id.ts';
import { createVendorSession } from '../vendor-session.ts';
import { EMChatManager } from './chat-manager.ts';
import { EMError, withEmErrors } from './errors.ts';
import { ChatEvents, type EMConnectionEvents } from './event-handler.ts';
import type { Session } from './session.ts';

interface OptionValues {
  readonly appKey: string;
  /** Whether this user sends read receipts. Default true. */
  readonly requireAck?: boolean;
  /** Whether senders learn that their direct messages are stored on this device. Default false. */
  readonly requireDeliveryAck?: boolean;
  /** The vendor's other options are accepted and have no effect. */
  readonly [option: string]: unknown;
}

/** The options of `init`: those of the vendor, and where the receipt server is. */
export class EMOptions {
  /** @param access where the receipt server is: the only argument beyond the vendor's. */
  constructor(
    /** The vendor's options. */
    readonly values: OptionValues,
    /** Where the receipt server is. */
    readonly access: ServerAccess,
  ) {
    requireAccess(access);
  }
}

/** The client. EASEMOB-FLUTTER.md says call by call what differs from the vendor's. */
export class EMClient {
  private static readonly instance = new EMClient();

  /** A getter, as in the vendor's library. */
  static get getInstance(): EMClient {
    return EMClient.instance;
  }

  private options: EMOptions | null = null;
  private session: Session | null = null;
  private readonly events = new ChatEvents();
  private readonly connectionEvents = new HandlersById<EMConnectionEvents>();
  /** Messages, receipts and conversations. */
  readonly chatManager = new EMChatManager(() => this.loggedIn(), this.events);

  private loggedIn(): Session {
    if (!this.session) throw new EMError(201, 'the user is not logged in');
    return this.session;
  }

  /** The user who is logged in; null if no user is. */
  get currentUserId(): string | null {
    return this.session?.client.userId ?? null;
  }

  /** Adds handlers of the connection under this id. Handlers with the same id are replaced. */
  addConnectionEventHandler(id: string, handler: EMConnectionEvents): void {
    this.connectionEvents.add(id, handler);
  }

  /** Removes the handlers of the connection with this id. */
  removeConnectionEventHandler(id: string): void {
    this.connectionEvents.remove(id);
  }

  /** Takes the options, before a log-in. */
  async init(options: EMOptions): Promise<void> {
    this.options = options;
  }

  /** Logs in with a token. Resolves at once, also offline: stored entries are there, and the connection comes by itself. */
  loginWithToken(userId: string, token: string): Promise<void> {
    return withEmErrors(async () => {
      if (!this.options) throw new EMError(110, 'call init first');
      if (this.session) throw new EMError(200, `${this.session.client.userId} is logged in already`);
      const { values, access } = this.options;
      const vendorSession = createVendorSession(access, {
        userId,
        token,
        deliveryReceipts: values.requireDeliveryAck ?? false,
        tokenWillExpire: () => this.connectionEvents.call('onTokenWillExpire'),
        tokenExpired: () => this.connectionEvents.call('onTokenDidExpire'),
        dispatch: (event) => this.events.tell(session.client, event),
      });
      const session: Session = { ...vendorSession, requiresAck: values.requireAck ?? true };
      const isConnected$ = session.client.watchConnection().pipe(
        map(isConnected),
        distinctUntilChanged(),
        skipWhile((connected) => !connected),
      );
      session.follow(watchAllConversations(session.client), () => this.events.call('onConversationsUpdate'));
      session.follow(isConnected$, (connected) => this.connectionEvents.call(connected ? 'onConnected' : 'onDisconnected'));
      this.session = session;
      session.start();
    });
  }

  /** The same as {@link EMClient.loginWithToken}. */
  login(userId: string, token: string): Promise<void> {
    return this.loginWithToken(userId, token);
  }

  /** Takes a new token, after `onTokenWillExpire` or `onTokenDidExpire`. */
  async renewToken(token: string): Promise<void> {
    this.session?.renewToken(token);
  }

  /** Ends the session. Stored entries stay on this device, and are sent after the next log-in. */
  async logout(_unbindToken = true): Promise<void> {
    const ended = this.session;
    this.session = null;
    await ended?.close(new EMError(201, 'the user is logged out'));
  }
}
