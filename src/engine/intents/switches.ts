/** Switches: mute, mark as unread, what is told to senders, pause. */
import { setFlag, setMark, UNMARKED, UNSET } from '../../model/flag.ts';
import type { ConversationId } from '../../model/ids.ts';
import { allowedBy, isNothingPending, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import type { ReceiptSettings } from '../../log/log-record.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';

/** Mutes the conversation or not, known here or not: the flag is in force at once, and when the conversation appears. */
export const setMuted = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, muted: boolean): void => {
  const conversation = draft.model.get(conversationId);
  const pending = conversation?.pendingReceipts.muted;
  const before = isBlind(draft.model, conversation) ? pending : (conversation?.muteFlag ?? UNSET);
  if (before?.value !== muted) enqueueReceipts(draft, ports, conversationId, { muted: setFlag(before ?? UNSET, muted) });
};

/** Sets a flag beside the position, which stays where it is; of a conversation known here or not. */
export const setMarkedUnread = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, marked: boolean): void => {
  const conversation = draft.model.get(conversationId);
  const isSet = isBlind(draft.model, conversation) ? conversation?.pendingReceipts.marked?.value : (conversation?.markedUnread ?? false);
  if (isSet === marked) return;
  enqueueReceipts(draft, ports, conversationId, {
    marked: setMark(conversation?.mark ?? UNMARKED, marked, conversation?.row.latestSeq ?? 0),
  });
};

/**
 * What senders may learn from now on. Switched off: unsent public parts end `cancelled`, their private parts stay queued. Switched
 * on: nothing about the past is told (the model keeps the floor). One transaction, so no receipt slips between.
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
