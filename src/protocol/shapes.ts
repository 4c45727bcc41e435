/** Shapes that several frames share. All shapes are strict: the codec refuses a frame with an unknown key. */
import * as v from 'valibot';
import { type ConversationId, ID_RULE, isConversationId, isId } from '../model/ids.ts';
import { isMentions, MAX_MENTIONS, type Mentions } from '../model/message/mentions.ts';
import { isRanges, type Range, type Ranges } from '../model/registers/ranges.ts';

export const Id = v.custom<string>(isId, `an id is ${ID_RULE}`);
export const ConversationIdShape = v.custom<ConversationId>(
  isConversationId,
  `"direct:<user id>" or "group:<group id>", the id being ${ID_RULE}`,
);
/** One check is quicker than a pipe of three, and a frame of changes has thousands of numbers. */
const wholeFrom = (least: number) =>
  v.custom<number>((value) => Number.isSafeInteger(value) && (value as number) >= least, `a whole number from ${least}`);

export const SeqShape = wholeFrom(0);
export const FromOne = wholeFrom(1);
/** A frame with one entry does not always fit into less. */
export const FrameBytes = wholeFrom(1024);
export const Time = SeqShape;
export const RangeShape = v.custom<Range>((value) => isRanges([value]), 'a range [from, upTo], from 1');
export const RangesShape = v.custom<Ranges>(isRanges, 'ranges: sorted, disjoint, non-adjacent [from, upTo], from 1');
export const MentionsShape = v.custom<Mentions>(isMentions, `"all" or 1 to ${MAX_MENTIONS} user ids`);
/** A cursor. The client stores and sends back cursors, and never parses them. */
export const CursorShape = v.custom<string>(
  (value) => typeof value === 'string' && value.length > 0 && value.length <= 128,
  'a text of 1 to 128 characters',
);
export const FlagShape = v.strictObject({ count: SeqShape, value: v.boolean() });
export const ArchiveShape = v.strictObject({ count: SeqShape, value: v.boolean(), at: SeqShape });
export const MarkShape = v.strictObject({
  count: SeqShape,
  value: v.boolean(),
  at: SeqShape,
  /** The message from which on the user marked the conversation unread. */
  from: v.optional(FromOne),
  /** The messages from there on that the user cleared one by one since. */
  cleared: v.optional(RangesShape),
});
/** The number that pairs a request with its answers on one connection. */
export const RequestId = FromOne;

/** The receipt settings of an account: flags, with `true` for "sends receipts". */
export const AccountShape = v.strictObject({ version: SeqShape, deliveryReceipts: FlagShape, readReceipts: FlagShape });
export type WireAccount = v.InferOutput<typeof AccountShape>;

export const MessageShape = v.strictObject({
  id: Id,
  seq: FromOne,
  senderId: Id,
  sentAt: Time,
  /** JSON text, at most `MAX_BODY_BYTES` of `model/message/message.ts`. Empty after a recall, and in a row's `lastMessage` above 256 bytes. */
  body: v.string(),
  receiptRequested: v.boolean(),
  countable: v.boolean(),
  recalled: v.boolean(),
  /** The message mentions the reader. */
  mentionsMe: v.optional(v.literal(true)),
});

const CountedShape = v.strictObject({ at: SeqShape, upTo: SeqShape, count: SeqShape });

export const ReceiptsSentShape = v.strictObject({ delivered: RangesShape, read: RangesShape, named: RangesShape });

export const RowShape = v.strictObject({
  conversationId: ConversationIdShape,
  version: SeqShape,
  latestSeq: SeqShape,
  firstSeq: FromOne,
  joinedAt: SeqShape,
  readUpTo: SeqShape,
  readBy: v.nullable(v.strictObject({ deviceId: Id, at: Time })),
  uncounted: RangesShape,
  /** The messages cleared one by one by the reader. */
  cleared: RangesShape,
  counted: v.nullable(CountedShape),
  /** The messages counted as unread that mention the reader. Above 256 ranges, `mentionsCounted` gives their number. */
  mentions: RangesShape,
  mentionsCounted: v.nullable(CountedShape),
  muted: FlagShape,
  marked: MarkShape,
  /**
   * Messages that no receipt of the reader names: read while the reader's settings forbade receipts. Only the
   * reader's own devices get these ranges.
   */
  untold: RangesShape,
  archived: ArchiveShape,
  /** The first message above `archived.at` that counts for the reader, recalled ones included; 0 if there is none. */
  reopenedBy: SeqShape,
  /** Groups: whether the reader has left, or was removed. The count is the number of joins and departures. */
  left: FlagShape,
  mine: ReceiptsSentShape,
  theirs: ReceiptsSentShape,
  lastMessage: v.nullable(MessageShape),
  /**
   * Groups: the messages that were stored while the reader was a member. Other messages ask the reader for no
   * receipt.
   */
  present: RangesShape,
});

/** Direct chats: when the peer first covered the message with each kind of receipt. */
export const ReceiptTimesShape = v.strictObject({ delivered: v.optional(Time), read: v.optional(Time), named: v.optional(Time) });

/**
 * The receipts of a group message. `memberCount`: the members when the message was stored, without its
 * sender. `readCount`: the number of readers among these members. Both are 0 for a user who may not see the
 * numbers.
 */
export const GroupReceiptShape = v.strictObject({
  readCount: SeqShape,
  memberCount: SeqShape,
  /** The receipt window has ended: the server accepts no more receipts for the message. */
  expired: v.boolean(),
});

export const StepShape = v.strictObject({
  conversationId: ConversationIdShape,
  by: Id,
  kind: v.picklist(['delivered', 'read', 'named']),
  range: RangeShape,
  at: Time,
});
