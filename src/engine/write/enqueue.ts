/** How an intent is written down: at most one unsent entry per conversation, carrying all its registers. */
import type { ConversationId } from '../../model/ids.ts';
import { isNothingPending, NO_PENDING_RECEIPTS, type PendingReceipts } from '../../model/outbox-entry.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Draft } from './draft.ts';

/** What intents need of the platform. */
export type IntentPorts = Pick<Ports, 'clock' | 'random'>;

/**
 * Lays `more` over what the conversation owes. What was sent under a key never changes, so newer work becomes the next entry; what
 * was not sent is merged into a new entry, and the old one ends `superseded`.
 */
export const enqueueReceipts = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, more: Partial<PendingReceipts>): void => {
  if (isNothingPending({ ...NO_PENDING_RECEIPTS, ...more })) return;
  const unsent = draft.model.get(conversationId)?.unsent;
  const change = { t: 'receipts', of: conversationId, pendingReceipts: more } as const;
  if (!unsent) draft.change({ ...change, key: ports.random.id(), at: ports.clock.wall() });
  else if (draft.isFresh(unsent.key)) draft.change({ ...change, key: unsent.key });
  else draft.change({ ...change, key: ports.random.id(), over: unsent.key });
};
