/** The options of the client's calls with several of them. */
import type { MessageId } from '../model/ids.ts';
import type { Json } from '../model/message/message.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';
import type { Mentions } from '../model/message/mentions.ts';
import type { Retention } from '../model/api/retention.ts';
import type { TotalOf } from '../model/conversation/total.ts';
import type { Log } from '../logging.ts';

/** The options of `createReceiptClient`. An unknown name is refused with `usage/invalid-option`. */
export interface ReceiptClientOptions<Body = Json> {
  /** Address of the receipt server: `wss://…`, or `ws://…` on this machine. Without token or query. */
  readonly url: string;
  /**
   * The user of this client: 1 to 128 bytes of text without control characters, lone surrogates or U+FEFF, like every
   * id. A token of another user stops the client with `auth/wrong-user`.
   */
  readonly userId: string;
  /**
   * Returns a token. Tidemark calls it when a connection opens and before a token expires, stores no token, and retries
   * after a failure.
   */
  readonly getToken: () => string | Promise<string>;
  /**
   * True if senders learn about messages stored on this device. Default true. A given value is stored for this account
   * and device.
   */
  readonly deliveryReceipts?: boolean;
  /** True if senders learn about messages that the user read. Default true. A given value is stored for this account and device. */
  readonly readReceipts?: boolean;
  /**
   * Limits for old messages on this device: a number per conversation, an age in days, and bytes. Default: keep all. Messages
   * beyond the limits are removed in idle time and come back with `loadOlderMessages`. Counts, positions and receipts
   * stay.
   */
  readonly retention?: Retention;
  /**
   * True if this device encrypts the texts of messages and receipts that it stores, also those not yet sent, with a key of this device
   * and account that no script can read. Default false. Set the option in every tab of the account: the newest tab decides, and the
   * stored texts are rewritten in the background, in both directions. The rest stays readable, as `storage()` tells: ids, senders, times,
   * positions, counts. A log-out deletes the key first. In a page without WebCrypto (not `https:`, not this machine) the client is refused.
   */
  readonly encryption?: boolean;
  /**
   * True if the installed app's icon shows this account's total unread count, `{ counts: 'mentions' }` if it shows the
   * total of mentions. Default false. The badge belongs to the account of this origin that turned it on last. Set the
   * option in every tab of the account. Without an open tab, the service worker updates the number. A log-out, or a
   * client without the option, removes the number. Without effect in browsers without badges (Firefox). `counts` is
   * `messages`, `mentions` or `conversations`.
   */
  readonly appBadge?: boolean | { readonly counts: TotalOf };
  /**
   * A schema of message bodies, of Zod, Valibot, ArkType or any library of the Standard Schema form. It also gives the client the type of its
   * bodies. `sendMessage` refuses a body that does not fit. A body that arrives and does not fit, for example from a newer release of the
   * app, is never lost: the message has `body: null` and the body in `unfitBody`, and counts as every other message. The schema only checks:
   * a body is sent and shown as it is, also where the schema would change it. It must answer at once, not by a promise.
   */
  readonly bodySchema?: StandardSchemaV1<Body>;
  /**
   * Returns a new worker at every call, because a new worker replaces each dead one. For pages whose policy forbids the
   * default start. Default: the worker of the package, without any setup.
   */
  readonly worker?: () => Worker;
  /**
   * Receives every record of this client's log; LOG.md lists the events. Default: warnings and errors go to the
   * console, other records are dropped. No record holds a message body, a token or the user's text. Errors of this
   * function are dropped.
   */
  readonly log?: Log;
}

/** The options of `sendMessage`. */
export interface SendMessageOptions {
  /** Default: true in direct chats, false in groups. */
  readonly requestReceipt?: boolean;
  /** True if the message counts as unread for its readers. Default true. */
  readonly countable?: boolean;
  /**
   * Whom the message mentions: at most 100 user ids, or `'all'` other members of the conversation. Default: no user.
   * The mentioned users count the message as a mention while it is unread. Ids of other users have no effect.
   */
  readonly mentions?: Mentions;
  /** The message's id. Default: a new id. The same id with the same content is the same message. */
  readonly id?: MessageId;
}

/** The options of `logOut`. */
export interface LogOutOptions {
  /** The fate of pending entries: `send` sends them first, `discard` drops them. */
  readonly pending: 'send' | 'discard';
  /** How long `send` waits, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /**
   * Keeps the stored data on this device, for the next client of the account. Pending entries are sent or dropped first,
   * as `pending` says. Default false: all data is deleted.
   */
  readonly keepData?: boolean;
}
