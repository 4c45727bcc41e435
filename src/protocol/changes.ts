/** The frames of the change feed, and of messages on request. */
import * as v from 'valibot';
import {
  AccountShape,
  ConversationIdShape,
  CursorShape,
  FromOne,
  GroupReceiptShape,
  Id,
  MessageShape,
  RangesShape,
  ReceiptTimesShape,
  RequestId,
  RowShape,
  SeqShape,
  StepShape,
  Time,
} from './shapes.ts';
import { MAX_RANGES_PER_WANT, MAX_WANTS_PER_FETCH } from './limits.ts';

/**
 * The longest time for which a server may hold an answer over HTTP: shorter than the idle timeout of proxies.
 */
const MAX_WAIT_MS = 25_000;

/**
 * Client → server: asks for all changes after the cursor, and for live changes afterwards. `null` asks for a
 * snapshot.
 */
export const Pull = v.strictObject({
  type: v.literal('pull'),
  cursor: v.nullable(CursorShape),
  /** The `at` of the newest `answer`, if the client has one. The feed may be behind it. */
  confirmedAt: v.optional(CursorShape),
  /** The cursor ended a frame of an incomplete snapshot, and the device continues this snapshot. */
  snapshot: v.optional(v.literal(true)),
  /** The client has caught up before: the changes are news, and name the readers of group messages. */
  live: v.optional(v.literal(true)),
  /**
   * HTTP: how long the server may hold the answer if there is no change yet. Without effect on a WebSocket.
   */
  waitMs: v.optional(v.pipe(SeqShape, v.maxValue(MAX_WAIT_MS))),
});

/** A message on the wire. The sender also gets the receipts of the message so far. */
export const WireMessageShape = v.strictObject({
  ...MessageShape.entries,
  times: v.optional(ReceiptTimesShape),
  /** Groups: present if the message asks for receipts. */
  receipt: v.optional(GroupReceiptShape),
});
/** A message on the wire. `body` is JSON text. */
export type WireMessage = v.InferOutput<typeof WireMessageShape>;

export const MessagesOf = v.strictObject({ conversationId: ConversationIdShape, messages: v.array(WireMessageShape) });

/** The state of a group message's receipts. */
export const ReceiptChange = v.strictObject({
  conversationId: ConversationIdShape,
  seq: FromOne,
  id: Id,
  ...GroupReceiptShape.entries,
  /** The members whose receipts are part of this change, each with the text of the receipt. A catch-up names no readers. */
  readers: v.optional(v.array(v.strictObject({ by: Id, content: v.optional(v.string()) }))),
});
export type WireReceiptChange = v.InferOutput<typeof ReceiptChange>;

/**
 * Server → client: the changes from one cursor to the next. A client applies the frame only if its own cursor
 * is `from`, and stores rows and cursor in one transaction (I-17); otherwise the client pulls. `complete`:
 * nothing newer existed when the server made the frame. The server may leave messages out: the client fetches its
 * missing messages up to `latestSeq`.
 */
export const Changes = v.strictObject({
  type: v.literal('changes'),
  from: v.nullable(CursorShape),
  to: CursorShape,
  rows: v.array(RowShape),
  messages: v.array(MessagesOf),
  steps: v.array(StepShape),
  /** The user's own account settings, if they changed. */
  account: v.optional(AccountShape),
  /** Absent if no receipt changed. */
  receipts: v.optional(v.array(ReceiptChange)),
  complete: v.boolean(),
  /** Only with `complete`: the server's time of the read. The client has all changes of the time before. */
  asOf: v.optional(Time),
});

const WantShape = v.pipe(
  v.strictObject({
    conversationId: ConversationIdShape,
    seqs: v.pipe(RangesShape, v.maxLength(MAX_RANGES_PER_WANT)),
    /** One more message of the conversation, by its id. */
    messageId: v.optional(Id),
    limit: FromOne,
  }),
  v.check(({ seqs, messageId }) => seqs.length > 0 || messageId !== undefined, 'a want names ranges or a message id'),
);

/** Client → server: asks for messages by seq or id, the newest first, at most `limits.fetchMessages` in all. */
export const Fetch = v.strictObject({
  type: v.literal('fetch'),
  id: RequestId,
  wants: v.pipe(v.array(WantShape), v.minLength(1), v.maxLength(MAX_WANTS_PER_FETCH)),
});

/** Server → client: answers a `fetch`, in one or more frames. The last frame is `complete`. */
export const Messages = v.strictObject({
  type: v.literal('messages'),
  id: RequestId,
  of: v.array(MessagesOf),
  complete: v.boolean(),
});
