/** Reading a group by looking at it: the private position, and a receipt for each message that asks for one. Nothing else is told. */
import { movable, moved, seqOf } from './positions.ts';
import { reasonToSkip } from './send-read-receipts.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { contains, fromSeqs, highest, intersect, NO_RANGES, range, type Ranges, subtract } from '../../model/ranges.ts';
import { pagesOf, parseIndexLine, readIndex, readIndexes } from '../../log/pages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { locate } from '../state/message-index.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import { newestSeqs } from '../present/read-messages.ts';
import type { Draft } from '../write/draft.ts';

/** Of a long backlog, so many of the newest are looked at: nobody reads more of it at once. */
const MAX_LOOKED_AT = 1000;

/** Held messages in this stretch that ask for my receipt and have none. Their pages' indexes say so; no body is read. */
const asking = async ({ model, tx }: Draft, conversation: ConversationState, stretch: Ranges): Promise<Ranges> => {
  if (!model.settings.readReceipts) return NO_RANGES;
  const { row, storedSeqs, unflushed, receiptsSent } = conversation;
  const places = newestSeqs(subtract(intersect(intersect(storedSeqs, row.present), stretch), receiptsSent.named), MAX_LOOKED_AT);
  const pages = pagesOf(subtract(places, fromSeqs(unflushed.seqs))).map((page) => ({ conversationId: conversation.id, page }));
  const seqs: Seq[] = [];
  for (const index of await readIndexes(tx, pages))
    for (const [id, line] of readIndex(index)) {
      const message = parseIndexLine(line);
      if (!contains(places, message.seq) || unflushed.get(message.seq)) continue;
      if (!reasonToSkip(conversation, id, locate(conversation, message, model.me))) seqs.push(message.seq);
    }
  for (const message of unflushed.all)
    if (
      contains(places, message.seq) &&
      !reasonToSkip(conversation, message.id, locate(conversation, { ...message, expired: false }, model.me))
    )
      seqs.push(message.seq);
  return fromSeqs(seqs);
};

/**
 * The group is in view: a clear, and receipts for what is held here and asks.
 *
 * @param upTo as far as the user has seen; default: everything.
 * @throws {UsageError} `usage/unknown-message` where it is not held.
 */
export const readGroup = async (draft: Draft, ports: IntentPorts, conversationId: ConversationId, upTo?: MessageId): Promise<void> => {
  const conversation = movable(draft, conversationId);
  const to = upTo === undefined ? (conversation?.row.latestSeq ?? 0) : await seqOf(draft, conversation, upTo);
  if (!conversation) return;
  enqueueReceipts(draft, ports, conversationId, { ...moved(conversation, to), named: await asking(draft, conversation, range(1, to)) });
};

/** What arrived above `after` while the user was looking, as far as `upTo`. Returns the newest dealt with. */
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
    named: await asking(draft, conversation, arrived),
    ...(newest > conversation.readUpTo ? { position: newest } : {}),
  });
  return newest;
};
