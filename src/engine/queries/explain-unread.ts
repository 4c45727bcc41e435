/** Explains a conversation's unread count: the positions, the pending entries and the counted messages behind it. */
import type { ConversationId } from '../../model/ids.ts';
import { isMarked } from '../../model/registers/flag.ts';
import { subtract } from '../../model/registers/ranges.ts';
import type { UnreadExplanation } from '../../model/conversation/unread.ts';
import type { AccountState } from '../state/account-state.ts';

export const explainUnread = (model: AccountState, conversationId: ConversationId): UnreadExplanation => {
  const { row, readUpTo, mark, unread, receipts, storedSeqs, counted, uncounted } = model.getOrBlank(conversationId);
  return {
    conversationId,
    ...unread,
    readUpTo,
    markedFrom: isMarked(mark, readUpTo) ? (mark.from ?? null) : null,
    server: { readUpTo: row.readUpTo, by: row.readBy },
    pending: receipts.map(({ key, pendingReceipts: { position, cleared }, at, sent }) => ({ key, position, cleared, at, sent })),
    latestSeq: row.latestSeq,
    uncounted,
    counted,
    notHeld: subtract(counted, storedSeqs),
  };
};
