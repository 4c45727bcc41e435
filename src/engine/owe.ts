/** How an intent is written down: at most one unsent entry per conversation, carrying all its registers. */
import type { ConversationId } from '../model/ids.ts';
import { isNothingOwed, mergeOwed, NOTHING_OWED, type Owed } from '../model/outbox-entry.ts';
import type { Ports } from '../ports/ports.ts';
import type { Draft } from './write.ts';

/** What intents need of the platform. */
export type IntentPorts = Pick<Ports, 'clock' | 'random'>;

/**
 * Lays `more` over what the conversation owes. What was sent under a key never changes, so newer work becomes the next entry; what
 * was not sent is merged into a new entry, and the old one ends `superseded` (contract, "Outbox").
 */
export const owe = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, more: Partial<Owed>): void => {
  const owed = { ...NOTHING_OWED, ...more };
  if (isNothingOwed(owed)) return;
  const { model } = draft;
  const unsent = model.get(conversationId)?.unsent;
  const grows = unsent !== undefined && draft.isFresh(unsent.key);
  draft.change({
    t: 'owe',
    entry: {
      kind: 'receipts',
      key: grows ? unsent.key : ports.random.id(),
      conversationId,
      at: unsent?.at ?? ports.clock.wall(),
      sent: false,
      cursor: model.cursor,
      owed: unsent ? mergeOwed(unsent.owed, owed) : owed,
    },
  });
  if (unsent && !grows) draft.change({ t: 'end', key: unsent.key, end: 'superseded' });
};
