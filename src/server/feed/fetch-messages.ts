/** Reads messages by seq, newest first, for a device without them. */
import { byteLength } from '../../model/byte-length.ts';
import type { ConversationId, UserId } from '../../model/ids.ts';
import { intersect, newestSeqs, range, union } from '../../model/registers/ranges.ts';
import type { Frame } from '../../protocol/frames.ts';
import { nameOf, type ConversationRange } from '../store/records.ts';
import type { ServerReadTx } from '../store/server-store.ts';
import { visibleMessages } from './visible-messages.ts';
import { type Viewer, wireMessages } from './wire-messages.ts';

type Want = Frame<'fetch'>['wants'][number];

/** Messages read at once, so that a large answer is many short transactions. */
const FETCH_PAGE = 100;

/** The part of an answer still to be sent. */
export interface FetchPlan {
  /** Ranges of existing messages, in the order of the wants, newest first in each. */
  readonly ranges: readonly ConversationRange[];
  /** Names of the conversations, from the side of the user. */
  readonly names: ReadonlyMap<number, ConversationId>;
}

/**
 * Plans the answer to the wants, with at most `limit` messages. Conversations without this user are left out, and so are messages of a group
 * from a time when the user was no member.
 */
export const planFetch = async (tx: ServerReadTx, me: UserId, wants: readonly Want[], limit: number): Promise<FetchPlan> => {
  const asked = [...new Set(wants.map(({ conversationId }) => conversationId))];
  const conversations = await tx.conversations(me, asked);
  const byName = new Map(conversations.map((one) => [nameOf(one, me), one]));
  const visible = await visibleMessages(tx, me, conversations);
  const ids = wants.flatMap(({ messageId }) => messageId ?? []);
  const byId = new Map((ids.length > 0 ? await tx.messagesById(ids, 0) : []).map((message) => [message.id, message]));
  const ranges: ConversationRange[] = [];
  let left = limit;
  for (const want of wants) {
    const conversation = byName.get(want.conversationId);
    if (!conversation || left <= 0) continue;
    const named = want.messageId === undefined ? undefined : byId.get(want.messageId);
    const seqs = named?.conversationId === conversation.id ? union(want.seqs, [[named.seq, named.seq]]) : want.seqs;
    const existing = visible.within(conversation.id, intersect(seqs, range(conversation.firstSeq, conversation.latestSeq)));
    for (const one of [...newestSeqs(existing, Math.min(want.limit, left))].reverse()) {
      left -= one[1] - one[0] + 1;
      ranges.push({ conversationId: conversation.id, range: one });
    }
  }
  return { ranges, names: new Map(conversations.map((one) => [one.id, nameOf(one, me)])) };
};

/** Splits the first `count` seqs off the ranges, the newest first in each range. */
const splitRanges = (
  ranges: readonly ConversationRange[],
  count: number,
): readonly [first: ConversationRange[], rest: ConversationRange[]] => {
  const first: ConversationRange[] = [];
  let left = count;
  for (const [i, { conversationId, range: one }] of ranges.entries()) {
    if (left === 0) return [first, ranges.slice(i)];
    const [from, upTo] = one;
    const cut = Math.max(from, upTo - left + 1);
    first.push({ conversationId, range: [cut, upTo] });
    left -= upTo - cut + 1;
    if (cut > from) return [first, [{ conversationId, range: [from, cut - 1] }, ...ranges.slice(i + 1)]];
  }
  return [first, []];
};

type MessageLists = Frame<'messages'>['of'];

/**
 * Reads the next part of a plan, with about `budget` bytes of bodies, and cuts the messages into lists of at
 * most `budget` bytes for one frame each.
 *
 * @returns the lists, and the rest of the plan; the rest is empty at the end.
 */
export const readMessages = async (
  tx: ServerReadTx,
  viewer: Viewer,
  { ranges, names }: FetchPlan,
  budget: number,
): Promise<{ readonly lists: readonly MessageLists[]; readonly rest: FetchPlan }> => {
  const [page, behind] = splitRanges(ranges, FETCH_PAGE);
  const records = await tx.messagesWithin(page, budget);
  const isCut = records.reduce((sum, { body }) => sum + byteLength(body), 0) >= budget;
  const lists: MessageLists[] = [];
  let bytes = 0;
  let list: MessageLists = [];
  for (const { record, message } of await wireMessages(tx, viewer, records)) {
    const length = byteLength(JSON.stringify(message)) + 1;
    if (list.length > 0 && bytes + length > budget) {
      lists.push(list);
      list = [];
      bytes = 0;
    }
    const conversationId = names.get(record.conversationId)!;
    const last = list[list.length - 1];
    if (last?.conversationId === conversationId) last.messages.push(message);
    else list.push({ conversationId, messages: [message] });
    bytes += length;
  }
  if (list.length > 0) lists.push(list);
  return { lists, rest: { ranges: isCut ? splitRanges(ranges, records.length)[1] : behind, names } };
};
