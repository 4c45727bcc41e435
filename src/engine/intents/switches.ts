/** Switches: mute, receipt settings and pause. */
import { setFlag, UNSET } from '../../model/flag.ts';
import type { ConversationId } from '../../model/ids.ts';
import { allowedBy, isNothingPending, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import type { ReceiptSettings } from '../../model/receipt-settings.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import type { IntentTable } from './intent.ts';

/** Mutes or unmutes a conversation. The flag is in force at once; for an unknown conversation, it is in force when the conversation appears. */
export const setMuted = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, muted: boolean): void => {
  const conversation = draft.model.get(conversationId);
  const pending = conversation?.pendingReceipts.muted;
  const before = isBlind(draft.model, conversation) ? pending : (conversation?.muteFlag ?? UNSET);
  if (before?.value !== muted) enqueueReceipts(draft, ports, conversationId, { muted: setFlag(before ?? UNSET, muted) });
};

/**
 * Sets which receipts this user sends from now on. One transaction, so no receipt is queued between the old and the new settings.
 *
 * Switching off: unsent public receipts end `cancelled`, and the private parts of their entries stay queued. Switching on:
 * the account state keeps a floor, so no receipt is sent for messages read or delivered before.
 */
export const setReceiptSettings = (draft: Draft, ports: IntentPorts, change: Partial<ReceiptSettings>): void => {
  const { model } = draft;
  const settings: ReceiptSettings = { ...model.settings, ...change };
  if (settings.readReceipts === model.settings.readReceipts && settings.deliveryReceipts === model.settings.deliveryReceipts) return;
  const unsent = [...model.outbox.values()].filter((entry): entry is ReceiptsEntry => entry.kind === 'receipts' && !entry.sent);
  for (const entry of unsent) {
    const pendingReceipts = allowedBy(settings, entry.pendingReceipts);
    if (pendingReceipts === entry.pendingReceipts) continue;
    draft.change({ t: 'end', key: entry.key, end: 'cancelled' });
    if (!isNothingPending(pendingReceipts)) draft.change({ t: 'enqueue', entry: { ...entry, key: ports.random.id(), pendingReceipts } });
  }
  draft.change({ t: 'settings', settings });
};

export const setPaused = (draft: Draft, paused: boolean): void => {
  if (draft.model.paused !== paused) draft.change({ t: 'paused', paused });
};

export const switchIntents = {
  setMuted: { readsPages: false, decide: setMuted },
  setReceiptSettings: { readsPages: false, decide: setReceiptSettings },
  setPaused: { readsPages: false, decide: (draft, _ports, paused) => setPaused(draft, paused) },
} satisfies Partial<IntentTable>;
