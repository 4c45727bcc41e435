/**
 * Reading an open group: moves the user's private read position, and queues a receipt for each message with a request
 * for receipts. The senders learn nothing else.
 */
import type { ConversationId, MessageId } from '../../model/ids.ts';
import { range } from '../../model/registers/ranges.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentTable } from './intent.ts';
import { movedTo, requireMovable, seqOf } from './positions.ts';
import { requestingReceipt } from './read-arrivals.ts';

/**
 * Reads an open group: a clear, and receipts for the stored messages that request a receipt.
 *
 * @param upTo the newest message that the user has seen; default: the newest known message.
 * @throws {UsageError} `usage/unknown-message` when this device does not store the message.
 */
export const readGroup = async (draft: Draft, ports: IntentPorts, conversationId: ConversationId, upTo?: MessageId): Promise<void> => {
  const conversation = requireMovable(draft, conversationId);
  const to = upTo === undefined ? (conversation?.row.latestSeq ?? 0) : await seqOf(draft, conversation, upTo);
  if (!conversation) return;
  enqueueReceipts(draft, ports, conversationId, {
    ...movedTo(conversation, to),
    named: await requestingReceipt(draft, conversation, range(1, to)),
  });
};

export const groupIntents = {
  readGroup: { readsPages: true, decide: readGroup },
} satisfies Partial<IntentTable>;
