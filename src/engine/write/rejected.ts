/** The end of an entry that becomes a dead letter. */
import type { RejectedCode, StoreCode } from '../../errors.ts';
import type { ConversationEntry, DeadLetter } from '../../model/outbox-entry.ts';
import type { Change } from '../../log/log-record.ts';
import type { Ports } from '../../ports/ports.ts';

const messageIdsOf = (entry: ConversationEntry): readonly string[] =>
  entry.kind === 'message' ? [entry.message.id] : entry.kind === 'recall' ? [entry.messageId] : entry.pendingReceipts.namedIds;

export const rejected = (
  { clock }: Pick<Ports, 'clock'>,
  entry: ConversationEntry,
  code: RejectedCode | Extract<StoreCode, 'store/unreadable'>,
): readonly Change[] => {
  const deadLetter: DeadLetter = {
    id: entry.key,
    kind: entry.kind,
    conversationId: entry.conversationId,
    messageIds: messageIdsOf(entry),
    code,
    at: clock.wall(),
  };
  return [
    { t: 'end', key: entry.key, end: 'rejected', deadLetter },
    { t: 'event', event: { type: 'rejected', deadLetter } },
  ];
};
