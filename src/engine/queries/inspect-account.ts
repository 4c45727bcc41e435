/** The inside of the account for the inspector, without bodies and without texts of receipts. */
import type { InspectedAccount, InspectedEntry } from '../../model/api/inspection.ts';
import type { OutboxEntry } from '../../model/outbox-entry.ts';
import type { AccountState } from '../state/account-state.ts';

const MAX_ENTRIES = 200;

export const inspectAccount = (
  { cursor, outbox, deadLetters }: AccountState,
  attempts: (entry: OutboxEntry) => Pick<InspectedEntry, 'tries' | 'nextTryAt'>,
): InspectedAccount => ({
  cursor,
  pending: outbox.size,
  deadLetters: deadLetters.map(({ letter }) => letter),
  outbox: [...outbox.values()].slice(0, MAX_ENTRIES).map((entry) => ({
    key: entry.key,
    kind: entry.kind,
    at: entry.at,
    sent: entry.sent,
    conversationId: entry.kind === 'settings' ? null : entry.conversationId,
    messageId: entry.kind === 'message' ? entry.message.id : entry.kind === 'recall' ? entry.messageId : null,
    ...attempts(entry),
  })),
});
