/** Clears single messages: they no longer count as unread for this user. The position does not move, and the senders learn nothing. */
import { clearUnder, countsAbove } from '../../model/registers/flag.ts';
import type { ConversationId, MessageId } from '../../model/ids.ts';
import { contains, fromSeqs } from '../../model/registers/ranges.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';
import { notStoredHere, requireMovable } from './positions.ts';

/**
 * Clears these messages. Own, recalled and read messages add nothing.
 *
 * @throws {UsageError} `usage/unknown-message` when this device does not store one of the messages in this conversation: then no message is
 * cleared. `usage/unknown-conversation` when the first snapshot has not arrived and the conversation is not known yet.
 */
export const clearMessages = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  messageIds: readonly MessageId[],
): Promise<void> => {
  const { model } = draft;
  const conversation = requireMovable(draft, conversationId);
  // An own message that is not sent yet never counts.
  const ids = [...new Set(messageIds)].filter((id) => model.findPending(id)?.conversationId !== conversationId);
  if (conversation) await model.index.prefetch(draft.tx, model, [{ conversationId, ids }]);
  const seqs = ids.map((id) => {
    const message = conversation && model.index.find(conversation, id);
    if (!message) throw notStoredHere(id);
    return message.own || message.recalled ? 0 : message.seq;
  });
  if (!conversation) return;
  const { row, readUpTo, mark, cleared: before } = conversation;
  const base = countingBase(row, countsAbove(mark, readUpTo));
  // A message that the row leaves out may count later: its sender may be blocked for now. So it is cleared too.
  const cleared = fromSeqs(seqs.filter((seq) => seq > base && !contains(before, seq)));
  const marked = clearUnder(mark, readUpTo, cleared);
  enqueueReceipts(draft, ports, conversationId, { cleared, ...(marked ? { marked } : {}) });
};

export const clearMessagesIntents = {
  clearMessages: { readsPages: true, lookup: (conversationId, ids) => ({ conversationId, ids }), decide: clearMessages },
} satisfies Partial<IntentTable>;
