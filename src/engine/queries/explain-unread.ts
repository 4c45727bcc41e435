/** Explains a conversation's unread count: the positions, the pending entries and the counted messages behind it. */
import type { ConversationId } from '../../model/ids.ts';
import { isMarked } from '../../model/registers/flag.ts';
import { NO_RANGES, subtract } from '../../model/registers/ranges.ts';
import type { UnreadExplanation } from '../../model/conversation/unread.ts';
import type { AccountState } from '../state/account-state.ts';

export const explainUnread = (model: AccountState, conversationId: ConversationId): UnreadExplanation => {
  const conversation = model.get(conversationId);
  if (!conversation)
    return {
      conversationId,
      unreadCount: 0,
      exact: true,
      readUpTo: 0,
      markedFrom: null,
      server: { readUpTo: 0, by: null },
      pending: [],
      latestSeq: 0,
      uncounted: NO_RANGES,
      counted: NO_RANGES,
      notHeld: NO_RANGES,
    };
  const { row, readUpTo, mark, unread, receipts, storedSeqs, counted, uncounted } = conversation;
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
