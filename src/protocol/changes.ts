/** The change feed down, and messages by request. */
import * as v from 'valibot';
import {
  ConversationIdShape,
  CursorShape,
  GroupReceiptShape,
  Id,
  MessageShape,
  RangesShape,
  RequestId,
  RowShape,
  SeqShape,
  StepShape,
  Time,
} from './shapes.ts';

/** As long as an answer over the HTTP door may be held: shorter than what lies between takes for idle. */
const MAX_WAIT_MS = 25_000;

/** Client → server: everything after this cursor, then live; `null` asks for a snapshot. */
export const Pull = v.strictObject({
  type: v.literal('pull'),
  cursor: v.nullable(CursorShape),
  /** The place the newest `answer` named, where there was one: the feed may be behind it. */
  confirmedAt: v.optional(CursorShape),
  /** The cursor ended a frame of a snapshot that is not complete yet: the device goes on with that snapshot. */
  snapshot: v.optional(v.literal(true)),
  /** HTTP door: where nothing is new the answer may be held for so long, until something is. Elsewhere without effect. */
  waitMs: v.optional(v.pipe(SeqShape, v.maxValue(MAX_WAIT_MS))),
});

/** A message on the wire: an own one carries what its receipts came to so far. */
export const WireMessageShape = v.strictObject({
  ...MessageShape.entries,
  times: v.optional(v.strictObject({ delivered: v.optional(Time), read: v.optional(Time), named: v.optional(Time) })),
  /** Groups, where it asked. */
  receipt: v.optional(GroupReceiptShape),
});
export type WireMessage = v.InferOutput<typeof WireMessageShape>;

export const MessagesOf = v.strictObject({ conversationId: ConversationIdShape, messages: v.array(WireMessageShape) });

/** What became of a group message's receipts. */
export const ReceiptChange = v.strictObject({
  conversationId: ConversationIdShape,
  seq: v.pipe(SeqShape, v.minValue(1)),
  id: Id,
  ...GroupReceiptShape.entries,
  /** Where this step is one reader's: who, and the text they gave. */
  by: v.optional(Id),
  content: v.optional(v.string()),
});
export type WireReceiptChange = v.InferOutput<typeof ReceiptChange>;

/**
 * Server → client: one step of the feed. Applied only on the cursor it starts from, rows and cursor in one transaction (I-17);
 * otherwise the client pulls. `complete`: nothing newer existed when it was written. Messages may be left out: what a row's
 * `latestSeq` shows and the device does not hold, it fetches.
 */
export const Changes = v.strictObject({
  type: v.literal('changes'),
  from: v.nullable(CursorShape),
  to: CursorShape,
  rows: v.array(RowShape),
  messages: v.array(MessagesOf),
  steps: v.array(StepShape),
  /** Left out where there are none. */
  receipts: v.optional(v.array(ReceiptChange)),
  complete: v.boolean(),
});

/** Client → server: messages by place, newest first, at most `limits.fetchMessages` in all. */
export const Fetch = v.strictObject({
  type: v.literal('fetch'),
  id: RequestId,
  wants: v.pipe(
    v.array(
      v.strictObject({
        conversationId: ConversationIdShape,
        seqs: v.pipe(
          RangesShape,
          v.check((ranges) => ranges.length > 0 && ranges.length <= 64, '1 to 64 ranges'),
        ),
        limit: v.pipe(SeqShape, v.minValue(1)),
      }),
    ),
    v.minLength(1),
    v.maxLength(200),
  ),
});

/** Server → client: answers a `fetch`, in as many frames as it takes; the last one is `complete`. */
export const Messages = v.strictObject({
  type: v.literal('messages'),
  id: RequestId,
  of: v.array(MessagesOf),
  complete: v.boolean(),
});
