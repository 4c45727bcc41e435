/** The outbox on the wire: entries up, one result each down. */
import * as v from 'valibot';
import { ConversationIdShape, CursorShape, FlagShape, Id, MarkShape, RangesShape, RequestId, RowShape, SeqShape, Time } from './shapes.ts';

const Key = Id;

/** Where in the server's history the device stood when it wrote the entry: bounds from an unknown history are clamped. */
const WrittenAt = v.nullable(CursorShape);

/** All registers one conversation owes. Registers at rest are left out. */
export const ReceiptsEntryShape = v.strictObject({
  kind: v.literal('receipts'),
  key: Key,
  conversationId: ConversationIdShape,
  cursor: WrittenAt,
  /** Private read position, inclusive. Told to my own devices only. */
  position: v.optional(v.pipe(SeqShape, v.minValue(1))),
  /** Conversation read receipt, direct chats. */
  read: v.optional(RangesShape),
  delivered: v.optional(RangesShape),
  /** Message read receipts, by seq, and by id where the device does not hold the message. */
  named: v.optional(RangesShape),
  namedIds: v.optional(v.pipe(v.array(Id), v.minLength(1), v.maxLength(500))),
  /** Groups: what the reader says with a receipt, by message id. */
  contents: v.optional(
    v.pipe(v.array(v.strictObject({ id: Id, text: v.pipe(v.string(), v.maxLength(1024)) })), v.minLength(1), v.maxLength(500)),
  ),
  muted: v.optional(FlagShape),
  marked: v.optional(MarkShape),
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
});

/** Its sender takes a message back: the body goes everywhere, and it counts for nobody. */
export const RecallEntryShape = v.strictObject({
  kind: v.literal('recall'),
  key: Key,
  conversationId: ConversationIdShape,
  cursor: WrittenAt,
  id: Id,
});

/** Each entry is read alone: one that is malformed or of an unknown kind is refused by its key, the others go on (F62, F105). */
export const EntryShape = v.variant('kind', [ReceiptsEntryShape, MessageEntryShape, RecallEntryShape]);
export type WireEntry = v.InferOutput<typeof EntryShape>;
export type WireReceiptsEntry = v.InferOutput<typeof ReceiptsEntryShape>;
export type WireRecallEntry = v.InferOutput<typeof RecallEntryShape>;
export type WireMessageEntry = v.InferOutput<typeof MessageEntryShape>;

/** Client → server. One in flight at a time. */
export const Submit = v.strictObject({
  type: v.literal('submit'),
  id: RequestId,
  /** As in a pull: where what was acked there is lost, nothing of this is taken. */
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

/** `named`: in effect, now or already; `row` is what it left behind. `rejected`: never will be. `retry`: not now, not its fault. */
export const ResultShape = v.variant('outcome', [
  v.strictObject({
    outcome: v.literal('confirmed'),
    key: Key,
    row: v.nullable(RowShape),
    /** For a message: the place and time it was given. */
    message: v.optional(
      v.strictObject({
        seq: v.pipe(SeqShape, v.minValue(1)),
        sentAt: Time,
        /** Taken back meanwhile, by another device of its sender. */
        recalled: v.optional(v.literal(true)),
      }),
    ),
    /** Single ids refused within an entry that is otherwise in effect. */
    refused: v.optional(v.array(v.strictObject({ id: Id, code: RejectedCodeShape }))),
  }),
  v.strictObject({ outcome: v.literal('rejected'), key: Key, code: RejectedCodeShape, message: v.string() }),
  v.strictObject({ outcome: v.literal('retry'), key: Key, retryAfterMs: SeqShape }),
]);
export type WireResult = v.InferOutput<typeof ResultShape>;

/** Server → client: one result per entry, in the order of the entries. */
export const Answer = v.strictObject({
  type: v.literal('answer'),
  id: RequestId,
  results: v.array(ResultShape),
  /** A place in the server's history that holds all of what was acked; absent where nothing was. */
  at: v.optional(CursorShape),
});
