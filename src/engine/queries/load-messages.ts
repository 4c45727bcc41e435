/**
 * Loads the messages around a point of a conversation, and the missing ones from the server: in one request, or in a few if the answer has no
 * room for all messages. A point that the device does not store costs a request more.
 */
import { TransportError, UsageError } from '../../errors.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import type { LoadedMessages, MessagePoint, MessagesWanted } from '../../model/api/intents.ts';
import { above, highest, newestSeqs, range, type Ranges, size, subtract, union } from '../../model/registers/ranges.ts';
import type { FirstUnread } from '../../model/conversation/unread.ts';
import { firstVisible } from '../../model/conversation/conversation.ts';
import { firstUnreadOf } from '../present/first-unread.ts';
import { findAnywhere, findInConversation } from '../present/find-message.ts';
import { presentMessage, presentPending } from '../present/present-conversation.ts';
import type { Message } from '../../model/message/message.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Writer } from '../write/writer.ts';
import type { History } from './history.ts';

const oldestSeqs = (seqs: Ranges, count: number): Ranges => subtract(seqs, newestSeqs(seqs, size(seqs) - count));

/** The wanted part of the messages that this device can have. Near an end, a window around a point moves instead of getting smaller. */
const windowOf = ({ before, after, limit }: MessagesWanted, point: Seq, available: Ranges): Ranges => {
  const below = subtract(available, range(point, Number.MAX_SAFE_INTEGER));
  if (before !== undefined) return newestSeqs(below, limit);
  if (after !== undefined) return oldestSeqs(above(available, point), limit);
  const from = subtract(available, below);
  const newer = oldestSeqs(from, limit - Math.min(size(below), Math.floor((limit - 1) / 2)));
  return union(newestSeqs(below, limit - size(newer)), newer);
};

/** The first unread message, with every earlier call of this tab in effect. */
export const firstUnread = (writer: Writer, id: ConversationId): Promise<FirstUnread | null> =>
  writer.readInOrder('first-unread', async (model, tx) => {
    const conversation = model.get(id);
    return conversation ? firstUnreadOf(tx, model, conversation) : null;
  });

/** @throws {UsageError} `usage/unknown-message` if this user sees no such message in this conversation. */
const seqOfPoint = async (writer: Writer, history: History, conversation: ConversationState, point: MessagePoint): Promise<Seq> => {
  if (typeof point === 'number') return point;
  const { id } = conversation;
  if (writer.model.findPending(point)?.conversationId === id) return conversation.row.latestSeq + 1;
  const find = (): Promise<Seq | undefined> =>
    writer.readInOrder('seq-of', async (model, tx) => (await findInConversation(tx, model.get(id)!, [point])).get(point)?.seq);
  const stored = await find();
  if (stored !== undefined) return stored;
  if (writer.model.paused) throw new TransportError('transport/unreachable', `"${point}" is not on this device, and the account is paused`);
  await history.fetchById(id, point);
  const fetched = await find();
  if (fetched !== undefined) return fetched;
  throw new UsageError('usage/unknown-message', `no message "${point}" in ${id} that this user may see`);
};

export const loadMessages = async (
  writer: Writer,
  history: History,
  conversationId: ConversationId,
  wanted: MessagesWanted,
): Promise<LoadedMessages> => {
  const conversation = writer.model.get(conversationId);
  // Before the first sync this device does not know whether the conversation has messages.
  if (!conversation?.isKnown) return { messages: [], complete: writer.model.cursor !== null };
  const point =
    wanted.around === 'first-unread'
      ? ((await firstUnread(writer, conversationId))?.seq ?? null)
      : (wanted.around ?? wanted.before ?? wanted.after);
  const seq = point === null || point === undefined ? null : await seqOfPoint(writer, history, conversation, point);
  const { row, storedSeqs } = writer.model.get(conversationId) ?? conversation;
  // The device may store messages of an earlier membership, and one that is newer than the row and was fetched by its id.
  const available = union(range(firstVisible(row), Math.max(row.latestSeq, highest(storedSeqs))), storedSeqs);
  const at = seq ?? highest(available);
  const window = windowOf(wanted, at, available);
  const { messages, isWhole } = await history.load(conversationId, window);
  const others = subtract(available, window);
  const reachesStart = wanted.after !== undefined || !others.some(([from]) => from < at);
  const reachesEnd = wanted.before !== undefined || highest(others) <= at;
  return { messages, complete: isWhole && reachesStart && reachesEnd };
};

/** Finds a message that is stored on this device, also one that is not sent yet. */
export const findMessage = (writer: Writer, id: MessageId): Promise<Message | null> =>
  writer.read('find-message', async (model, tx) => {
    const pending = model.findPending(id);
    if (pending) return presentPending(model, pending, 'pending');
    const found = await findAnywhere(tx, model, id);
    return found ? presentMessage(model, found.conversation, found.message) : null;
  });
