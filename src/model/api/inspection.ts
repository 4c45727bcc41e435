/** What the client shows of its inside. Nothing here holds a message body, a receipt's text or a token. */
import type { ConversationId, MessageId } from '../ids.ts';
import type { Cursor, DeadLetter, OutboxEntry } from '../outbox-entry.ts';
import type { ConnectionStatus } from './status.ts';

/** A record of the log, with its time. */
export interface LogLine {
  /** Epoch ms by this device's clock. */
  readonly at: number;
  /** How important the record is. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The name of the event: LOG.md lists all. */
  readonly event: string;
  /** The details of the event. */
  readonly details: object;
}

/** A pending entry of the outbox. */
export interface InspectedEntry {
  /** The idempotency key: the same on every try. */
  readonly key: string;
  /** The kind of entry. */
  readonly kind: OutboxEntry['kind'];
  /** `null` for a change of the account's settings. */
  readonly conversationId: ConversationId | null;
  /** The message of an entry that sends or recalls a message; `null` for receipts and settings. */
  readonly messageId: MessageId | null;
  /** Time of the first pending change in the entry, epoch ms by this device's clock. */
  readonly at: number;
  /** True if a tab has handed the entry to the network at least once: the server may have the entry already. */
  readonly sent: boolean;
  /** How often this tab has sent the entry; `null` in a follower tab: the leader tab alone sends. */
  readonly tries: number | null;
  /** The time of the next try, epoch ms, if the server asked for a wait or the connection waits; `null` if nothing is waited for. */
  readonly nextTryAt: number | null;
}

/** The stored state of the account, as the worker of this tab knows it. */
export interface InspectedAccount {
  /** The place in the server's feed up to which this device has all changes; `null` before the first snapshot. */
  readonly cursor: Cursor | null;
  /** The oldest pending entries, at most 200. */
  readonly outbox: readonly InspectedEntry[];
  /** The number of all pending entries. */
  readonly pending: number;
  /** The entries that the server has rejected. */
  readonly deadLetters: readonly DeadLetter[];
}

/** The client's inside at one moment. */
export interface Inspection {
  /** The moment, epoch ms by this device's clock. */
  readonly at: number;
  /** The release of the package. */
  readonly version: string;
  /** The name of the account's IndexedDB database, which is also the name of the leader lock. */
  readonly database: string;
  /** `null` while nothing is known of the connection. */
  readonly connection: ConnectionStatus | null;
  /** The number of tabs with this account in this browser, this tab included; `null` in a browser that does not say. */
  readonly tabs: number | null;
  /** `null` while no worker answers; the connection's `error` then names the reason. */
  readonly account: InspectedAccount | null;
  /** The last records of the log of this tab, oldest first: at most 200 of the page and of the worker, at every level. */
  readonly log: readonly LogLine[];
}
