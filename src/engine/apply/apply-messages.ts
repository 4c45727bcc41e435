/**
 * Applies messages from the server, from the feed or from a fetch: stores them, enqueues their delivery receipts, and makes events of the
 * new ones.
 */
import { conversationType, type ConversationId } from '../../model/ids.ts';
import { contains, fromSeqs, NO_RANGES, range, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import type { WireMessage } from '../../protocol/changes.ts';
import { type ConversationEntry, isNothingPending } from '../../model/outbox-entry.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import { tellSent } from './tell-sent.ts';

/** What makes events. `live`: every change. `catch-up`: every message, and the counts of group receipts once. `silent`: nothing. */
export type News = 'live' | 'catch-up' | 'silent';

/** Enqueues delivery receipts for these seqs, in direct chats and if the switch allows. The messages are in the same transaction. */
const enqueueDelivered = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, seqs: Ranges): void => {
  const { model } = draft;
  const conversation = model.get(conversationId);
  if (!conversation || !model.allowed.deliveryReceipts || conversationType(conversationId) !== 'direct') return;
  const due = subtract(seqs, union(conversation.receiptsSent.delivered, range(1, conversation.deliveryFloor)));
  if (due.length > 0) enqueueReceipts(draft, ports, conversationId, { delivered: due });
};

/** Drops unsent receipts of recalled messages from their entries. An entry that becomes empty ends `superseded`. */
const dropRecalled = (draft: Draft, conversation: ConversationState, recalled: readonly WireMessage[]): void => {
  const seqs = fromSeqs(recalled.map(({ seq }) => seq));
  const ids = new Set(recalled.map(({ id }) => id));
  const without = <T>(list: readonly T[], idOf: (item: T) => string): readonly T[] =>
    list.some((item) => ids.has(idOf(item))) ? list.filter((item) => !ids.has(idOf(item))) : list;
  for (const entry of recalled.length > 0 ? conversation.receipts : []) {
    const named = subtract(entry.pendingReceipts.named, seqs);
    const namedIds = without(entry.pendingReceipts.namedIds, (id) => id);
    if (entry.sent || (size(named) === size(entry.pendingReceipts.named) && namedIds === entry.pendingReceipts.namedIds)) continue;
    const pendingReceipts = {
      ...entry.pendingReceipts,
      named,
      namedIds,
      contents: without(entry.pendingReceipts.contents, ({ id }) => id),
    };
    draft.change({ t: 'end', key: entry.key, end: 'superseded' });
    if (!isNothingPending(pendingReceipts)) draft.change({ t: 'enqueue', entry: { ...entry, key: draft.newKey(), pendingReceipts } });
  }
};

/**
 * Applies messages of one conversation.
 *
 * @param news `fetched` for the answer to a question. A message makes its event when it is stored for the first time, whichever way it came,
 * unless it is older than the device's first snapshot.
 */
export const applyMessages = (
  draft: Draft,
  ports: IntentPorts,
  conversationId: ConversationId,
  arrived: readonly WireMessage[],
  news: News | 'fetched',
): void => {
  const { model } = draft;
  // A row may be faster than messages that have ended meanwhile.
  const { firstSeq = 1 } = model.get(conversationId)?.row ?? {};
  const messages = arrived.filter(({ seq }) => seq >= firstSeq);
  const evicted = model.get(conversationId)?.evicted ?? [];
  const storedSeqs = model.get(conversationId)?.storedSeqs ?? [];
  // Frames carry the newest message first. Events come in the order of the messages.
  const fresh = messages.filter((message) => !contains(storedSeqs, message.seq)).sort((a, b) => a.seq - b.seq);
  const known = messages.filter((message) => contains(storedSeqs, message.seq));
  // The feed brings the recall of a stored message, and its event.
  const recalled = news === 'fetched' ? [] : known.filter((message) => message.recalled);
  const counted = known.flatMap(({ seq, receipt }) => (receipt ? [{ seq, ...receipt }] : []));
  if (counted.length > 0) draft.change({ t: 'counts', conversationId, receipts: counted });
  // Own messages with a request for receipts, stored by the server as messages without receipts.
  const unasked = known.filter(
    ({ seq, receiptRequested }) => !receiptRequested && model.get(conversationId)?.unflushed.get(seq)?.receiptRequested === true,
  );
  if (fresh.length + recalled.length + unasked.length === 0) return;
  // A message that this device recalled itself is empty already, and makes no event.
  const takenBack = recalled.filter(({ seq }) => model.get(conversationId)?.unflushed.get(seq)?.recalled !== true);
  // The feed may be faster than the answer to the entry: the server has the message, so the entry ends here. It ends before the messages
  // are stored, because a recalled message is then removed from the confirmed entries.
  const takenOf = (entry: ConversationEntry): WireMessage | undefined =>
    fresh.find(({ id, senderId }) => entry.kind === 'message' && id === entry.message.id && senderId === model.me);
  const ended = (model.get(conversationId)?.pending ?? []).flatMap((entry) => {
    const message = takenOf(entry);
    return message ? { entry, message } : [];
  });
  for (const { entry } of ended) draft.change({ t: 'end', key: entry.key, end: 'confirmed' });
  for (const { entry, message } of ended) if (!entry.again) tellSent(draft, conversationId, message.id, message.seq);
  // The key of a message's text was lost before the answer came. The message was no failure: the server has it, with its text.
  for (const { letter, entry } of model.deadLetters) if (takenOf(entry)) draft.change({ t: 'dismiss', id: letter.id });
  if (news !== 'silent')
    for (const { id } of takenBack) draft.change({ t: 'event', event: { type: 'recalled', conversationId, messageId: id } });
  const historyUpTo = model.get(conversationId)?.historyUpTo ?? 0;
  const sentHere = new Set(ended.map(({ message }) => message.seq));
  const isNew = ({ seq, recalled: isRecalled }: WireMessage): boolean =>
    !isRecalled && !sentHere.has(seq) && seq > historyUpTo && !contains(evicted, seq);
  const newSeqs = news === 'silent' ? NO_RANGES : fromSeqs(fresh.filter(isNew).map(({ seq }) => seq));
  draft.change({
    t: 'messages',
    conversationId,
    messages: [...fresh, ...recalled, ...unasked],
    ...(newSeqs.length > 0 ? { news: newSeqs } : {}),
  });
  const conversation = model.get(conversationId)!;
  dropRecalled(draft, conversation, recalled);
  const received = fresh.filter(({ senderId }) => senderId !== model.me);
  // The range includes seqs of own messages in between, without effect: a single range replaces hundreds.
  if (received.length > 0) enqueueDelivered(draft, ports, conversationId, fromSeqs(fresh.map(({ seq }) => seq)));
};
