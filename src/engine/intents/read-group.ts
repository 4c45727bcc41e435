/**
 * Reading an open group: moves the user's private read position, and queues a receipt for each message with a request
 * for receipts. The senders learn nothing else.
 */
import type { IntentTable } from './intent.ts';
import { movedTo, positionAt, requireMovable, seqOf } from './positions.ts';
import { reasonToSkip } from './send-read-receipts.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
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

/** Messages of a long backlog that are checked, the newest first: a user does not read more at once. */
const MAX_CHECKED = 1000;

/**
 * Finds the stored messages in `viewed` that request a receipt from the user and have none. Page indexes and unflushed messages suffice:
 * no message body is read.
 */
const requestingReceipt = async ({ model, tx }: Draft, conversation: ConversationState, viewed: Ranges): Promise<Ranges> => {
  if (!model.allowed.readReceipts) return NO_RANGES;
  const { row, storedSeqs, unflushed, receiptsSent } = conversation;
  const checked = newestSeqs(subtract(intersect(intersect(storedSeqs, row.present), viewed), receiptsSent.named), MAX_CHECKED);
  const pages = pagesOf(subtract(checked, fromSeqs(unflushed.seqs))).map((page) => ({ conversationId: conversation.id, page }));
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

/**
 * Reads the messages that arrived in `(after, upTo]` while the user was viewing the group.
 *
 * @returns the `seq` of the newest message read by this call; `after` if there is none.
 */
export const readGroupArrivals = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  after: Seq,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<Seq> => {
  const conversation = draft.model.get(conversationId);
  if (!conversation) return after;
  const arrived = intersect(conversation.storedSeqs, range(after + 1, upTo));
  const newest = highest(arrived);
  if (newest === 0) return after;
  enqueueReceipts(draft, ports, conversation.id, {
    named: await requestingReceipt(draft, conversation, arrived),
    ...positionAt(conversation, newest),
  });
  return newest;
};

export const groupIntents = {
  readGroup: { readsPages: true, decide: readGroup },
  readGroupArrivals: { readsPages: true, decide: readGroupArrivals },
} satisfies Partial<IntentTable>;
