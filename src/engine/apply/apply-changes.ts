/**
 * Applies a frame of the change feed, or a snapshot, in one transaction with its cursor (I-17).
 *
 *   changes frame ─▶ starts at the stored cursor? ─no─▶ 'gap': the feed pulls again
 *                        │ yes
 *                        ▼
 *                    rows ─▶ messages ─▶ steps ─▶ events of the rows ─▶ group receipts ─▶ cursor
 */
import type { ConversationRow } from '../../model/conversation/conversation.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { WireMessage } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import { asOfToStore } from './as-of.ts';
import { applyMessages, type News } from './apply-messages.ts';
import { applyReceiptChanges, storedBefore, tellStatistics } from './group-receipts.ts';
import { takeCounts } from '../write/blind-flags.ts';
import { offerSettingsAgain, takeAccount, takeSettingsCounts } from '../write/receipt-switches.ts';
import { ALL_ON, joinSettings } from '../../model/message/receipt-settings.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import { applyRow, addRowEvents, type RowBefore } from './apply-rows.ts';
import { clearPages } from '../../log/tables.ts';

/** Leaves out a row's last message if the frame carries the same message: the log then holds a single copy. */
const withoutCarried = (row: ConversationRow, messages: readonly WireMessage[] | undefined): ConversationRow => {
  const last = row.lastMessage?.seq;
  return last !== undefined && messages?.some(({ seq }) => seq === last) ? { ...row, lastMessage: null } : row;
};

/**
 * Applies one frame of the feed.
 *
 * @returns `gap` if the frame does not start at the stored cursor. Then nothing was applied, and the caller pulls.
 */
export const applyChanges = async (draft: Draft, ports: IntentPorts, frame: Frame<'changes'>, news: News): Promise<'applied' | 'gap'> => {
  if (frame.from === null || frame.from !== draft.model.cursor) return 'gap';
  takeAccount(draft, frame.account);
  const receipts = frame.receipts ?? [];
  const before = await storedBefore(draft, receipts);
  const messagesByConversation = new Map(frame.messages.map(({ conversationId, messages }) => [conversationId, messages]));
  const rows = frame.rows.map((row) => withoutCarried(row, messagesByConversation.get(row.conversationId)));
  // Receipts in many pieces come in several rows of one conversation, which make one event of each kind.
  const befores = new Map<ConversationId, RowBefore>();
  for (const row of rows) {
    const before = await applyRow(draft, row, !frame.complete);
    if (before && !befores.has(row.conversationId)) befores.set(row.conversationId, before);
  }
  for (const { conversationId, messages } of frame.messages) applyMessages(draft, ports, conversationId, messages, news);
  for (const step of frame.steps) draft.change({ t: 'step', step });
  if (news !== 'silent') for (const [id, before] of befores) await addRowEvents(draft, id, before);
  applyReceiptChanges(draft, before, receipts, news);
  if (frame.complete) tellStatistics(draft);
  const settles = frame.complete && draft.model.rowsBeforeCatchUp.size > 0;
  const asOf = asOfToStore(draft.model, frame, news);
  if (frame.to !== frame.from || settles || asOf.asOf !== undefined)
    draft.change({ t: 'cursor', cursor: frame.to, ...(frame.complete ? {} : { ahead: true }), ...asOf });
  return 'applied';
};

/**
 * Applies all frames of a snapshot at once: no view shows half of a snapshot. Pending entries stay.
 *
 * @param isHistoryLost the server has lost the history of the stored data. Before the first snapshot, too, a service worker may have
 *   stored rows: those of its confirmed entries.
 */
export const applySnapshot = async (
  draft: Draft,
  ports: IntentPorts,
  frames: readonly Frame<'changes'>[],
  isHistoryLost: boolean,
): Promise<void> => {
  const isFirst = draft.model.cursor === null;
  if (!isFirst || isHistoryLost) {
    draft.change({ t: 'reset' });
    // No message of the lost history is stored any more. A page left behind would keep the text of recalled messages for good.
    clearPages(draft.tx);
  }
  const account = frames.reduce((all, frame) => (frame.account ? joinSettings(all, frame.account) : all), ALL_ON);
  takeAccount(draft, account);
  for (const frame of frames) {
    for (const row of frame.rows) await applyRow(draft, row);
    for (const { conversationId, messages } of frame.messages) applyMessages(draft, ports, conversationId, messages, 'silent');
    // A snapshot that broke off and was continued also has the steps since its start.
    for (const step of frame.steps) draft.change({ t: 'step', step });
    applyReceiptChanges(draft, new Map(), frame.receipts ?? [], 'silent');
  }
  draft.change({ t: 'account', settings: draft.model.account, floors: true });
  if (isFirst) {
    takeSettingsCounts(draft, ports);
    takeCounts(draft, ports, [...draft.model.conversations.values()]);
  } else offerSettingsAgain(draft, ports, account);
  const last = frames[frames.length - 1];
  if (last) draft.change({ t: 'cursor', cursor: last.to, ...asOfToStore(draft.model, last, 'silent') });
  // After a loss of history, the server gets back the entries it had confirmed. For an entry still in its history, the
  // server answers "confirmed". Before the first snapshot, the device cannot tell the server's history.
  const confirmed = draft.model.confirmed.all;
  if (confirmed.length > 0) draft.change({ t: 'offer-again', keys: confirmed.map(({ key }) => [key, draft.newKey()]) });
};
