/** Reads the messages that arrive while the user views a conversation. */
import { conversationType, type ConversationId, type Seq } from '../../model/ids.ts';
import {
  contains,
  fromSeqs,
  highest,
  intersect,
  newestSeqs,
  NO_RANGES,
  range,
  type Ranges,
  subtract,
} from '../../model/registers/ranges.ts';
import { pagesOf, parseIndexLine, readIndex, readIndexes } from '../../log/pages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { locate } from '../state/message-index.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentTable } from './intent.ts';
import { positionAt } from './positions.ts';
import { reasonToSkip } from './send-read-receipts.ts';

/** Messages of a long backlog that are checked, the newest first: a user does not read more at once. */
const MAX_CHECKED = 1000;

/**
 * Finds the stored messages in `viewed` that request a receipt from the user and have none. Page indexes and unflushed messages suffice:
 * no message body is read.
 */
export const requestingReceipt = async ({ model, tx }: Draft, conversation: ConversationState, viewed: Ranges): Promise<Ranges> => {
  if (!model.allowed.readReceipts) return NO_RANGES;
  const { id: conversationId, row, storedSeqs, unflushed, receiptsSent } = conversation;
  const mayRequest = conversationType(conversationId) === 'direct' ? storedSeqs : intersect(storedSeqs, row.present);
  const checked = newestSeqs(subtract(intersect(mayRequest, viewed), receiptsSent.named), MAX_CHECKED);
  const pages = pagesOf(subtract(checked, fromSeqs(unflushed.seqs))).map((page) => ({ conversationId, page }));
  const seqs: Seq[] = [];
  for (const index of await readIndexes(tx, pages))
    for (const [id, line] of readIndex(index)) {
      const message = parseIndexLine(line);
      if (!contains(checked, message.seq) || unflushed.get(message.seq)) continue;
      if (!reasonToSkip(conversation, id, locate(conversation, message, model.me))) seqs.push(message.seq);
    }
  for (const message of unflushed.all)
    if (
      contains(checked, message.seq) &&
      !reasonToSkip(conversation, message.id, locate(conversation, { ...message, expired: false }, model.me))
    )
      seqs.push(message.seq);
  return fromSeqs(seqs);
};

/**
 * Reads the messages that arrived in `(after, upTo]` while the user was viewing the conversation: moves the position, and queues a receipt
 * for each message with a request.
 *
 * @param upTo the newest `seq` that the user has seen; default: the newest stored message.
 * @returns the `seq` of the newest message read by this call; `after` if there is none.
 */
export const readArrivals = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  after: Seq,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<Seq> => {
  const { conversation, arrived, newest } = arrivals(draft, conversationId, after, upTo);
  if (!conversation) return after;
  enqueueReceipts(draft, ports, conversationId, {
    named: await requestingReceipt(draft, conversation, arrived),
    ...positionAt(conversation, newest),
  });
  return newest;
};

/** The same as {@link readArrivals}, and no sender learns of it. */
export const passArrivals = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, after: Seq, upTo: Seq): Seq => {
  const { conversation, newest } = arrivals(draft, conversationId, after, upTo);
  if (!conversation) return after;
  enqueueReceipts(draft, ports, conversationId, positionAt(conversation, newest));
  return newest;
};

/** The stored messages in `(after, upTo]`. A compaction may have moved them into pages meanwhile. No conversation if there are none. */
const arrivals = ({ model }: Draft, conversationId: ConversationId, after: Seq, upTo: Seq) => {
  const conversation = model.get(conversationId);
  const arrived = conversation ? intersect(conversation.storedSeqs, range(after + 1, upTo)) : NO_RANGES;
  const newest = highest(arrived);
  return { conversation: newest > 0 ? conversation : undefined, arrived, newest };
};

export const arrivalIntents = {
  readArrivals: { readsPages: true, decide: readArrivals },
  passArrivals: { readsPages: false, decide: passArrivals },
} satisfies Partial<IntentTable>;
