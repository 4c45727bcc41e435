/** The app's options, and the used part of the service worker's global scope. */
import type { Json, Message } from '../model/message/message.ts';
import type { NotificationRef } from '../model/notification-tag.ts';
import type { ShownNotification } from '../platform/notifications.ts';
import type { Log } from '../logging.ts';
import type { TaskPorts } from './task-ports.ts';

/** The context of a message, for the app's decision about a notification. */
export interface MessageContext {
  /** The account of the message: a device may store several accounts. */
  readonly userId: string;
  /** True if the conversation is muted. The server pushes a muted message only if it mentions the user. */
  readonly muted: boolean;
  /** True if a window of the app is visible: the user may be looking at the message. */
  readonly visible: boolean;
  /** True if a window of the app has the focus: the user is working with the app. */
  readonly focused: boolean;
  /** The conversation's unread count, including this message. Without a network it may be more. */
  readonly unread: number;
  /** The unread messages of the conversation that mention the user, including this message. */
  readonly mentions: number;
  /** The account's total unread count, including this message. */
  readonly totalUnreadCount: number;
}

/** A notification to show. */
export interface MessageNotification {
  /** The first line of the notification. */
  readonly title: string;
  /**
   * Options of `showNotification`. `tag` defaults to the tag of the message ({@link notificationTag}): a repeated push
   * notifies once, and the notification is closed when the message is read. A notification with another tag is closed
   * by the app.
   */
  readonly options?: NotificationOptions;
  /** Closes the older notifications of the same conversation, so the newest notification stands for the conversation. Default: false. */
  readonly replacesOlder?: boolean;
}

/** The options of `installReceiptSync`. `Body` is the app's type of a message body. */
export interface ReceiptSyncOptions<Body = Json> {
  /** The address of the receipt server, the same as on the pages. */
  readonly url: string;
  /** Returns a token in the service worker, typically by a request to the app's origin. */
  readonly getToken: (userId: string) => string | Promise<string>;
  /**
   * Returns the notification of a pushed message. Not called for messages that are read, own, recalled or not
   * countable. The message's `body` is null if the fetch failed.
   *
   * Browsers end a subscription after pushes without notifications: Safari after three of them. So each push shows a
   * notification. The service worker shows a plain and silent one, with the app's host name only, if this option is
   * missing or was not called, or if it returns null, throws, or does not answer within 15 s. An error of this function
   * rejects the push event after all other work.
   */
  readonly notification?: (
    message: Message<Body>,
    context: MessageContext,
  ) => MessageNotification | null | Promise<MessageNotification | null>;
  /**
   * Returns the address of the page to show after a click on a notification, such as `/#direct:bob`; for a plain
   * notification `conversationId` is null. A window that shows the address gets the focus. Otherwise another window of the
   * app gets the focus and the address: a change of the hash alone does not reload the page. Without a window, a new one
   * opens. Without this option, clicks are left to the app's own listeners.
   */
  readonly addressOf?: (clicked: NotificationRef) => string;
  /**
   * Receives every record of the service worker's log, like the client's option `log`. Default: warnings and errors go
   * to the console.
   */
  readonly log?: Log;
}

/** The options with a log in any case, and the service worker that got them. */
export interface LoggedSyncOptions extends ReceiptSyncOptions {
  readonly log: Log;
  readonly scope: ServiceWorkerScope;
  readonly taskPorts: TaskPorts;
}

/** The used part of a window of the app. */
export interface WindowOfApp {
  /** The address of the page. */
  readonly url: string;
  /** Whether the user can see the window. */
  readonly visibilityState: DocumentVisibilityState;
  /** Whether the window has the focus. */
  readonly focused: boolean;
  /** Gives the window the focus. */
  focus(): Promise<unknown>;
  /** Shows another address in the window. */
  navigate(url: string): Promise<unknown>;
}

/** The used part of a service worker's global scope. */
export interface ServiceWorkerScope {
  /** Listens for events of the service worker. */
  addEventListener(type: string, listener: (event: Event) => void): void;
  /** The registration: `showNotification` shows a notification, `getNotifications` lists the shown ones. */
  readonly registration: {
    /** The app's address. Default: the plain notification names the host of {@link ReceiptSyncOptions.url}. */
    readonly scope?: string;
    showNotification(title: string, options?: NotificationOptions): Promise<void>;
    getNotifications(): Promise<readonly ShownNotification[]>;
  };
  /**
   * The windows of the app: `matchAll` lists those of the `type` `window`, with `includeUncontrolled` also those that
   * this service worker does not control; `openWindow` opens a new one.
   */
  readonly clients: {
    matchAll(options: { readonly type: 'window'; readonly includeUncontrolled: boolean }): Promise<readonly WindowOfApp[]>;
    openWindow(url: string): Promise<unknown>;
  };
}
