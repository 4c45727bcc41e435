/** The change feed into the store: rows, messages and steps with the cursor that covers them, in one transaction (I-17). */
import type { ConversationRow } from '../../model/conversation.ts';
import type { WireMessage } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import { applyMessages, type News } from './apply-server-rows.ts';
import { applyReceiptChanges, storedBefore } from './group-receipts.ts';
import { takeCounts } from '../write/blind-flags.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import { applyRow, addRowEvents } from './row-news.ts';
import { clearPages } from '../../log/tables.ts';

/** The last message of a row comes along by itself, mostly: it is written once. */
const withoutCarried = (row: ConversationRow, messages: readonly WireMessage[] | undefined): ConversationRow => {
  const last = row.lastMessage?.seq;
  return last !== undefined && messages?.some(({ seq }) => seq === last) ? { ...row, lastMessage: null } : row;
};

/**
 * One step of the feed.
 *
 * @returns `gap` where it does not start at the stored cursor: nothing was applied, and the caller pulls.
 */
export const applyChanges = async (draft: Draft, ports: IntentPorts, frame: Frame<'changes'>, news: News): Promise<'applied' | 'gap'> => {
  if (frame.from === null || frame.from !== draft.model.cursor) return 'gap';
  const receipts = frame.receipts ?? [];
  const before = await storedBefore(draft, receipts);
  const messagesByConversation = new Map(frame.messages.map(({ conversationId, messages }) => [conversationId, messages]));
  const rows = frame.rows.map((row) => withoutCarried(row, messagesByConversation.get(row.conversationId)));
  const befores = rows.map((row) => applyRow(draft, row, !frame.complete));
  for (const { conversationId, messages } of frame.messages) applyMessages(draft, ports, conversationId, messages, news);
  for (const step of frame.steps) draft.change({ t: 'step', step });
  if (news !== 'silent') for (const [i, row] of rows.entries()) await addRowEvents(draft, row, befores[i]);
  applyReceiptChanges(draft, before, receipts, news);
  const settles = frame.complete && draft.model.rowsBeforeCatchUp.size > 0;
  if (frame.to !== frame.from || settles) draft.change({ t: 'cursor', cursor: frame.to, ...(frame.complete ? {} : { ahead: true }) });
  return 'applied';
};

/** A whole snapshot, all its frames at once, so that nothing half of it is ever shown. What is owed stays. */
export const applySnapshot = async (draft: Draft, ports: IntentPorts, frames: readonly Frame<'changes'>[]): Promise<void> => {
  const isAnother = draft.model.cursor !== null;
  if (isAnother) {
    draft.change({ t: 'reset' });
    // Nothing of it is held any more: what was taken back meanwhile would lie there for good.
    clearPages(draft.tx);
  }
  for (const frame of frames) {
    for (const row of frame.rows) applyRow(draft, row);
    for (const { conversationId, messages } of frame.messages) applyMessages(draft, ports, conversationId, messages, 'silent');
    // One that was continued from where it broke off tells of what happened since.
    for (const step of frame.steps) draft.change({ t: 'step', step });
    applyReceiptChanges(draft, new Map(), frame.receipts ?? [], 'silent');
  }
  if (!isAnother) takeCounts(draft, ports, [...draft.model.conversations.values()]);
  const last = frames[frames.length - 1];
  if (last) draft.change({ t: 'cursor', cursor: last.to });
  // A server that lost history gets back what it once acked; whoever still has it answers that it is there already. Before the first
  // snapshot nobody can tell.
  const confirmed = draft.model.confirmed.all;
  if (confirmed.length > 0) draft.change({ t: 'offer-again', keys: confirmed.map(({ key }) => [key, ports.random.id()]) });
};
