/** The outbox on the wire: the client submits entries, and the server answers one result for each entry. */
import * as v from 'valibot';
import { MAX_CONTENT_BYTES } from '../model/message/receipt.ts';
import {
  ArchiveShape,
  AccountShape,
  ConversationIdShape,
  CursorShape,
  FlagShape,
  FromOne,
  Id,
  MarkShape,
  MentionsShape,
  RangesShape,
  RequestId,
  RowShape,
  SeqShape,
  Time,
} from './shapes.ts';

const Key = Id;

/**
 * The device's cursor when it wrote the entry. If the server has lost this history, the
 * bounds of the entry are clamped.
 */
const WrittenAt = v.nullable(CursorShape);

/** All pending registers of one conversation. Registers without a pending change are absent. */
export const ReceiptsEntryShape = v.strictObject({
  kind: v.literal('receipts'),
  key: Key,
  conversationId: ConversationIdShape,
  cursor: WrittenAt,
  /** The private read position, inclusive. Only the user's own devices get the position. */
  position: v.optional(FromOne),
  /** Messages cleared one by one, which no longer count for this user. Only the user's own devices get the effect. */
  cleared: v.optional(RangesShape),
  /** The conversation read receipt, in direct chats. */
  read: v.optional(RangesShape),
  delivered: v.optional(RangesShape),
  /** Message read receipts: by seq, or by id for messages that the device does not store. */
  named: v.optional(RangesShape),
  namedIds: v.optional(v.pipe(v.array(Id), v.minLength(1), v.maxLength(500))),
  /** Groups: the texts that the reader sends with receipts, by message id. */
  contents: v.optional(
    v.pipe(v.array(v.strictObject({ id: Id, text: v.pipe(v.string(), v.maxLength(MAX_CONTENT_BYTES)) })), v.minLength(1), v.maxLength(500)),
  ),
  muted: v.optional(FlagShape),
  marked: v.optional(MarkShape),
  /** Messages that no receipt may name: the user read them while this device sent no read receipts. */
  untold: v.optional(RangesShape),
  /** The counts of the account's settings known to the device at the time of the entry. Absent: 0. */
  settingsSeen: v.optional(v.strictObject({ deliveryReceipts: SeqShape, readReceipts: SeqShape })),
  archived: v.optional(ArchiveShape),
});

export const MessageEntryShape = v.strictObject({
  kind: v.literal('message'),
  key: Key,
  conversationId: ConversationIdShape,
  cursor: WrittenAt,
  id: Id,
  body: v.string(),
  receiptRequested: v.boolean(),
  countable: v.boolean(),
  /** Whom the message mentions; absent if no user. The server tells each reader only whether the message mentions that reader. */
  mentions: v.optional(MentionsShape),
});

/**
 * The sender takes a message back. The body is emptied on all devices, and the message counts as unread for
 * no reader.
 */
export const RecallEntryShape = v.strictObject({
  kind: v.literal('recall'),
  key: Key,
  conversationId: ConversationIdShape,
  cursor: WrittenAt,
  id: Id,
});

/** The receipt settings of the account. Such an entry belongs to no conversation. */
export const SettingsEntryShape = v.strictObject({
  kind: v.literal('settings'),
  key: Key,
  deliveryReceipts: v.optional(FlagShape),
  readReceipts: v.optional(FlagShape),
});

/**
 * One entry. The server parses each entry alone, rejects a malformed entry by its key, and applies the
 * others (F62, F105).
 */
export const EntryShape = v.variant('kind', [ReceiptsEntryShape, MessageEntryShape, RecallEntryShape, SettingsEntryShape]);
/** One entry of a submitted frame. */
export type WireEntry = v.InferOutput<typeof EntryShape>;
export type WireReceiptsEntry = v.InferOutput<typeof ReceiptsEntryShape>;
export type WireRecallEntry = v.InferOutput<typeof RecallEntryShape>;
export type WireMessageEntry = v.InferOutput<typeof MessageEntryShape>;
export type WireSettingsEntry = v.InferOutput<typeof SettingsEntryShape>;
/** An entry about one conversation. */
export type WireConversationEntry = Exclude<WireEntry, WireSettingsEntry>;

/** Client → server: entries of the outbox. A client has one submit in flight at a time. */
export const Submit = v.strictObject({
  type: v.literal('submit'),
  id: RequestId,
  /**
   * As in `pull`. If the server has lost the entries confirmed up to here, it applies no entry of this frame.
   */
  confirmedAt: v.optional(CursorShape),
  entries: v.pipe(v.array(v.looseObject({ key: Key })), v.minLength(1), v.maxLength(500)),
});

export const RejectedCodeShape = v.picklist([
  'rejected/no-such-conversation',
  'rejected/unknown-message',
  'rejected/id-conflict',
  'rejected/message-recalled',
  'rejected/receipt-expired',
  'rejected/group-receipts-disabled',
  'rejected/permission-denied',
  'rejected/too-large',
  'rejected/unsupported',
]);

/**
 * The result of one entry. `confirmed`: the entry is in effect, since now or since earlier; `row` is the
 * conversation afterwards. `rejected`: the entry never takes effect. `retry`: the server could not decide
 * now, for a reason outside the entry.
 */
export const ResultShape = v.variant('outcome', [
  v.strictObject({
    outcome: v.literal('confirmed'),
    key: Key,
    row: v.nullable(RowShape),
    /** For a message: its seq and time at the server. */
    message: v.optional(
      v.strictObject({
        seq: FromOne,
        sentAt: Time,
        /** Another device of the sender has recalled the message meanwhile. */
        recalled: v.optional(v.literal(true)),
      }),
    ),
    /** Message ids that the server refused. The rest of the entry is in effect. */
    refused: v.optional(v.array(v.strictObject({ id: Id, code: RejectedCodeShape }))),
    /** The user's settings kept some read receipts of the entry from taking effect. */
    withheld: v.optional(v.literal(true)),
    /** For a settings entry: the account's settings afterwards. */
    account: v.optional(AccountShape),
  }),
  v.strictObject({ outcome: v.literal('rejected'), key: Key, code: RejectedCodeShape, message: v.string() }),
  v.strictObject({ outcome: v.literal('retry'), key: Key, retryAfterMs: SeqShape }),
]);
/** The server's answer about one entry. */
export type WireResult = v.InferOutput<typeof ResultShape>;

/** Server → client: one result for each entry, in the order of the entries. */
export const Answer = v.strictObject({
  type: v.literal('answer'),
  id: RequestId,
  results: v.array(ResultShape),
  /** A cursor behind all confirmed entries of this frame; absent if no entry was confirmed. */
  at: v.optional(CursorShape),
});
