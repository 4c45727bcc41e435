/** One log-in of a facade: the receipt client of a user, its events, and the server's answers to its calls. */
import { type Observable, Subscription } from 'rxjs';
import {
  type ConversationId,
  createReceiptClient,
  type Message,
  type ReceiptClient,
  type ReceiptEvent,
  type SendMessageOptions,
  type SentReadReceipts,
} from '../index.ts';
import { createAppToken } from './app-token.ts';
import { isGroup } from './conversation-ids.ts';
import { createServerAnswers } from './server-answers.ts';
import type { ServerAccess } from './server-access.ts';

export interface VendorSessionOptions {
  readonly userId: string;
  /** The token of the vendor's log-in call. */
  readonly token: string;
  /** Default false. */
  readonly deliveryReceipts?: boolean;
  /** A connected client asks for a token, shortly before its token expires. */
  readonly tokenWillExpire: () => void;
  /** The server refuses the token, also at the first connection. Default: `tokenWillExpire`. */
  readonly tokenExpired?: () => void;
  /** Passes one event to the app's handlers. Events are told in their order, though some wait for the store. */
  readonly dispatch: (event: ReceiptEvent) => void | Promise<void>;
}

export interface VendorSession {
  readonly client: ReceiptClient;
  /** Runs a task for the app's handlers after the earlier tasks. */
  readonly inOrder: (task: () => void | Promise<void>) => void;
  /** Follows a stream of the client until the session is closed. */
  readonly follow: <T>(stream$: Observable<T>, shown: (value: T) => void) => void;
  /** The app has a new token. A client that waits after a refusal connects at once. */
  readonly renewToken: (token: string) => void;
  /** Listens to the events: the last call of a log-in, which follows its streams before. */
  readonly start: () => void;
  /** Sends a message. While the device is connected, waits for the server's answer, see `ServerAnswers.to`. */
  readonly sendMessage: (to: ConversationId, body: unknown, options: SendMessageOptions & { readonly id: string }) => Promise<Message>;
  /** Sends message receipts, and waits like {@link VendorSession.sendMessage}. */
  readonly sendReceipts: (to: ConversationId, ids: readonly string[], options?: { readonly content?: string }) => Promise<SentReadReceipts>;
  /**
   * Sends a conversation receipt, and waits like {@link VendorSession.sendMessage}. In a group it is a clear, which has
   * no answer.
   */
  readonly sendConversationReceipt: (to: ConversationId, options?: { readonly keepUnread?: boolean }) => Promise<void>;
  /** Ends the session. Stored entries stay on this device. Waiting calls reject with `error`. */
  readonly close: (error: Error) => Promise<void>;
}

export const createVendorSession = (access: ServerAccess, options: VendorSessionOptions): VendorSession => {
  const { userId, deliveryReceipts = false, tokenWillExpire, tokenExpired = tokenWillExpire, dispatch } = options;
  const token = createAppToken(options.token);
  const client = createReceiptClient({
    ...access,
    userId,
    getToken: () => {
      if (access.getToken) return access.getToken(userId);
      if (answers.isConnected() && token.end()) tokenWillExpire();
      return token.get();
    },
    deliveryReceipts,
  });
  if (!access.getToken)
    client.watchConnection().subscribe((status) => {
      if (token.isRefused(status) && token.end()) tokenExpired();
    });
  const answers = createServerAnswers(client);
  const following = new Subscription();
  let last: Promise<void> = Promise.resolve();

  const inOrder = (task: () => void | Promise<void>): void => {
    // A closed client has no more messages to read.
    last = last.then(task).catch(() => undefined);
  };

  const follow: VendorSession['follow'] = (stream$, shown) => following.add(stream$.subscribe(shown));

  const hear = (event: ReceiptEvent): void => {
    const isAwaited = answers.hears(event);
    if (event.type === 'rejected') {
      // The vendors keep no list of refused calls: the app gets the promise or an event, and no more.
      void client.dismissDeadLetter(event.deadLetter.id).catch(() => undefined);
      if (isAwaited) return;
    }
    inOrder(() => dispatch(event));
  };

  return {
    client,
    inOrder,
    follow,
    renewToken: (next) => {
      token.renew(next);
      void client.flush().catch(() => undefined);
    },
    start: () => follow(client.watchEvents(), hear),
    sendMessage: (to, body, options) => answers.to([options.id], () => client.sendMessage(to, body, options)),
    sendReceipts: (to, ids, options) =>
      answers.to(
        ids,
        () => client.sendReadReceipts(to, ids, options),
        ({ skipped }) => skipped.map(({ id }) => id),
      ),
    sendConversationReceipt: (to, options) => answers.to(isGroup(to) ? [] : [to], () => client.sendConversationReadReceipt(to, options)),
    close: (error) => {
      following.unsubscribe();
      answers.stop(error);
      return client.close();
    },
  };
};
