/**
 * The log: each write transaction appends one record with its changes. Applying the records in order gives the state.
 *
 * Log, pages and snapshot together are a small log-structured merge tree (LSM tree):
 *
 *   write ──▶ log ─────── read ──────▶ account state in memory   (state and unflushed messages: the memtable)
 *              │
 *              │ compaction, in idle time
 *              ├──▶ pages, indexes    messages, in blocks of one conversation   (segments with an index)
 *              └──▶ snapshot          all other state, at one version           (checkpoint)
 *
 * Compaction deletes the log records up to the version of the snapshot. A worker starts from the snapshot and the records after it.
 */
import type { RowParts } from '../model/conversation/conversation.ts';
import type { ReceiptStatistic, StoredEvent } from '../model/api/event.ts';
import type { ConversationId, Seq } from '../model/ids.ts';
import type { StoredMessage } from '../model/message/message.ts';
import type { Cursor, DeadLetter, EntryEnd, OutboxEntry, PendingReceipts } from '../model/outbox-entry.ts';
import { fromSeqs, type Ranges } from '../model/registers/ranges.ts';
import type { GroupReceipt, ReceiptAtSeq, ReceiptStep, ReceiptTimes } from '../model/message/receipt.ts';
import type { AccountSettings, ReceiptSettings } from '../model/message/receipt-settings.ts';
import type { StoreTx } from '../ports/ports.ts';
import type { LogHeader } from './tables.ts';
import { putText, readTexts, withoutText } from './texts.ts';

/** A stored message with its receipts: their times (own messages of direct chats), or their number (groups). */
export interface KeptMessage extends StoredMessage {
  readonly times?: ReceiptTimes | undefined;
  readonly receipt?: GroupReceipt | undefined;
}

export type Change =
  /** A row of the server, to be joined with the stored row. `ahead`: the row is part of an unfinished catch-up. */
  | { readonly t: 'row'; readonly row: RowParts; readonly ahead?: true }
  /** The state of a tab after the loss of its store: all conversations without their messages, and the cursors to continue from. */
  | {
      readonly t: 'restore';
      readonly cursor: Cursor;
      readonly confirmedAt: Cursor | null;
      readonly asOf: number | null;
      readonly account: AccountSettings;
      readonly conversations: readonly {
        readonly row: RowParts;
        readonly readFloor: Seq;
        readonly deliveryFloor: Seq;
        readonly newestReceived: Seq;
      }[];
    }
  /** The server has another history (epoch): rows and cursor start again, pending entries stay. */
  | { readonly t: 'reset' }
  | {
      readonly t: 'messages';
      readonly conversationId: ConversationId;
      readonly messages: readonly KeptMessage[];
      /** The messages that make an event, in the order of the list. */
      readonly news?: Ranges;
      /** Messages whose bodies a full device has deleted from the log: they are not stored. Only read, never written. */
      readonly lost?: Ranges;
    }
  /**
   * Evicted messages. The device does not fetch them again by itself; the conversation's row stays. `dropped`: the app asked for it,
   * or the pages were lost, and a conversation that the app opens fetches them again.
   */
  | { readonly t: 'evict'; readonly conversationId: ConversationId; readonly seqs: Ranges; readonly dropped?: true }
  | { readonly t: 'step'; readonly step: ReceiptStep }
  /** The receipts of group messages, also of messages not stored on this device. */
  | { readonly t: 'counts'; readonly conversationId: ConversationId; readonly receipts: readonly ReceiptAtSeq[] }
  /**
   * A new cursor, or the time at which the server had no change after the old one. `ahead`: the unfinished catch-up continues from this cursor.
   * `asOf`: the server's time of a complete catch-up; absent if the stored time is near enough.
   */
  | { readonly t: 'cursor'; readonly cursor: Cursor; readonly ahead?: true; readonly asOf?: number }
  /** The position of confirmed entries in the server's history. The feed of this device may be behind. */
  | { readonly t: 'confirmed-at'; readonly cursor: Cursor }
  | { readonly t: 'enqueue'; readonly entry: OutboxEntry }
  /**
   * More pending receipts of a conversation. They merge into the unsent entry `over`, which ends `superseded`, or into the entry with this
   * key, made in the same record. The registers pending before are not written again.
   */
  | {
      readonly t: 'receipts';
      readonly key: string;
      readonly conversationId: ConversationId;
      readonly pendingReceipts: Partial<PendingReceipts>;
      readonly over?: string;
      /** Epoch ms; default: the time of the older entry. */
      readonly at?: number;
    }
  | { readonly t: 'sent'; readonly keys: readonly string[] }
  | { readonly t: 'end'; readonly key: string; readonly end: EntryEnd; readonly deadLetter?: DeadLetter }
  /** Entries confirmed by a lost history of the server become pending again, each under a new key. */
  | { readonly t: 'offer-again'; readonly keys: readonly (readonly [confirmed: string, key: string])[] }
  | { readonly t: 'settings'; readonly settings: ReceiptSettings }
  /** The account's settings, as the server has them. `floors`: the device has just loaded its snapshot. */
  | { readonly t: 'account'; readonly settings: AccountSettings; readonly floors?: true }
  | { readonly t: 'paused'; readonly paused: boolean }
  | { readonly t: 'event'; readonly event: StoredEvent }
  /** New read counts of own group messages in a part of a catch-up. Its last part makes one event of all. */
  | { readonly t: 'statistics'; readonly receipts: readonly ReceiptStatistic[] }
  /** A tab received the events up to this number. */
  /** The key of encrypted texts is gone: the device forgets all messages, and loads a snapshot for the last ones. Rows stay. */
  | { readonly t: 'texts-lost' }
  | { readonly t: 'heard'; readonly upTo: number }
  | { readonly t: 'dismiss'; readonly id: string };

/** Whether a full device has deleted bodies of this record. */
export const hasLostBodies = ({ changes }: LogRecord): boolean =>
  changes.some((change) => change.t === 'messages' && change.lost !== undefined);

export interface LogRecord {
  readonly version: number;
  /** Id of the writing transaction. A transaction without an answer finds out by this id whether the first run was committed. */
  readonly id?: string;
  readonly changes: readonly Change[];
}

/**
 * The bodies of a record's messages are a row of their own, right after the record. A full device accepts deletes only, so it deletes these
 * rows to find room; the rest of the record stays. The newest message of each conversation keeps its body in the record.
 */
export const bodiesKey = (version: number): number => version + 0.5;

type Messages = Extract<Change, { readonly t: 'messages' }>['messages'];

const withoutBodies = (messages: Messages, bodies: string[]): readonly object[] => {
  const newest = Math.max(...messages.map(({ seq }) => seq));
  return messages.map((message) => {
    if (message.seq === newest || message.body === '') return message;
    bodies.push(message.body);
    return { ...message, body: undefined };
  });
};

const withBodies = (record: LogRecord, bodies: readonly string[] | undefined): LogRecord => {
  let at = 0;
  const changes = record.changes.map((change) => {
    if (change.t !== 'messages') return change;
    const lost: Seq[] = [];
    const messages = change.messages.map((message: Omit<KeptMessage, 'body'> & { readonly body?: string }): KeptMessage => {
      if (message.body !== undefined) return message as KeptMessage;
      const body = bodies?.[at++];
      if (body === undefined) lost.push(message.seq);
      return { ...message, body: body ?? '' };
    });
    return lost.length > 0 ? { ...change, messages, lost: fromSeqs(lost) } : { ...change, messages };
  });
  return { ...record, changes };
};

// Records are stored as text: for thousands of small arrays and objects, JSON takes a third of the time of a structured clone.
/** Appends a record. @returns the length of its text, in characters. */
export const appendToLog = (tx: StoreTx, record: LogRecord): number => {
  const bodies: string[] = [];
  const text = JSON.stringify({
    ...record,
    changes: record.changes.map((change) => {
      if (change.t === 'messages') return { ...change, messages: withoutBodies(change.messages, bodies) };
      if (change.t !== 'enqueue') return change;
      putText(tx, change.entry);
      return { ...change, entry: withoutText(change.entry) };
    }),
  });
  tx.put('log', record.version, text);
  if (bodies.length === 0) return text.length;
  const more = JSON.stringify(bodies);
  tx.put('log', bodiesKey(record.version), more);
  return text.length + more.length;
};

export interface ReadLog {
  /** Oldest first. */
  readonly records: readonly LogRecord[];
  /** Characters of all rows. */
  readonly text: number;
}

/** Reads the records after a version. */
export const readLog = async (tx: StoreTx, after: number, header: LogHeader): Promise<ReadLog> => {
  const range = { from: after + 1, upTo: bodiesKey(header.version) };
  const rows = after >= header.version ? [] : ((await tx.range('log', range)) as string[]);
  const parsed = rows.map((row) => JSON.parse(row) as LogRecord | readonly string[]);
  const isRecord = (row: LogRecord | readonly string[] | undefined): row is LogRecord => row !== undefined && 'version' in row;
  const records = parsed.flatMap((row, i) => {
    if (!isRecord(row)) return [];
    const next = parsed[i + 1];
    return [withBodies(row, isRecord(next) ? undefined : next)];
  });
  const whole = await readTexts(
    tx,
    records.flatMap(({ changes }) => changes.flatMap((change) => (change.t === 'enqueue' ? change.entry : []))),
  );
  return {
    records: records.map((record) => ({
      ...record,
      changes: record.changes.map((change) => (change.t === 'enqueue' ? { ...change, entry: whole(change.entry) } : change)),
    })),
    text: rows.reduce((sum, { length }) => sum + length, 0),
  };
};

/** The id of the transaction that wrote the record of this version; undefined if there is none. */
export const readRecordId = async (tx: StoreTx, version: number): Promise<string | undefined> => {
  const text = (await tx.get('log', version)) as string | undefined;
  return text === undefined ? undefined : (JSON.parse(text) as LogRecord).id;
};

/** Deletes the records up to this version. */
export const cutLog = (tx: StoreTx, upTo: number): void => tx.deleteRange('log', { from: 0, upTo: bodiesKey(upTo) });
