/** Dead letters: entries that the server rejected. The user dismisses a dead letter, or tries its entry again. */
import { UsageError } from '../../errors.ts';
import { allowedBy, hasLostText, isNothingPending, type OutboxEntry, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import type { Draft } from '../write/draft.ts';
import { enqueueReceipts, type IntentPorts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';
import { setArchived } from './archive.ts';
import { changeMark } from './mark-unread.ts';
import { setMuted } from './switches.ts';

/** Removes a dead letter. An unknown id is no error: another tab may have dismissed the same dead letter. */
const dismissDeadLetter = (draft: Draft, id: string): void => {
  if (draft.model.deadLetters.some(({ letter }) => letter.id === id)) draft.change({ t: 'dismiss', id });
};

/**
 * Queues the entry of a dead letter again, as a new entry under a new key, and removes the dead letter.
 *
 * @param options.requestReceipt replaces the flag of a message. After a rejection of the receipt request, the message can be sent without
 * the request, under the same id.
 * @throws {UsageError} `usage/invalid-argument` for an id without a dead letter, and for receipts switched off in the settings.
 */
const retryDeadLetter = (
  draft: Draft,
  ports: IntentPorts,
  id: string,
  options: { readonly requestReceipt?: boolean | undefined },
): void => {
  const { model } = draft;
  const dead = model.deadLetters.find(({ letter }) => letter.id === id);
  if (!dead)
    throw new UsageError('usage/invalid-argument', `there is no dead letter ${JSON.stringify(id)}; take an id from watchDeadLetters()`);
  const { entry } = dead;
  if (hasLostText(entry))
    throw new UsageError(
      'usage/invalid-argument',
      `the text of dead letter ${JSON.stringify(id)} cannot be read: dismiss it, and send the message again`,
    );
  if (entry.kind === 'receipts') return retryReceipts(draft, ports, id, entry);
  draft.change({ t: 'dismiss', id });
  const fresh: OutboxEntry = { ...entry, key: draft.newKey(), sent: false, cursor: model.cursor };
  const { requestReceipt } = options;
  draft.change({
    t: 'enqueue',
    entry:
      fresh.kind === 'message' && requestReceipt !== undefined
        ? { ...fresh, message: { ...fresh.message, receiptRequested: requestReceipt } }
        : fresh,
  });
};

/** Queues the receipts that the settings still allow. A flag is set anew, so that it wins over flags set in the meantime. */
const retryReceipts = (draft: Draft, ports: IntentPorts, id: string, { conversationId, pendingReceipts }: ReceiptsEntry): void => {
  const { muted, marked, archived, ...rest } = allowedBy(draft.model.allowed, pendingReceipts);
  if (isNothingPending({ ...rest, muted, marked, archived }))
    throw new UsageError(
      'usage/invalid-argument',
      `the receipts of dead letter ${JSON.stringify(id)} are switched off: switch them on, or dismiss it`,
    );
  draft.change({ t: 'dismiss', id });
  enqueueReceipts(draft, ports, conversationId, rest);
  if (muted) setMuted(draft, ports, conversationId, muted.value);
  if (archived) setArchived(draft, ports, conversationId, archived.value);
  if (!marked) return;
  const { value, from, counted } = marked;
  changeMark(draft, ports, conversationId, value, from !== undefined && counted ? { from, counted } : undefined);
};

export const deadLetterIntents = {
  dismissDeadLetter: { readsPages: false, decide: (draft, _ports, id) => dismissDeadLetter(draft, id) },
  retryDeadLetter: { readsPages: false, decide: retryDeadLetter },
} satisfies Partial<IntentTable>;
