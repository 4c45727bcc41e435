/** The public types of the outbox. */
import type { Observable } from 'rxjs';
import type { Log } from '../logging.ts';
import type { Place } from './pending.ts';
import type { OutboxDeadLetter } from './records.ts';
import type { Send } from './sender.ts';

/** Tells whether the SDK is connected: the present state at once, and each change. An RxJS Observable fits. */
export interface Connected {
  /** Calls `next` with the present state and with each change, until `unsubscribe`. */
  subscribe(next: (isConnected: boolean) => void): { unsubscribe(): void };
}

/** The options of `createReceiptOutbox`. */
export interface OutboxOptions {
  /** Names the account: each name has a store of its own, for example `easemob:alice`. */
  readonly name: string;
  /**
   * Sends the receipts of a conversation through the SDK. Resolves when the backend has the receipts. Throws {@link ReceiptRefused} for
   * receipts refused for good, {@link ReceiptDelayed} for a pause, and any other error for an attempt with a chance later.
   */
  readonly send: Send;
  /** Nothing is sent while the SDK is not connected. */
  readonly connected: Connected;
  /** A conversation read receipt includes the receipts of all earlier messages. Default: false, the two are different receipts. */
  readonly conversationCoversMessages?: boolean;
  /** Default: warnings and errors go to the console. */
  readonly log?: Log;
}

/** What waits in the outbox. */
export interface PendingCount {
  /** The number of conversations with something to send. */
  readonly conversations: number;
  /** The number of single messages to acknowledge. */
  readonly messages: number;
  /** The time of the oldest pending call, epoch ms; null if nothing is pending. */
  readonly since: number | null;
}

/** The outbox of one account. */
export interface ReceiptOutbox {
  /**
   * Read receipts of single messages.
   *
   * @param messageIds ids, or `{ id, order }` where the place of the message is known.
   * @param options details for the adapter, for example a text: a JSON value.
   * @throws {UsageError} `usage/invalid-argument`, `usage/closed`
   * @throws {StoreError} if the receipt could not be stored.
   */
  read(conversation: string, messageIds: readonly (string | Place)[], options?: unknown): Promise<void>;
  /** The conversation is read up to this message: the sender is told. Errors as for `read`. `upTo` is the message. */
  readConversation(conversation: string, options: { readonly upTo: Place }): Promise<void>;
  /**
   * The unread count is cleared, up to a message or whole: the sender is not told. Errors as for `read`. `upTo` is the
   * message; without it, the whole count.
   */
  clear(conversation: string, options?: { readonly upTo?: Place }): Promise<void>;
  /**
   * The unread count to show for a conversation: the SDK's count without messages read here, pending or sent. So no badge comes back on a
   * reconnect. Before the store is read, the SDK's own count.
   *
   * @param count the SDK's count.
   * @param newest the order of the conversation's newest message, the same number as in `upTo`.
   */
  shown(conversation: string, count: number, newest?: number): number;
  /** The pending receipts of all tabs, now and after each change. */
  watchPending(): Observable<PendingCount>;
  /** Receipts refused for good, oldest first; the newest 100 are kept. */
  watchDeadLetters(): Observable<readonly OutboxDeadLetter[]>;
  /** Removes a dead letter. */
  dismiss(id: string): Promise<void>;
  /** Tries at once, without a wait for the next attempt. Resolves when this tab has nothing left to send now; `pending` conversations are left. */
  flush(): Promise<{ readonly pending: number }>;
  /** Deletes everything stored under this name, for a log-out. Pending receipts are not sent any more. */
  wipe(): Promise<void>;
  /** Ends this outbox. Pending receipts stay stored, and another tab or the next start sends the receipts. */
  close(): void;
}
