/**
 * Applies receipts for group messages. The server judges each receipt alone, and a receipt counts once. A
 * stored receipt is confirmed without a look at the receipt window (I-2). For a new receipt the database's
 * clock decides (I-9).
 */
import type { MessageId, Seq } from '../../model/ids.ts';
import { contains, fromSeqs, intersect, NO_RANGES, type Ranges, seqsOf, subtract, union } from '../../model/registers/ranges.ts';
import { clampTo, gapsBeside, namedSeqs, type ReceiptsInput, type ReceiptsWork, type Refused } from './apply-receipts.ts';
import type { SubmitWork } from './submit-work.ts';
import type { ReceiptRecord } from '../store/receipt-records.ts';
import type { MessageRecord, ConversationRange } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';

/** A receipts entry of a group: the added seqs, and the receipt records of these messages. */
export interface GroupWork extends ReceiptsWork {
  /** Open receipt records for this entry, by seq. */
  readonly receipts: ReadonlyMap<Seq, ReceiptRecord>;
  /** Receipt records past their window and not yet marked as expired. */
  readonly newlyExpired: readonly ReceiptRecord[];
  readonly contents: ReadonlyMap<Seq, string>;
}

const NOTHING = { delivered: NO_RANGES, read: NO_RANGES, named: NO_RANGES };

const contentsOf = (
  { entry, conversation }: ReceiptsInput,
  messagesById: ReadonlyMap<MessageId, MessageRecord>,
): ReadonlyMap<Seq, string> => {
  const contents = new Map<Seq, string>();
  for (const { id, text } of entry.contents ?? []) {
    const message = messagesById.get(id);
    if (message?.conversationId === conversation.id) contents.set(message.seq, text);
  }
  return contents;
};

/**
 * Gaps next to the added seqs without any receipt request to the reader. The reader's own row closes these gaps, so
 * the set stays small and its newest ranges describe the whole set. Other members do not see the closed gaps.
 */
const bridgesOf = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  drafts: readonly { readonly input: ReceiptsInput; readonly receipts: ReadonlyMap<Seq, ReceiptRecord> }[],
): Promise<readonly Ranges[]> => {
  const gaps = drafts.map(({ input, receipts }) => gapsBeside(input.member.named, fromSeqs(receipts.keys())));
  const gapRanges = drafts.flatMap(({ input }, i) => gaps[i]!.map((one) => ({ conversationId: input.conversation.id, range: one })));
  const asking = gapRanges.length > 0 ? await tx.receiptsIn(gapRanges) : [];
  return drafts.map(({ input: { conversation, member } }, i) => {
    const pendingReceipts = asking
      .filter(
        ({ conversationId, senderId, seq }) => conversationId === conversation.id && senderId !== unit.me && contains(member.present, seq),
      )
      .map(({ seq }) => seq);
    return gaps[i]!.filter(([from, upTo]) => !pendingReceipts.some((seq) => seq >= from && seq <= upTo));
  });
};

/** Reads all inputs for the receipts entries of groups in one frame, in a few batch queries. */
export const prepareGroupAcks = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  inputs: readonly ReceiptsInput[],
): Promise<readonly GroupWork[]> => {
  const asked: ConversationRange[] = [];
  const drafts = inputs.map((input) => {
    const { entry, limit, conversation, member } = input;
    const named = namedSeqs(input, unit);
    const wanted = union(clampTo(entry.named, limit), fromSeqs(named.seqs));
    const candidates = subtract(intersect(wanted, member.present), member.named);
    asked.push(...candidates.map((one) => ({ conversationId: conversation.id, range: one })));
    return { input, refused: named.refused, candidates };
  });
  const byConversation = new Map<number, ReceiptRecord[]>();
  for (const receipt of asked.length > 0 ? await tx.receiptsIn(asked) : []) {
    if (receipt.senderId === unit.me) continue;
    const list = byConversation.get(receipt.conversationId);
    if (list) list.push(receipt);
    else byConversation.set(receipt.conversationId, [receipt]);
  }
  const isExpired = ({ expired, expiresAt }: ReceiptRecord): boolean => expired || unit.now > expiresAt;

  const late: ConversationRange[] = [];
  const judged = drafts.map(({ input, refused, candidates }) => {
    const records = (byConversation.get(input.conversation.id) ?? []).filter(({ seq }) => contains(candidates, seq));
    const expired = records.filter(isExpired);
    for (const { conversationId, seq } of expired) late.push({ conversationId, range: [seq, seq] });
    return { input, refused, expired, receipts: new Map(records.filter((one) => !isExpired(one)).map((one) => [one.seq, one])) };
  });
  const lateIds = new Map(
    (late.length > 0 ? await tx.messagesIn(late, 0) : []).map(({ conversationId, seq, id }) => [`${conversationId} ${seq}`, id]),
  );

  const bridges = await bridgesOf(tx, unit, judged);

  return judged.map(({ input, refused, expired, receipts }, i): GroupWork => {
    const expiredRefusals = expired.map(({ conversationId, seq }): Refused[number] => ({
      id: lateIds.get(`${conversationId} ${seq}`)!,
      code: 'rejected/receipt-expired',
    }));
    return {
      ...input,
      added: { ...NOTHING, named: fromSeqs(receipts.keys()) },
      bridges: { ...NOTHING, named: bridges[i]! },
      refused: [...refused, ...expiredRefusals],
      receipts,
      newlyExpired: expired.filter((one) => !one.expired),
      contents: contentsOf(input, unit.messagesById),
    };
  });
};

/**
 * Records the receipts first brought by this entry, and expires the receipt records found past their window.
 */
export const recordGroupAcks = (unit: SubmitWork, work: GroupWork, fresh: Iterable<Seq>): void => {
  for (const seq of fresh) unit.addAck(work.conversation, work.receipts.get(seq)!, work.contents.get(seq) ?? null);
  for (const receipt of work.newlyExpired) unit.expire(work.conversation, receipt);
};

export const freshSeqs = (steps: readonly { readonly range: readonly [Seq, Seq] }[]): Seq[] =>
  steps.flatMap(({ range: one }) => [...seqsOf([one])]);
