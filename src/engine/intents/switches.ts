/** Switches: mute, receipt settings and pause. */
import { setFlag, UNSET } from '../../model/registers/flag.ts';
import type { ConversationId } from '../../model/ids.ts';
import type { ReceiptSettings, SettingsScope } from '../../model/message/receipt-settings.ts';
import { isBlind } from '../write/blind-flags.ts';
import type { Draft } from '../write/draft.ts';
import { type IntentPorts, enqueueReceipts } from '../write/enqueue.ts';
import { switchAccount, switchDevice } from '../write/receipt-switches.ts';
import { archiveAfterMute } from './archive.ts';
import type { IntentTable } from './intent.ts';

/** Mutes or unmutes a conversation. The flag is in force at once; for an unknown conversation, it is in force when the conversation appears. */
export const setMuted = (draft: Draft, ports: IntentPorts, conversationId: ConversationId, muted: boolean): void => {
  const conversation = draft.model.getOrBlank(conversationId);
  const before = isBlind(draft.model, conversation) ? conversation.pendingReceipts.muted : conversation.muteFlag;
  if (before?.value === muted) return;
  const flags = { muted: setFlag(before ?? UNSET, muted), ...archiveAfterMute(conversation, muted) };
  enqueueReceipts(draft, ports, conversationId, flags);
};

/**
 * Sets which receipts this user sends from now on. One transaction, so no receipt is queued between the old and the new settings.
 *
 * Switching off: unsent public receipts end `cancelled`, and the private parts of their entries stay queued. Switching on:
 * the account state keeps a floor, so no receipt is sent for messages read or delivered before.
 *
 * @param change.scope `device` (default) for this device, `account` for all devices of the account. A receipt is sent where both allow it.
 */
export const setReceiptSettings = (
  draft: Draft,
  ports: IntentPorts,
  { scope = 'device', ...change }: Partial<ReceiptSettings> & { readonly scope?: SettingsScope },
): void => {
  const { model } = draft;
  if (scope === 'account') return setAccountSettings(draft, ports, change);
  const settings: ReceiptSettings = { ...model.settings, ...change };
  if (settings.readReceipts === model.settings.readReceipts && settings.deliveryReceipts === model.settings.deliveryReceipts) return;
  switchDevice(draft, settings);
};

/** Sets the account's settings. Before the first snapshot this device does not know them, so the change is stored even if it seems to be none. */
const setAccountSettings = (draft: Draft, ports: IntentPorts, change: Partial<ReceiptSettings>): void => {
  const { model } = draft;
  const known = model.accountSettings;
  const kinds = (Object.keys(change) as (keyof ReceiptSettings)[]).filter((kind) => {
    const value = model.cursor === null ? model.pendingSettings.at(-1)?.settings[kind]?.value : known[kind].value;
    return change[kind] !== undefined && change[kind] !== value;
  });
  if (kinds.length > 0) switchAccount(draft, ports, Object.fromEntries(kinds.map((kind) => [kind, setFlag(known[kind], change[kind]!)])));
};

export const setPaused = (draft: Draft, paused: boolean): void => {
  if (draft.model.paused !== paused) draft.change({ t: 'paused', paused });
};

export const switchIntents = {
  setMuted: { readsPages: false, decide: setMuted },
  setReceiptSettings: { readsPages: false, decide: setReceiptSettings },
  setPaused: { readsPages: false, decide: (draft, _ports, paused) => setPaused(draft, paused) },
} satisfies Partial<IntentTable>;
