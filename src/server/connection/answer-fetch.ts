/**
 * Answers the questions of a client: messages, receipts of messages, readers of a message. Answers do not
 * move the client's cursor.
 */
import type { UserId } from '../../model/ids.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { Core } from '../core.ts';
import { planFetch, readMessages } from '../feed/fetch-messages.ts';
import { groupIdsIn } from '../groups/groups.ts';
import type { Outgoing } from './outgoing.ts';
import { findReceipts, listMembers, parseListCursor } from '../feed/questions.ts';
import type { Viewer } from '../feed/wire-messages.ts';
import { FRAME_BUDGET } from '../feed/cut-frames.ts';

/** The user who asks, with the visibility of readers under the current policy. */
export const viewerOf = (core: Core, userId: UserId): Viewer => ({
  userId,
  membersSeeReaders: core.policy().receipts.visibleTo === 'members',
});

/**
 * Answers a `fetch` in as many frames as necessary, and keeps at most one page in memory for a slow reader.
 *
 * @param between runs between two pages, for frames that overtake a long answer.
 * A full answer to one HTTP request ends without a `complete` frame, and the client asks for the rest.
 */
export const answerFetch = async (
  core: Core,
  out: Outgoing,
  me: UserId,
  { id, wants }: Frame<'fetch'>,
  between: () => Promise<void>,
): Promise<void> => {
  const unknown = await core.groups.mirror(groupIdsIn(wants), core.store);
  if (unknown.size > 0) return out.refuse('server/busy', 'the members of a group cannot be read now', id, 1000);
  let plan = await core.store.read('plan-fetch', (tx) => planFetch(tx, me, wants, core.policy().limits.fetchMessages));
  // An opened chat needs a single page. No user waits for the later pages of a longer answer.
  for (let isUrgent = true; plan.ranges.length > 0; isUrgent = false) {
    await out.drained();
    if (!out.open) return;
    const here = plan;
    const { lists, rest } = await core.store.read('fetch', (tx) => readMessages(tx, viewerOf(core, me), here, FRAME_BUDGET), {
      weight: 8,
      isUrgent,
    });
    for (const list of lists) out.send({ type: 'messages', id, of: list, complete: false });
    plan = rest;
    if (rest.ranges.length > 0 && out.isAnswerFull) return;
    await between();
  }
  out.send({ type: 'messages', id, of: [], complete: true });
};

export const answerReceipts = async (core: Core, out: Outgoing, me: UserId, { id, messageIds }: Frame<'fetch-receipts'>): Promise<void> => {
  if (messageIds.length > core.policy().limits.receiptIds) return out.bad('more ids than limits.receiptIds', id);
  const receipts = await core.store.read('receipts', (tx) => findReceipts(tx, viewerOf(core, me), messageIds));
  out.send({ type: 'receipts', id, receipts });
};

export const answerMembers = async (core: Core, out: Outgoing, me: UserId, frame: Frame<'fetch-members'>): Promise<void> => {
  const { id, cursor, filter } = frame;
  const after = cursor === null ? null : parseListCursor(cursor, filter);
  if (after === undefined) return out.bad('this cursor is not of this list', id);
  const ask = { ...frame, limit: Math.min(frame.limit, core.policy().limits.members) };
  out.send({ type: 'members', id, ...(await core.store.read('members', (tx) => listMembers(tx, viewerOf(core, me), ask, after))) });
};
