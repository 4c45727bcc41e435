/**
 * Applies one `receipts` entry to a member row. Each register has its own merge rule, so a retry changes
 * nothing (I-2, I-4).
 */
import type { ReadBy } from '../../model/conversation/conversation.ts';
import { countsAbove, latestFlag, latestMark, type Mark, sameMark } from '../../model/registers/flag.ts';
import type { Seq, UserId } from '../../model/ids.ts';
import {
  above,
  contains,
  fromSeqs,
  intersect,
  NO_RANGES,
  range,
  type Range,
  type Ranges,
  sameRanges,
  subtract,
  union,
} from '../../model/registers/ranges.ts';
import type { ReceiptKind } from '../../model/message/receipt.ts';
import type { ReceiptSettings } from '../../model/message/receipt-settings.ts';
import type { WireReceiptsEntry, WireResult } from '../../protocol/submit.ts';
import type { ConversationRecord, MemberRecord, StepRecord, ConversationRange } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import { untoldAfter } from './allowed-receipts.ts';
import type { SubmitWork } from './submit-work.ts';

export type Refused = NonNullable<Extract<WireResult, { outcome: 'confirmed' }>['refused']>;

/**
 * The widest gap closed between two ranges. A gap is closed if it holds only the reader's own messages, so
 * the sets stay small.
 */
const MAX_GAP = 1000;

const KINDS: readonly ReceiptKind[] = ['delivered', 'read', 'named'];

/** A receipts entry with all its inputs, read in batches for the whole frame. */
export interface ReceiptsWork {
  readonly entry: WireReceiptsEntry;
  readonly conversation: ConversationRecord;
  /** Receipts of the entry, clamped to existing messages. `named` holds only messages awaiting a receipt. */
  readonly added: Record<ReceiptKind, Ranges>;
  /** Gaps between ranges with only the reader's own messages. */
  readonly bridges: Record<ReceiptKind, Ranges>;
  readonly refused: Refused;
  /** The receipts that the account's settings let through. */
  readonly allowed: ReceiptSettings;
  /** The highest seq valid in the entry: existing messages, as far as the device can have known them. */
  readonly limit: Seq;
}

export const clampTo = (ranges: Ranges | undefined, limit: Seq): Ranges => intersect(ranges ?? NO_RANGES, range(1, limit));

/** Gaps next to the added ranges, if narrow enough to check. */
export const gapsBeside = (before: Ranges, added: Ranges): Ranges => {
  const fresh = subtract(added, before);
  if (fresh.length === 0) return NO_RANGES;
  const after = union(before, added);
  const gaps: Range[] = [];
  for (let i = 1; i < after.length; i++) {
    const left = after[i - 1]!;
    const right = after[i]!;
    if (right[0] - left[1] - 1 > MAX_GAP) continue;
    // If neither neighbour is new, an earlier entry already checked this gap.
    if (contains(fresh, left[1]) || contains(fresh, right[0])) gaps.push([left[1] + 1, right[0] - 1]);
  }
  return gaps;
};

export interface ReceiptsInput {
  readonly entry: WireReceiptsEntry;
  readonly limit: Seq;
  readonly conversation: ConversationRecord;
  readonly member: MemberRecord;
  readonly allowed: ReceiptSettings;
}

/**
 * Seqs of the message ids in an entry. An id of no visible message of the conversation is refused by itself
 * (I-5). The id of a message that has ended is not refused, and has no effect.
 */
export const namedSeqs = (
  { entry, conversation, member }: ReceiptsInput,
  known: Pick<SubmitWork, 'messagesById' | 'ended'>,
): { readonly seqs: readonly Seq[]; readonly refused: Refused } => {
  const refused: Refused = [];
  const seqs: Seq[] = [];
  for (const id of entry.namedIds ?? []) {
    const message = known.messagesById.get(id) ?? known.ended.get(id);
    const isVisible = message?.conversationId === conversation.id && (member.role !== null || message.seq <= member.joinedAt);
    if (!isVisible) refused.push({ id, code: 'rejected/unknown-message' });
    else if (message.seq >= conversation.firstSeq) seqs.push(message.seq);
  }
  return { seqs, refused };
};

/**
 * Reads all inputs for the receipts entries of direct chats in one frame, in two batch queries. A receipt for
 * the reader's own message has no effect (I-5).
 */
export const prepareReceipts = async (
  tx: ServerReadTx,
  me: UserId,
  inputs: readonly ReceiptsInput[],
  known: Pick<SubmitWork, 'messagesById' | 'ended'>,
): Promise<readonly ReceiptsWork[]> => {
  const asked: ConversationRange[] = [];
  const drafts = inputs.map((input) => {
    const { entry, limit, conversation, member } = input;
    const { seqs, refused } = namedSeqs(input, known);
    const clamped = (ranges: Ranges | undefined): Ranges => clampTo(ranges, limit);
    const candidates = subtract(union(clamped(entry.named), fromSeqs(seqs)), member.named);
    const from = asked.length;
    asked.push(...candidates.map((one) => ({ conversationId: conversation.id, range: one })));
    return { input, refused, delivered: clamped(entry.delivered), read: clamped(entry.read), from, upTo: asked.length };
  });
  const [ackable = []] = await tx.islands(['ackable'], me, asked);

  const gapRanges: ConversationRange[] = [];
  const withNamed = drafts.map(({ input, refused, delivered, read, from, upTo }) => {
    const added = { delivered, read, named: ackable.slice(from, upTo).reduce(union, NO_RANGES) };
    const start = gapRanges.length;
    const gaps = KINDS.map((kind) => gapsBeside(input.member[kind], added[kind]));
    for (const one of gaps) gapRanges.push(...one.map((gap) => ({ conversationId: input.conversation.id, range: gap })));
    return { input, refused, added, gaps, start };
  });
  const [own = []] = await tx.islands(['own'], me, gapRanges);

  return withNamed.map(({ input, refused, added, gaps, start }) => {
    let i = start;
    const bridge = (kind: number): Ranges => gaps[kind]!.filter((gap) => sameRanges(own[i++] ?? NO_RANGES, [gap]));
    const bridges = { delivered: bridge(0), read: bridge(1), named: bridge(2) };
    return { ...input, added, bridges, refused };
  });
};

/** The mark after an entry. Its messages are clamped like a position, so the mark names no message of a lost history. */
const markAfter = (mine: Mark, theirs: Mark | undefined, limit: Seq): Mark => {
  if (!theirs) return mine;
  const { from, cleared, ...mark } = { ...theirs, at: Math.min(theirs.at, limit) };
  if (from === undefined || from > limit) return latestMark(mine, mark);
  return latestMark(mine, cleared ? { ...mark, from, cleared: clampTo(cleared, limit) } : { ...mark, from });
};

export interface ReceiptsEffect {
  readonly member: MemberRecord;
  readonly steps: readonly Omit<StepRecord, 'at' | 'version'>[];
  /** The user's settings kept some read receipts of the entry from taking effect. */
  readonly withheld: boolean;
}

/**
 * Computes the member row and the new steps after the entry. `by` names the device and the time.
 *
 * @returns without `member` if everything was already in effect.
 */
export const applyReceipts = (
  member: MemberRecord,
  work: ReceiptsWork,
  by: ReadBy,
): ReceiptsEffect | { readonly member?: undefined; readonly withheld: boolean } => {
  const { entry, limit, added, bridges, allowed } = work;
  const position = Math.min(entry.position ?? 0, limit);
  const muted = entry.muted ? latestFlag(member.muted, entry.muted) : member.muted;
  const marked = markAfter(member.marked, entry.marked, limit);
  const countedFrom = countsAbove(marked, Math.max(member.readUpTo, position));
  const cleared = above(union(member.cleared, clampTo(entry.cleared, limit)), countedFrom);
  const untold = untoldAfter(member, entry, added, allowed, limit);
  const archived = entry.archived
    ? latestMark(member.archived, { ...entry.archived, at: Math.min(entry.archived.at, limit) })
    : member.archived;

  const steps: Omit<StepRecord, 'at' | 'version'>[] = [];
  const after = { delivered: member.delivered, read: member.read, named: member.named };
  let withheld = false;
  for (const kind of KINDS) {
    const fresh = subtract(added[kind], member[kind]);
    const told = kind === 'delivered' ? (allowed.deliveryReceipts ? fresh : NO_RANGES) : subtract(fresh, untold);
    if (kind !== 'delivered') withheld ||= !sameRanges(told, fresh);
    if (told.length === 0) continue;
    for (const one of told) steps.push({ conversationId: member.conversationId, userId: member.userId, kind, range: one });
    after[kind] = union(union(member[kind], told), bridges[kind]);
  }

  const isUnchanged =
    steps.length === 0 &&
    position <= member.readUpTo &&
    sameRanges(cleared, member.cleared) &&
    sameRanges(untold, member.untold) &&
    muted.count === member.muted.count &&
    muted.value === member.muted.value &&
    sameMark(marked, member.marked) &&
    sameMark(archived, member.archived);
  if (isUnchanged) return { withheld };
  const moved = position > member.readUpTo ? { readUpTo: position, readBy: by } : {};
  return { member: { ...member, ...after, ...moved, cleared, muted, marked, archived, untold }, steps, withheld };
};
