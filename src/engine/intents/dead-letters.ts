/** Entries that the server refused: dismissed, or tried once more. */
import { UsageError } from '../../errors.ts';
import { allowedBy, isNothingPending, type OutboxEntry, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import type { IntentPorts } from '../write/enqueue.ts';
import { enqueueReceipts } from '../write/enqueue.ts';
import type { Draft } from '../write/draft.ts';
import { setMarkedUnread, setMuted } from './switches.ts';

/** One that is gone already, dismissed in another tab, is no error. */
export const dismissDeadLetter = (draft: Draft, id: string): void => {
  if (draft.model.deadLetters.some(({ letter }) => letter.id === id)) draft.change({ t: 'dismiss', id });
};

/**
 * Tries a refused entry again, as a new one under a new key; the dead letter goes.
 *
 * @param options.requestReceipt for a message refused because it asked: send it without, under the same id.
 * @throws {UsageError} `usage/invalid-argument` for an id that is no dead letter's, and for receipts that are switched off by now.
 */
export const retryDeadLetter = (
  draft: Draft,
  ports: IntentPorts,
  id: string,
  options: { readonly requestReceipt?: boolean | undefined },
): void => {
  const { model } = draft;
  const dead = model.deadLetters.find(({ letter }) => letter.id === id);
  if (!dead) throw new UsageError('usage/invalid-argument', `there is no dead letter ${JSON.stringify(id)}`);
  const { entry } = dead;
  if (entry.kind === 'receipts') return putEntryAgain(draft, ports, id, entry);
  draft.change({ t: 'dismiss', id });
  const fresh: OutboxEntry = { ...entry, key: ports.random.id(), sent: false, cursor: model.cursor };
  const { requestReceipt } = options;
  draft.change({
    t: 'enqueue',
    entry:
      fresh.kind === 'message' && requestReceipt !== undefined
        ? { ...fresh, message: { ...fresh.message, receiptRequested: requestReceipt } }
        : fresh,
  });
};

/** What is switched off by now is not told; a flag is set anew, above what was set since. */
const putEntryAgain = (draft: Draft, ports: IntentPorts, id: string, { conversationId, pendingReceipts }: ReceiptsEntry): void => {
  const { muted, marked, ...rest } = allowedBy(draft.model.settings, pendingReceipts);
  if (isNothingPending({ ...rest, muted, marked }))
    throw new UsageError(
      'usage/invalid-argument',
      `the receipts of dead letter ${JSON.stringify(id)} are switched off: switch them on, or dismiss it`,
    );
  draft.change({ t: 'dismiss', id });
  enqueueReceipts(draft, ports, conversationId, rest);
  if (muted) setMuted(draft, ports, conversationId, muted.value);
  if (marked) setMarkedUnread(draft, ports, conversationId, marked.value);
};
