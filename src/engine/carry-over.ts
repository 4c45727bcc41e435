/** What goes along when an engine moves to another store: what the user did and the server has not, and the switches. */
import { allowedBy, type OutboxEntry } from '../model/outbox-entry.ts';
import type { ReceiptSettings } from '../store/journal.ts';
import type { Draft } from './draft.ts';
import type { HotModel } from './hot-model.ts';
import { type IntentPorts, owe } from './owe.ts';
import type { KeptDeadLetter } from './snapshot.ts';

export interface Carried {
  readonly outbox: readonly OutboxEntry[];
  readonly deadLetters: readonly KeptDeadLetter[];
  readonly settings: ReceiptSettings;
  readonly paused: boolean;
}

export const carriedOf = ({ outbox, deadLetters, settings, paused }: HotModel): Carried => ({
  outbox: [...outbox.values()],
  deadLetters: [...deadLetters],
  settings,
  paused,
});

/**
 * Laid over what is there: receipts merge, a message is the same under its id, and done twice it changes nothing more. A switch that is
 * off on either side stays off: nothing is told that was not to be told (I-6).
 */
export const adopt = (draft: Draft, ports: IntentPorts, { outbox, deadLetters, settings, paused }: Carried): void => {
  const { model } = draft;
  const joined: ReceiptSettings = {
    deliveryReceipts: model.settings.deliveryReceipts && settings.deliveryReceipts,
    readReceipts: model.settings.readReceipts && settings.readReceipts,
  };
  if (joined.deliveryReceipts !== model.settings.deliveryReceipts || joined.readReceipts !== model.settings.readReceipts)
    draft.change({ t: 'settings', settings: joined });
  if (paused && !model.paused) draft.change({ t: 'paused', paused });
  for (const entry of outbox) {
    if (entry.kind === 'receipts') owe(draft, ports, entry.conversationId, allowedBy(joined, entry.owed));
    else if (entry.kind === 'recall' || !isKnown(model, entry.message.id)) draft.change({ t: 'owe', entry });
  }
  for (const { letter, entry } of deadLetters) {
    if (model.deadLetters.some((known) => known.letter.id === letter.id)) continue;
    draft.change({ t: 'owe', entry }, { t: 'end', key: entry.key, end: 'rejected', deadLetter: letter });
  }
};

const isKnown = (model: HotModel, messageId: string): boolean =>
  model.findPending(messageId) !== undefined || model.findUnpaged(messageId) !== undefined;
