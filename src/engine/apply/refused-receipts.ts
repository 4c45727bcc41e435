/** Ends entries with refused receipts: receipts too late, receipts of recalled messages, and all others. */
import type { RejectedCode } from '../../errors.ts';
import type { ConversationId, MessageId } from '../../model/ids.ts';
import { type DeadLetter, type EntryEnd, isNothingPending, NO_PENDING_RECEIPTS, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import { size } from '../../model/registers/ranges.ts';
import type { Ports } from '../../ports/ports.ts';
import { findInConversation } from '../present/find-message.ts';
import { readStored } from '../present/read-messages.ts';
import type { Draft } from '../write/draft.ts';

/** Shows these messages as expired at once, before the feed says so. */
const expire = async (draft: Draft, conversationId: ConversationId, ids: readonly MessageId[]): Promise<void> => {
  const conversation = draft.model.get(conversationId);
  if (ids.length === 0) return;
  const messages = conversation ? [...(await findInConversation(draft.tx, conversation, ids)).values()] : [];
  if (messages.length > 0)
    draft.change({
      t: 'counts',
      conversationId,
      receipts: messages.map(({ seq, receipt }) => ({ readCount: 0, memberCount: 0, ...receipt, seq, expired: true })),
    });
  draft.change({ t: 'event', event: { type: 'expired', conversationId, messageIds: ids } });
};

/** Ends an entry of expired receipts only. */
export const expireAll = async (draft: Draft, { key, conversationId, pendingReceipts }: ReceiptsEntry): Promise<void> => {
  const conversation = draft.model.get(conversationId);
  const namedMessages = conversation ? await readStored(draft.tx, conversation, pendingReceipts.named) : [];
  draft.change({ t: 'end', key, end: 'expired' });
  await expire(draft, conversationId, [...new Set([...namedMessages.map(({ id }) => id), ...pendingReceipts.namedIds])]);
};

/**
 * Ends an entry of which the server refused the `refused` receipts. With a receipt in effect, the entry ends
 * `confirmed`. Without one, the entry ends `expired` (at least one receipt was too late) or `superseded` (all messages
 * were recalled).
 */
export const endRefused = async (
  draft: Draft,
  ports: Pick<Ports, 'clock'>,
  entry: ReceiptsEntry,
  refused: readonly { readonly id: MessageId; readonly code: RejectedCode }[],
): Promise<void> => {
  const { key, conversationId, pendingReceipts } = entry;
  const withCode = (code: RejectedCode): MessageId[] => refused.flatMap((one) => (one.code === code ? [one.id] : []));
  const late = withCode('rejected/receipt-expired');
  const takenBack = withCode('rejected/message-recalled');
  const { named, namedIds } = pendingReceipts;
  const namesOnly = isNothingPending({ ...pendingReceipts, named: NO_PENDING_RECEIPTS.named, namedIds: [], contents: [] });
  const none = namesOnly && late.length + takenBack.length >= size(named) + namedIds.length;
  const end: EntryEnd = none ? (late.length > 0 ? 'expired' : 'superseded') : 'confirmed';
  draft.change({ t: 'end', key, end });
  if (entry.again) return;
  await expire(draft, conversationId, late);
  for (const { id, code } of refused) {
    if (code === 'rejected/receipt-expired' || code === 'rejected/message-recalled') continue;
    const deadLetter: DeadLetter = { id: `${key}/${id}`, kind: 'receipts', conversationId, messageIds: [id], code, at: ports.clock.wall() };
    draft.change({ t: 'event', event: { type: 'rejected', deadLetter } });
  }
};
