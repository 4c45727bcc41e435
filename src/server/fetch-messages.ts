/** Messages by place, newest first: what a device does not hold yet. */
import type { UserId } from '../model/ids.ts';
import { intersect, range, type Range, type Ranges } from '../model/ranges.ts';
import type { WireMessage } from '../protocol/changes.ts';
import type { Frame } from '../protocol/frames.ts';
import { nameOf, type ServerReadTx, type Stretch } from './server-store.ts';
import { byteLength } from './summary-rows.ts';
import { type Viewer, wireMessages } from './wire-messages.ts';

type Want = Frame<'fetch'>['wants'][number];

/** Read and sent at once, so that a large answer is many short transactions. */
export const FETCH_PAGE = 100;

/** The newest `limit` places of the ranges. Sequence numbers have no gaps, so places can be counted before anything is read. */
const newestPlaces = (ranges: Ranges, limit: number): Range[] => {
  const out: Range[] = [];
  let left = limit;
  for (let i = ranges.length - 1; i >= 0 && left > 0; i--) {
    const [from, upTo] = ranges[i]!;
    const start = Math.max(from, upTo - left + 1);
    out.push([start, upTo]);
    left -= upTo - start + 1;
  }
  return out;
};

/** Pages of stretches that answer the wants; of conversations `me` is no part of, nothing. */
export const planFetch = async (
  tx: ServerReadTx,
  me: UserId,
  wants: readonly Want[],
  limit: number,
): Promise<readonly { readonly want: Want; readonly stretches: readonly Stretch[] }[]> => {
  const names = [...new Set(wants.map(({ conversationId }) => conversationId))];
  const byName = new Map((await tx.conversations(me, names)).map((one) => [nameOf(one, me), one]));
  const pages: { want: Want; stretches: Stretch[] }[] = [];
  let left = limit;
  for (const want of wants) {
    const conversation = byName.get(want.conversationId);
    if (!conversation || left <= 0) continue;
    const existing = intersect(want.seqs, range(conversation.firstSeq, conversation.latestSeq));
    for (const [from, upTo] of newestPlaces(existing, Math.min(want.limit, left))) {
      left -= upTo - from + 1;
      for (let end = upTo; end >= from; end -= FETCH_PAGE) {
        const one: Range = [Math.max(from, end - FETCH_PAGE + 1), end];
        pages.push({ want, stretches: [{ conversationId: conversation.id, range: one }] });
      }
    }
  }
  return pages;
};

/** One page as lists of at most `budget` bytes each, newest first. */
export const readMessages = async (
  tx: ServerReadTx,
  viewer: Viewer,
  stretches: readonly Stretch[],
  budget: number,
): Promise<readonly WireMessage[][]> => {
  const records = [...(await tx.messagesIn(stretches))].sort((a, b) => b.seq - a.seq);
  const lists: WireMessage[][] = [];
  let bytes = 0;
  let list: WireMessage[] = [];
  for (const { message } of await wireMessages(tx, viewer, records)) {
    const length = byteLength(JSON.stringify(message)) + 1;
    if (list.length > 0 && bytes + length > budget) {
      lists.push(list);
      list = [];
      bytes = 0;
    }
    list.push(message);
    bytes += length;
  }
  if (list.length > 0) lists.push(list);
  return lists;
};
