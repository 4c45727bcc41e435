/** Puts pending receipts into the outbox: at most one unsent entry per conversation, with all its registers. */
import type { ConversationId } from '../../model/ids.ts';
import { isNothingPending, type PendingReceipts } from '../../model/outbox-entry.ts';
import { NO_RANGES, range, union } from '../../model/registers/ranges.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Draft } from './draft.ts';

/** The ports for intents. */
export type IntentPorts = Pick<Ports, 'clock' | 'random'>;

/**
 * Merges `more` into the pending receipts of the conversation. A sent entry never changes under its key, so `more` becomes the next
 * entry. An unsent entry is merged with `more` into a new entry, and the old one ends `superseded`.
 *
 * What the position passes, and what is cleared by itself, while this device sends no read receipts stays untold: no device of the user may name it later (F130).
 */
export const enqueueReceipts = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, more: Partial<PendingReceipts>): void => {
  if (isNothingPending(more)) return;
  const conversation = draft.model.get(conversationId);
  const unsent = conversation?.unsent;
  const passed = draft.model.allowed.readReceipts
    ? NO_RANGES
    : union(range((conversation?.readUpTo ?? 0) + 1, more.position ?? 0), more.cleared ?? NO_RANGES);
  const untold = passed.length > 0 ? { untold: union(more.untold ?? NO_RANGES, passed) } : {};
  const change = { t: 'receipts', conversationId, pendingReceipts: { ...more, ...untold } } as const;
  if (!unsent) draft.change({ ...change, key: draft.newKey(), at: ports.clock.wall() });
  else if (draft.isFresh(unsent.key)) draft.change({ ...change, key: unsent.key });
  else draft.change({ ...change, key: draft.newKey(), over: unsent.key });
};
