/**
 * The rows in the results of an answer: the state of each entry's conversation after the frame, within the
 * size of a frame.
 */
import { byteLength } from '../../model/byte-length.ts';
import type { ConversationId } from '../../model/ids.ts';
import { fromSeqs, NO_RANGES, union } from '../../model/registers/ranges.ts';
import { joinReceiptsSent, NO_RECEIPTS_SENT, type ReceiptsSent } from '../../model/message/receipt.ts';
import { MAX_SERVER_FRAME_BYTES } from '../../protocol/limits.ts';
import type { WireEntry, WireResult } from '../../protocol/submit.ts';
import type { SubmitWork } from './submit-work.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import { type MemberView, rowsOfViews, viewOf } from '../feed/summary-rows.ts';

/** The fields of a confirmed entry's result that the entry's kind adds. */
type Extra = Omit<Extract<WireResult, { readonly outcome: 'confirmed' }>, 'outcome' | 'key' | 'row'>;

/** The result of one entry, before its row is added. */
export type Outcome =
  WireResult | { readonly entry: WireEntry; readonly key: string; readonly conversationId: ConversationId | null; readonly extra: Extra };

export const confirmed = (entry: WireEntry, extra: Extra = {}): Outcome => ({
  entry,
  key: entry.key,
  conversationId: entry.kind === 'settings' ? null : entry.conversationId,
  extra,
});

/** Receipts in the confirmed entries of this frame, by conversation. */
const addedBy = (unit: SubmitWork, outcomes: readonly Outcome[]): ReadonlyMap<number, ReceiptsSent> => {
  const added = new Map<number, ReceiptsSent>();
  for (const one of outcomes) {
    const conversation = 'extra' in one && one.conversationId !== null ? unit.conversation(one.conversationId) : undefined;
    if (!('extra' in one) || !conversation || one.entry.kind !== 'receipts') continue;
    const { delivered = NO_RANGES, read = NO_RANGES, named = NO_RANGES, namedIds = [] } = one.entry;
    const seqs = namedIds.flatMap((id) => unit.messagesById.get(id)?.seq ?? []);
    const receipts = { delivered, read, named: union(named, fromSeqs(seqs)) };
    added.set(conversation.id, joinReceiptsSent(added.get(conversation.id) ?? NO_RECEIPTS_SENT, receipts));
  }
  return added;
};

/** Half of the largest frame, because the parts of a frame beside its rows take room too. */
const ROW_BUDGET = MAX_SERVER_FRAME_BYTES / 2;

/**
 * Adds to every confirmed entry the row of its conversation after the frame. When the rows grow too long,
 * later entries of an answered conversation get no row. An entry without any room for its row is answered
 * `retry`: the entry is already in effect, so the retry only fetches the row.
 */
export const withRows = async (
  tx: ServerReadTx,
  unit: SubmitWork,
  outcomes: readonly Outcome[],
  wantsRows = true,
): Promise<readonly WireResult[]> => {
  const wanted = new Map<number, MemberView>();
  for (const one of wantsRows ? outcomes : []) {
    const conversation = 'extra' in one && one.conversationId !== null ? unit.conversation(one.conversationId) : undefined;
    if (conversation) wanted.set(conversation.id, viewOf(conversation, unit.member(conversation), unit.peer(conversation)));
  }
  const rows = new Map(
    (await rowsOfViews(tx, unit.me, [...wanted.values()], { before: 'entries', added: addedBy(unit, outcomes) })).map((row) => [
      row.conversationId,
      row,
    ]),
  );
  const lengths = new Map([...rows].map(([id, row]) => [id, byteLength(JSON.stringify(row))]));
  let spent = 0;
  const answered = new Set<ConversationId>();
  return outcomes.map((one): WireResult => {
    if (!('extra' in one)) return one;
    const { key, conversationId, extra } = one;
    if (conversationId === null) return { outcome: 'confirmed', key, row: null, ...extra };
    const length = lengths.get(conversationId) ?? 0;
    const fits = spent + length <= ROW_BUDGET;
    if (!fits && !answered.has(conversationId)) return { outcome: 'retry', key, retryAfterMs: 0 };
    if (fits) spent += length;
    answered.add(conversationId);
    return { outcome: 'confirmed', key, row: fits ? (rows.get(conversationId) ?? null) : null, ...extra };
  });
};
