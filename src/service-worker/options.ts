/** What the app gives, and what of the service worker's global scope is used. */
import type { Message } from '../model/message.ts';
import type { Log } from '../logging.ts';

/** What an app may need to decide whether and how it tells of a message. */
export interface MessageContext {
  /** Whose message it is: a device may hold several accounts. */
  readonly userId: string;
  /** The conversation is muted. */
  readonly muted: boolean;
  /** A window of the app is visible: the user may be looking at the message already. */
  readonly visible: boolean;
  /** Of this account, this message included. */
  readonly totalUnreadCount: number;
}

export interface MessageNotification {
  readonly title: string;
  /** As `showNotification` takes them. `tag` defaults to one per message, so that a push that comes twice notifies once. */
  readonly options?: NotificationOptions;
}

export interface ReceiptSyncOptions {
  /** The same address as the pages use. */
  readonly url: string;
  /** The service worker's own road to a token, typically a request to the app's origin. */
  readonly getToken: (userId: string) => string | Promise<string>;
  /**
   * What is shown for a message that was pushed. Never asked for what is read, own, recalled, or does not count. The message's `body` is
   * null where it could not be fetched.
   *
   * Browsers end a subscription whose pushes show nothing: Safari after three of them. So every push leads to something shown: where this is
   * missing or was not asked, gives null, throws, or gives no answer within 15 s of the push, a plain and silent notification that says
   * the app's host name and nothing else. What was thrown rejects the push event, after everything else was done.
   */
  readonly notification?: (message: Message, context: MessageContext) => MessageNotification | null | Promise<MessageNotification | null>;
  /** Takes every record of the service worker's log, as the client's option `log` does. Default: warnings and errors go to the console. */
  readonly log?: Log;
}

/** The options once a log is there. */
export interface LoggedSyncOptions extends ReceiptSyncOptions {
  readonly log: Log;
}

/** Of a service worker's global scope, what is used here. */
export interface ServiceWorkerScope {
  addEventListener(type: string, listener: (event: Event) => void): void;
  readonly registration: {
    /** The app's address. Default: the plain notification names the host of {@link ReceiptSyncOptions.url}. */
    readonly scope?: string;
    showNotification(title: string, options?: NotificationOptions): Promise<void>;
  };
  readonly clients: {
    matchAll(options: { readonly type: 'window'; readonly includeUncontrolled: boolean }): Promise<readonly object[]>;
  };
}
