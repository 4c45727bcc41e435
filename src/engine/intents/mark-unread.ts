/** Marks a conversation as unread: as a whole, or from a message on. The read position does not move, and only the user's own devices learn of it. */
import { type CountedFrom, setMark } from '../../model/registers/flag.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { firstVisible } from '../../model/conversation/conversation.ts';
import { intersect, newestSeqs, range, size } from '../../model/registers/ranges.ts';
import { countingBase } from '../../model/conversation/unread.ts';
import { countsFor } from '../present/first-unread.ts';
import { readStored } from '../present/read-messages.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';
import { seqOf } from './positions.ts';

/** Messages of a long conversation that are counted, the newest first. */
const MAX_COUNTED = 5000;

/** Counts the read messages from `from` on, as far as this device stores them: a row says nothing about messages below the position. */
const countReadFrom = async ({ model, tx }: Draft, conversation: ConversationState, from: Seq): Promise<CountedFrom> => {
  const { row, readUpTo, storedSeqs } = conversation;
  const upTo = countingBase(row, readUpTo);
  const wanted = range(Math.max(from, firstVisible(row)), upTo);
  const stored = await readStored(tx, conversation, newestSeqs(intersect(wanted, storedSeqs), MAX_COUNTED));
  const counting = stored.filter((message) => countsFor(model.me, message));
  return { upTo, count: counting.length, exact: stored.length === size(wanted) };
};

export interface MarkedFrom {
  readonly from: Seq;
  readonly counted: CountedFrom;
}

/** Sets or removes the mark. A mark from another message than before is a new mark, and so is one after a single clear under the mark. */
export const changeMark = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, marked: boolean, from?: MarkedFrom): void => {
  const conversation = draft.model.getOrBlank(conversationId);
  const isSet = isBlind(draft.model, conversation) ? conversation.pendingReceipts.marked?.value : conversation.markedUnread;
  const before = conversation.mark;
  if (isSet === marked && (!from || (before.from === from.from && !before.cleared))) return;
  const mark = setMark(before, marked, conversation.row.latestSeq);
  enqueueReceipts(draft, ports, conversationId, { marked: { ...mark, ...from } });
};

/**
 * Sets or removes the marked-unread flag, also of a conversation unknown to this device.
 *
 * @param from the message from which on the messages count as unread again; default: none, and the count does not change.
 * @throws {UsageError} `usage/unknown-message` when this device does not store the message in this conversation.
 */
export const setMarkedUnread = async (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  marked: boolean,
  from?: MessageId,
): Promise<void> => {
  if (from === undefined) return changeMark(draft, ports, conversationId, marked);
  const conversation = draft.model.get(conversationId);
  const seq = await seqOf(draft, conversation, from);
  changeMark(draft, ports, conversationId, marked, { from: seq, counted: await countReadFrom(draft, conversation!, seq) });
};

export const markIntents = {
  setMarkedUnread: {
    readsPages: true,
    lookup: (conversationId, _marked, from) => (from === undefined ? undefined : { conversationId, ids: [from] }),
    decide: setMarkedUnread,
  },
} satisfies Partial<IntentTable>;
