/**
 * Data for the move of an engine to another store: the outbox, the dead letters, the settings, and the rows shown by the views. A later
 * call is then decided by the state known to the user. Messages stay behind, because the server has every message.
 */
import { rowParts } from '../../model/conversation/conversation.ts';
import { cancelForbidden, type OutboxEntry } from '../../model/outbox-entry.ts';
import type { Change } from '../../log/log-record.ts';
import type { ReceiptSettings } from '../../model/message/receipt-settings.ts';
import { takeCounts } from '../write/blind-flags.ts';
import { switchAccount, switchDevice, takeSettingsCounts } from '../write/receipt-switches.ts';
import type { Draft } from '../write/draft.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import type { AccountState } from '../state/account-state.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { KeptDeadLetter } from '../state/snapshot.ts';

type Restored = Extract<Change, { t: 'restore' }>;

export interface Carried {
  readonly outbox: readonly OutboxEntry[];
  readonly deadLetters: readonly KeptDeadLetter[];
  readonly settings: ReceiptSettings;
  readonly paused: boolean;
  /** Absent when the first snapshot had not arrived. */
  readonly shown?: Restored;
}

const restoredConversation = ({
  row,
  latest,
  readFloor,
  deliveryFloor,
  newestReceived,
}: ConversationState): Restored['conversations'][number] => ({
  // The row may refer to the newest stored message. Messages stay behind, so the row carries it.
  row: rowParts({ ...row, lastMessage: latest }),
  readFloor,
  deliveryFloor,
  newestReceived,
});

export const carriedOf = ({
  outbox,
  deadLetters,
  settings,
  account,
  paused,
  cursor,
  confirmedAt,
  asOf,
  conversations,
}: AccountState): Carried => ({
  outbox: [...outbox.values()],
  deadLetters: [...deadLetters],
  settings,
  paused,
  ...(cursor === null
    ? {}
    : {
        shown: { t: 'restore', cursor, confirmedAt, asOf, account, conversations: [...conversations.values()].map(restoredConversation) },
      }),
});

/**
 * Merges the carried data into the new store. Receipts merge, and a message keeps its id, so a repetition changes nothing. A setting that is
 * off on either side stays off, so no receipt is sent against the user's will (I-6).
 *
 * @returns true when the store was empty and took the carried rows. A store with a snapshot of its own keeps its rows.
 */
export const adopt = (draft: Draft, ports: IntentPorts, { outbox, deadLetters, settings, paused, shown }: Carried): boolean => {
  const { model } = draft;
  const isRestored = model.cursor === null && shown !== undefined;
  if (isRestored) draft.change(shown);
  const joined: ReceiptSettings = {
    deliveryReceipts: model.settings.deliveryReceipts && settings.deliveryReceipts,
    readReceipts: model.settings.readReceipts && settings.readReceipts,
  };
  if (joined.deliveryReceipts !== model.settings.deliveryReceipts || joined.readReceipts !== model.settings.readReceipts)
    switchDevice(draft, joined);
  if (paused && !model.paused) draft.change({ t: 'paused', paused });
  for (const entry of outbox) {
    if (entry.kind === 'settings') switchAccount(draft, ports, entry.settings);
    else if (entry.kind === 'receipts')
      enqueueReceipts(draft, ports, entry.conversationId, cancelForbidden(model.allowed, entry.pendingReceipts));
    else if (entry.kind === 'recall' || !isKnown(model, entry.message.id)) draft.change({ t: 'enqueue', entry });
  }
  // Flags set before the first snapshot get counts above those in the rows of this store.
  if (!shown && model.cursor !== null) {
    takeSettingsCounts(draft, ports);
    takeCounts(
      draft,
      ports,
      outbox.flatMap((entry) => (entry.kind === 'settings' ? [] : (model.get(entry.conversationId) ?? []))),
    );
  }
  for (const { letter, entry } of deadLetters) {
    if (model.deadLetters.some((known) => known.letter.id === letter.id)) continue;
    draft.change({ t: 'enqueue', entry }, { t: 'end', key: entry.key, end: 'rejected', deadLetter: letter });
  }
  return isRestored;
};

const isKnown = (model: AccountState, messageId: string): boolean =>
  model.findPending(messageId) !== undefined || model.findUnflushed(messageId) !== undefined;
