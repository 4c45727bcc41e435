/** Loads the messages around a point of a conversation: the missing ones from the server, in one request. */
import { AuthError, TransportError, UsageError } from '../../errors.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import type { LoadedMessages, MessagePoint, MessagesWanted } from '../../model/intents.ts';
import { range, subtract } from '../../model/ranges.ts';
import { countedAt, countingBase } from '../../model/unread.ts';
import { findAnywhere, findInConversation } from '../present/find-message.ts';
import { presentMessage, presentPending } from '../present/present-conversation.ts';
import { readPresented } from '../present/read-messages.ts';
import type { Message } from '../../model/message.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Writer } from '../write/writer.ts';
import type { History } from './history.ts';

/** The first and the last seq of a window, inclusive. */
type Window = readonly [from: Seq, upTo: Seq];

/** Fits the window between the oldest and the newest message of the conversation, and moves it rather than making it smaller. */
const fit = (from: Seq, limit: number, [first, latest]: Window): Window => {
  const start = Math.max(first, Math.min(from, latest - limit + 1));
  return [start, Math.min(latest, start + limit - 1)];
};

const windowOf = ({ around, before, after, limit }: MessagesWanted, point: Seq, edges: Window): Window => {
  const [first, latest] = edges;
  if (before !== undefined) return [Math.max(first, point - limit), Math.min(latest, point - 1)];
  if (after !== undefined) return [Math.max(first, point + 1), Math.min(latest, point + limit)];
  return around === undefined ? fit(latest, limit, edges) : fit(point - Math.floor((limit - 1) / 2), limit, edges);
};

/** The first unread message. If the server told only the number of unread messages, the first message above the position. */
export const firstUnread = ({ row, readUpTo, unread }: ConversationState): Seq | null => {
  if (unread.unreadCount === 0) return null;
  const [oldest] = row.counted ? [] : countedAt(row, readUpTo);
  return oldest ? oldest[0] : countingBase(row, readUpTo) + 1;
};

/** @throws {UsageError} `usage/unknown-message` for a message of no conversation, or of another one, that this user may see. */
const seqOfPoint = async (writer: Writer, history: History, conversation: ConversationState, point: MessagePoint): Promise<Seq> => {
  if (typeof point === 'number') return point;
  const { id } = conversation;
  const { model } = writer;
  if (model.findPending(point)?.conversationId === id) return conversation.row.latestSeq + 1;
  const find = (): Promise<Seq | undefined> =>
    writer.readInOrder('seq-of', async (now, tx) => (await findInConversation(tx, now.get(id)!, [point])).get(point)?.seq);
  const stored = await find();
  if (stored !== undefined) return stored;
  if (model.paused) throw new TransportError('transport/unreachable', `"${point}" is not on this device, and the account is paused`);
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
  if (!conversation) return { messages: [], complete: true };
  const { row } = conversation;
  const edges = [Math.max(row.firstSeq, row.joinedAt + 1), row.latestSeq] as const;
  const point = wanted.around === 'first-unread' ? firstUnread(conversation) : (wanted.around ?? wanted.before ?? wanted.after);
  const seq = point === null || point === undefined ? edges[1] : await seqOfPoint(writer, history, conversation, point);
  const [from, upTo] = windowOf(wanted, seq, edges);
  const window = range(from, upTo);
  let isWhole = true;
  const missing = subtract(window, conversation.storedSeqs);
  if (missing.length > 0 && writer.model.paused) isWhole = false;
  else if (missing.length > 0)
    try {
      await history.fetch(conversationId, missing);
    } catch (error) {
      if (error instanceof AuthError && error.code === 'auth/wrong-user') throw error;
      isWhole = false;
    }
  const messages = await writer.readInOrder('read-window', (model, tx) => readPresented(tx, model, model.get(conversationId)!, window));
  const reachesStart = wanted.after !== undefined || from <= edges[0];
  const reachesEnd = wanted.before !== undefined || upTo >= edges[1];
  return { messages, complete: isWhole && reachesStart && reachesEnd };
};

/** Finds a message that is stored on this device, also one that is not sent yet. */
export const findMessage = (writer: Writer, id: MessageId): Promise<Message | null> =>
  writer.readInOrder('find-message', async (model, tx) => {
    const pending = model.findPending(id);
    if (pending) return presentPending(model, pending, 'pending');
    const found = await findAnywhere(tx, model, id);
    return found ? presentMessage(model, found.conversation, found.message) : null;
  });
