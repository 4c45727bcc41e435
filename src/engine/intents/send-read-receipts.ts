/** Message read receipts: the user tells each sender which messages were read. The user's read position does not move. */
import { conversationType, type ConversationId, type MessageId, type Seq } from '../../model/ids.ts';
import type { SentReadReceipts, SkipReason } from '../../model/api/intents.ts';
import { contains, fromSeqs } from '../../model/registers/ranges.ts';
import { UsageError } from '../../errors.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Located } from '../state/message-index.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';

/** The reason for which the user sends no receipt for this message; `undefined` when a receipt is due. */
export const reasonToSkip = (conversation: ConversationState, id: MessageId, message: Located): SkipReason | undefined => {
  if (message.own) return 'own';
  if (message.recalled) return 'recalled';
  if (!message.receiptRequested) return 'not-requested';
  if (conversation.isNamed(id, message.seq)) return 'already-acked';
  if (contains(conversation.untold, message.seq)) return 'receipts-off';
  if (conversationType(conversation.id) === 'direct') return undefined;
  // The server counts no receipt of a former member, of a user who was no member at the message's commit, or after the receipt window.
  return conversation.left || message.expired || !contains(conversation.row.present, message.seq) ? 'not-counted' : undefined;
};

/**
 * Queues receipts for exactly the named messages, and for no message between two of them. A message missing on this device is queued by its
 * id, and the server decides.
 *
 * @param options.content groups only: a text for the sender.
 * @throws {UsageError} `usage/invalid-argument` for content in a direct chat.
 */
export const sendReadReceipts = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  ids: readonly MessageId[],
  { content }: { readonly content?: string | undefined } = {},
): Promise<SentReadReceipts> => {
  const { model } = draft;
  if (content !== undefined && conversationType(conversationId) === 'direct')
    throw new UsageError(
      'usage/invalid-argument',
      `content is for groups only, and ${JSON.stringify(conversationId)} is a direct chat: leave content out`,
    );
  const unique = [...new Set(ids)];
  const conversation = model.get(conversationId);
  const findAll = (): (Located | undefined)[] => unique.map((id) => conversation && model.index.find(conversation, id));
  let messages = findAll();
  if (conversation && messages.includes(undefined)) {
    await model.index.prefetch(draft.tx, model, [{ conversationId, ids: unique }]);
    messages = findAll();
  }
  if (!model.allowed.readReceipts) {
    // The user read these messages now: no device tells it later.
    const read = messages.flatMap((message, i) =>
      conversation && message && !reasonToSkip(conversation, unique[i]!, message) ? [message.seq] : [],
    );
    enqueueReceipts(draft, ports, conversationId, { untold: fromSeqs(read) });
    return { queued: [], skipped: unique.map((id) => ({ id, reason: 'receipts-off' })) };
  }
  const queued: MessageId[] = [];
  const skipped: { id: MessageId; reason: SkipReason }[] = [];
  const seqs: Seq[] = [];
  const notStored: MessageId[] = [];
  for (const [i, id] of unique.entries()) {
    const message = messages[i];
    const reason =
      conversation && message
        ? reasonToSkip(conversation, id, message)
        : model.findPending(id)
          ? 'own'
          : conversation?.pendingReceipts.namedIds.includes(id)
            ? 'already-acked'
            : conversation?.left
              ? 'not-counted'
              : undefined;
    if (reason) {
      skipped.push({ id, reason });
      continue;
    }
    queued.push(id);
    if (message) seqs.push(message.seq);
    else notStored.push(id);
  }
  enqueueReceipts(draft, ports, conversationId, {
    ...(seqs.length > 0 ? { named: fromSeqs(seqs) } : {}),
    ...(notStored.length > 0 ? { namedIds: notStored.sort() } : {}),
    ...(content === undefined ? {} : { contents: [...queued].sort().map((id) => ({ id, text: content })) }),
  });
  return { queued, skipped };
};

export const readReceiptIntents = {
  sendReadReceipts: { readsPages: true, lookup: (conversationId, ids) => ({ conversationId, ids }), decide: sendReadReceipts },
} satisfies Partial<IntentTable>;
