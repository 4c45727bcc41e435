/** Message read receipts: "I have read these", told to the sender. My position stays where it is. */
import { conversationType, type ConversationId, type MessageId, type Seq } from '../../model/ids.ts';
import type { SentReadReceipts, SkipReason } from '../../model/intents.ts';
import { contains, fromSeqs } from '../../model/ranges.ts';
import { UsageError } from '../../errors.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Located } from '../state/message-index.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';

export const reasonToSkip = (conversation: ConversationState, id: MessageId, message: Located): SkipReason | undefined => {
  if (message.own) return 'own';
  if (message.recalled) return 'recalled';
  if (!message.receiptRequested) return 'not-requested';
  if (conversation.isNamed(id, message.seq)) return 'already-acked';
  if (conversationType(conversation.id) === 'direct') return undefined;
  // Nobody counts one who was no member then, nor one who comes after the time is over.
  return message.expired || !contains(conversation.row.present, message.seq) ? 'not-counted' : undefined;
};

/**
 * Queues receipts for exactly the messages named; they never become a range beyond them. Ids not held here are queued by id and
 * judged by the server.
 *
 * @param options.content groups: what the sender is told with it.
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
    throw new UsageError('usage/invalid-argument', 'content is told in groups; a receipt of a direct chat carries none');
  const unique = [...new Set(ids)];
  if (!model.settings.readReceipts) return { queued: [], skipped: unique.map((id) => ({ id, reason: 'receipts-off' })) };
  const conversation = model.get(conversationId);
  const found = (): (Located | undefined)[] => unique.map((id) => conversation && model.index.find(conversation, id));
  let messages = found();
  if (conversation && messages.includes(undefined)) {
    await model.index.prefetch(draft.tx, model, [{ conversationId, ids: unique }]);
    messages = found();
  }
  const queued: MessageId[] = [];
  const skipped: { id: MessageId; reason: SkipReason }[] = [];
  const seqs: Seq[] = [];
  const unheld: MessageId[] = [];
  for (const [i, id] of unique.entries()) {
    const message = messages[i];
    const reason =
      conversation && message
        ? reasonToSkip(conversation, id, message)
        : model.findPending(id)
          ? 'own'
          : conversation?.pendingReceipts.namedIds.includes(id)
            ? 'already-acked'
            : undefined;
    if (reason) {
      skipped.push({ id, reason });
      continue;
    }
    queued.push(id);
    if (message) seqs.push(message.seq);
    else unheld.push(id);
  }
  enqueueReceipts(draft, ports, conversationId, {
    ...(seqs.length > 0 ? { named: fromSeqs(seqs) } : {}),
    ...(unheld.length > 0 ? { namedIds: unheld.sort() } : {}),
    ...(content === undefined ? {} : { contents: [...queued].sort().map((id) => ({ id, text: content })) }),
  });
  return { queued, skipped };
};

/**
 * What arrived in a direct chat while the user was looking: receipts for those that ask, and the position to the newest of them. Only what is not
 * yet in pages is looked at, which is where arrivals are.
 *
 * @param after the newest message dealt with before.
 * @param upTo as far as the user has seen; default: all that is held.
 * @returns the newest message dealt with now.
 */
export const readArrivals = (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  after: Seq,
  upTo = Number.MAX_SAFE_INTEGER,
): Seq => {
  const { model } = draft;
  const conversation = model.get(conversationId);
  if (!conversation) return after;
  const arrived = conversation.unflushed.all.filter(({ seq }) => seq > after && seq <= upTo);
  const newest = arrived.reduce((seq, message) => Math.max(seq, message.seq), after);
  const asked = model.settings.readReceipts
    ? arrived.filter(
        (message) => !reasonToSkip(conversation, message.id, { ...message, own: message.senderId === model.me, expired: false }),
      )
    : [];
  enqueueReceipts(draft, ports, conversationId, {
    named: fromSeqs(asked.map(({ seq }) => seq)),
    ...(newest > conversation.readUpTo ? { position: newest } : {}),
  });
  return newest;
};
