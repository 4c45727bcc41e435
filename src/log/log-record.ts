/** The journal: one record per write transaction, what changed and nothing else. Folding the records in order gives the state. */
import type { RowParts } from '../model/conversation.ts';
import type { ReceiptEvent } from '../model/event.ts';
import type { ConversationId, Seq } from '../model/ids.ts';
import type { StoredMessage } from '../model/message.ts';
import type { Cursor, DeadLetter, EntryEnd, OutboxEntry, PendingReceipts } from '../model/outbox-entry.ts';
import type { Ranges } from '../model/ranges.ts';
import type { GroupReceipt, ReceiptAtSeq, ReceiptStep, ReceiptTimes } from '../model/receipt.ts';
import type { StoreTx } from '../ports/ports.ts';
import type { LogHeader } from './tables.ts';

/** A message as kept: with the times its receipts have (direct chats, own), or what they came to (groups). */
export interface KeptMessage extends StoredMessage {
  readonly times?: ReceiptTimes | undefined;
  readonly receipt?: GroupReceipt | undefined;
}

export interface ReceiptSettings {
  readonly deliveryReceipts: boolean;
  readonly readReceipts: boolean;
}

export type Change =
  /** A server row, joined with the one held; `ahead`: part of a catch-up that is not complete yet. */
  | { readonly t: 'row'; readonly row: RowParts; readonly ahead?: true }
  /** What a tab showed when its store was lost: what was known of each conversation, without the messages, and from where it goes on. */
  | {
      readonly t: 'restore';
      readonly cursor: Cursor;
      readonly confirmedAt: Cursor | null;
      readonly conversations: readonly {
        readonly row: RowParts;
        readonly readFloor: Seq;
        readonly deliveryFloor: Seq;
        readonly newestReceived: Seq;
      }[];
    }
  /** The server's history is another one: rows and cursor start again, what is owed stays. */
  | { readonly t: 'reset' }
  | { readonly t: 'messages'; readonly of: ConversationId; readonly messages: readonly KeptMessage[] }
  /** No longer kept here, and not fetched by itself again; what is known of the conversation stays. */
  | { readonly t: 'evict'; readonly of: ConversationId; readonly seqs: Ranges }
  | { readonly t: 'step'; readonly step: ReceiptStep }
  /** What became of group messages' receipts, held here or not. */
  | { readonly t: 'counts'; readonly of: ConversationId; readonly receipts: readonly ReceiptAtSeq[] }
  /** `ahead`: the catch-up goes on from here. */
  | { readonly t: 'cursor'; readonly cursor: Cursor; readonly ahead?: true }
  /** What was acked is in the server's history at this place; the feed may be behind it. */
  | { readonly t: 'confirmed-at'; readonly cursor: Cursor }
  | { readonly t: 'enqueue'; readonly entry: OutboxEntry }
  /**
   * More is owed of a conversation's registers: laid over the unsent entry `over`, which ends `superseded`; or over the entry of this
   * key, made in this very record. What was owed before is not written again.
   */
  | {
      readonly t: 'receipts';
      readonly key: string;
      readonly of: ConversationId;
      readonly pendingReceipts: Partial<PendingReceipts>;
      readonly over?: string;
      /** Epoch ms; default: as the entry it is laid over. */
      readonly at?: number;
    }
  | { readonly t: 'sent'; readonly keys: readonly string[] }
  | { readonly t: 'end'; readonly key: string; readonly end: EntryEnd; readonly deadLetter?: DeadLetter }
  /** Entries that were acked by a history the server has lost are owed again, each under a new key. */
  | { readonly t: 'offer-again'; readonly keys: readonly (readonly [confirmed: string, key: string])[] }
  | { readonly t: 'settings'; readonly settings: ReceiptSettings }
  | { readonly t: 'paused'; readonly paused: boolean }
  | { readonly t: 'event'; readonly event: ReceiptEvent }
  /** Some tab heard the events up to this one. */
  | { readonly t: 'heard'; readonly upTo: number }
  | { readonly t: 'dismiss'; readonly id: string };

export interface LogRecord {
  readonly version: number;
  /** Of the transaction that wrote it: one that was cut off finds out whether it had committed. */
  readonly id?: string;
  readonly changes: readonly Change[];
}

// As text: what a structured clone takes for thousands of small arrays and objects, JSON does in a third of the time.
/** @returns how many characters it takes. */
export const appendToLog = (tx: StoreTx, record: LogRecord): number => {
  const text = JSON.stringify(record);
  tx.put('log', record.version, text);
  return text.length;
};

/** The records after one version, oldest first. */
export const readLog = async (tx: StoreTx, after: number, head: LogHeader): Promise<LogRecord[]> =>
  after >= head.version
    ? []
    : (await tx.range('log', { from: after + 1, upTo: head.version })).map((text) => JSON.parse(text as string) as LogRecord);

export const readRecord = async (tx: StoreTx, version: number): Promise<LogRecord | undefined> => {
  const text = (await tx.get('log', version)) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as LogRecord);
};
