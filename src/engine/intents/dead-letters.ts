/** What the server refused: dismissed, or tried once more. */
import { UsageError } from '../../errors.ts';
import type { OutboxEntry } from '../../model/outbox-entry.ts';
import type { IntentPorts } from '../owe.ts';
import { owe } from '../owe.ts';
import type { Draft } from '../draft.ts';

export const dismissDeadLetter = (draft: Draft, id: string): void => draft.change({ t: 'dismiss', id });

/**
 * Tries a refused entry again, as a new one under a new key; the dead letter goes.
 *
 * @param options.requestReceipt for a message refused because it asked: send it without, under the same id.
 * @throws {UsageError} `usage/invalid-argument` for an id that is no dead letter's.
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
  draft.change({ t: 'dismiss', id });
  if (entry.kind === 'receipts') return owe(draft, ports, entry.conversationId, entry.owed);
  const fresh: OutboxEntry = { ...entry, key: ports.random.id(), sent: false, cursor: model.cursor };
  const { requestReceipt } = options;
  draft.change({
    t: 'owe',
    entry:
      fresh.kind === 'message' && requestReceipt !== undefined
        ? { ...fresh, message: { ...fresh.message, receiptRequested: requestReceipt } }
        : fresh,
  });
};
