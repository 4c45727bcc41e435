/** Ends an entry by the server's answer. The end, the row in the answer and their events are one transaction (I-20). */
import type { OutboxEntry, PendingReceipts, ReceiptsEntry, RecallEntry, SettingsEntry } from '../../model/outbox-entry.ts';
import { highest, intersect } from '../../model/registers/ranges.ts';
import { NO_RECEIPTS_SENT } from '../../model/message/receipt.ts';
import type { WireResult } from '../../protocol/submit.ts';
import { findInConversation } from '../present/find-message.ts';
import { joinSettings } from '../../model/message/receipt-settings.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import { rejected } from '../write/rejected.ts';
import { takeAccount } from '../write/receipt-switches.ts';
import { applyRow, addRowEvents, storedAt } from './apply-rows.ts';
import { endRefused, expireAll } from './refused-receipts.ts';
import { tellSent } from './tell-sent.ts';

type EndOfEntry = Exclude<WireResult, { outcome: 'retry' }>;

/** Empties the recalled message in the transaction of the entry's end: no view shows the text in between. */
const emptyRecalled = async (draft: Draft, { conversationId, messageId }: RecallEntry): Promise<void> => {
  const conversation = draft.model.get(conversationId);
  const message = conversation && (await findInConversation(draft.tx, conversation, [messageId])).get(messageId);
  if (message) draft.change({ t: 'messages', conversationId, messages: [{ ...message, recalled: true, body: '' }] });
};

/**
 * The read receipts of the entry that took effect. If the user's settings kept some of them back, the row shows which are in effect; for
 * messages that this device does not store it cannot tell.
 */
const inEffect = (
  { pendingReceipts }: ReceiptsEntry,
  conversation: ConversationState | undefined,
  withheld: boolean,
): Pick<PendingReceipts, 'read' | 'named' | 'namedIds'> => {
  if (!withheld) return pendingReceipts;
  const mine = conversation?.row.mine ?? NO_RECEIPTS_SENT;
  return { read: intersect(pendingReceipts.read, mine.read), named: intersect(pendingReceipts.named, mine.named), namedIds: [] };
};

/** Tells which read receipts of the entry the server has. A delivery receipt, a position or a flag alone makes no event. */
const addConfirmed = async (draft: Draft, entry: ReceiptsEntry, refused: ReadonlySet<string>, withheld: boolean): Promise<void> => {
  const { conversationId } = entry;
  const conversation = draft.model.get(conversationId);
  const { named, namedIds, read } = inEffect(entry, conversation, withheld);
  const stored =
    conversation && named.length > 0
      ? await storedAt(draft, conversation, named, ({ senderId }) => senderId !== draft.model.me)
      : undefined;
  const messageIds = [...new Set([...(stored?.messageIds ?? []), ...namedIds])].filter((id) => !refused.has(id));
  if (messageIds.length === 0 && read.length === 0) return;
  const upTo = read.length > 0 ? highest(read) : null;
  draft.change({ t: 'event', event: { type: 'receiptsConfirmed', conversationId, messageIds, upTo } });
};

/** A server that refuses the settings does not know them. This device obeys them all the same. */
const endSettings = (draft: Draft, { key, settings }: SettingsEntry, result: EndOfEntry): void => {
  if (result.outcome === 'confirmed') takeAccount(draft, result.account);
  else draft.change({ t: 'account', settings: joinSettings(draft.model.account, settings) });
  draft.change({ t: 'end', key, end: result.outcome });
};

export const endEntry = async (draft: Draft, ports: IntentPorts, entry: OutboxEntry, result: EndOfEntry): Promise<void> => {
  if (entry.kind === 'settings') return endSettings(draft, entry, result);
  if (result.outcome === 'rejected') {
    // The server confirmed the entry once, lost its history, and rejects the entry now. A rejected receipt makes no
    // event; a lost message does.
    if (entry.again && entry.kind !== 'message') draft.change({ t: 'end', key: entry.key, end: 'rejected' });
    else if (entry.kind === 'receipts' && result.code === 'rejected/receipt-expired') await expireAll(draft, entry);
    else draft.change(...rejected(ports, entry, result.code));
    return;
  }
  const before = result.row ? await applyRow(draft, result.row) : undefined;
  // The entry ends before its message is stored, because a recalled message is then removed from the confirmed entries.
  if (entry.kind === 'message') draft.change({ t: 'end', key: entry.key, end: 'confirmed' });
  if (entry.kind === 'message' && result.message) {
    const { seq, sentAt, recalled = false } = result.message;
    // The message arrived at an earlier attempt, and another device has recalled it since. The feed may have brought the recall already.
    const body = recalled ? '' : entry.message.body;
    draft.change({
      t: 'messages',
      conversationId: entry.conversationId,
      messages: [{ ...entry.message, body, seq, sentAt, senderId: draft.model.me, recalled }],
    });
    if (!entry.again) tellSent(draft, entry.conversationId, entry.message.id, seq);
  }
  if (entry.kind === 'recall') await emptyRecalled(draft, entry);
  if (entry.kind === 'receipts' && result.refused) await endRefused(draft, ports, entry, result.refused);
  else if (entry.kind !== 'message') draft.change({ t: 'end', key: entry.key, end: 'confirmed' });
  if (entry.kind === 'receipts' && !entry.again)
    await addConfirmed(draft, entry, new Set(result.refused?.map(({ id }) => id)), result.withheld === true);
  if (before) await addRowEvents(draft, entry.conversationId, before);
};
