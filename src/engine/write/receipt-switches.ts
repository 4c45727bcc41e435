/**
 * Switching receipts off and on, by a setting of this device or of the account, here or on another device. A switch and what it cancels are
 * one transaction, so no receipt slips past it.
 */
import { setFlag } from '../../model/registers/flag.ts';
import { cancelForbidden, isNothingPending, type ReceiptsEntry } from '../../model/outbox-entry.ts';
import {
  type AccountSettings,
  bothAllow,
  countsOf,
  joinSettings,
  type ReceiptSettings,
  valuesOf,
} from '../../model/message/receipt-settings.ts';
import type { Draft } from './draft.ts';
import type { IntentPorts } from './enqueue.ts';

/**
 * Ends the unsent receipts that the settings will forbid. If the account's settings have changed, they are forbidden even if the setting is
 * "on" now: it was off in between, and a switch to "on" tells nothing about the past.
 */
const cancelUnsent = (draft: Draft, device: ReceiptSettings, account: AccountSettings): void => {
  const { model } = draft;
  const [before, after] = [countsOf(model.accountSettings), countsOf(account)];
  const allowed = bothAllow(bothAllow(device, valuesOf(account)), {
    deliveryReceipts: before.deliveryReceipts === after.deliveryReceipts,
    readReceipts: before.readReceipts === after.readReceipts,
  });
  const unsent = [...model.outbox.values()].filter((entry): entry is ReceiptsEntry => entry.kind === 'receipts' && !entry.sent);
  for (const entry of unsent) {
    const pendingReceipts = cancelForbidden(allowed, entry.pendingReceipts);
    if (pendingReceipts === entry.pendingReceipts) continue;
    draft.change({ t: 'end', key: entry.key, end: 'cancelled' });
    if (!isNothingPending(pendingReceipts)) draft.change({ t: 'enqueue', entry: { ...entry, key: draft.newKey(), pendingReceipts } });
  }
};

/** Switches receipts of this device. */
export const switchDevice = (draft: Draft, settings: ReceiptSettings): void => {
  cancelUnsent(draft, settings, draft.model.accountSettings);
  draft.change({ t: 'settings', settings });
};

/** Enqueues a change of the account's settings, for all devices of the account. It is in force here at once. */
export const switchAccount = (draft: Draft, ports: IntentPorts, flags: Partial<AccountSettings>): void => {
  const { model } = draft;
  cancelUnsent(draft, model.settings, joinSettings(model.accountSettings, flags));
  const last = model.pendingSettings[model.pendingSettings.length - 1];
  const unsent = last && !last.sent ? last : undefined;
  draft.change({
    t: 'enqueue',
    entry: {
      kind: 'settings',
      key: draft.newKey(),
      at: unsent?.at ?? ports.clock.wall(),
      sent: false,
      settings: { ...unsent?.settings, ...flags },
    },
  });
  if (unsent) draft.change({ t: 'end', key: unsent.key, end: 'superseded' });
};

/** Applies the account's settings as the server has them. Another device may have changed them. */
export const takeAccount = (draft: Draft, account: AccountSettings | undefined): void => {
  if (!account) return;
  const { model } = draft;
  cancelUnsent(draft, model.settings, joinSettings(model.accountSettings, account));
  draft.change({ t: 'account', settings: joinSettings(model.account, account) });
};

/** Gives the settings that the user changed before the first snapshot their counts, above the counts in the snapshot. */
export const takeSettingsCounts = (draft: Draft, ports: IntentPorts): void => {
  const { account, pendingSettings } = draft.model;
  const wanted: Partial<AccountSettings> = pendingSettings.reduce((all, { settings }) => ({ ...all, ...settings }), {});
  const raised = Object.entries(wanted).flatMap(([kind, { value }]) => {
    const known = account[kind as keyof AccountSettings];
    const shown = joinSettings(account, wanted)[kind as keyof AccountSettings];
    return shown.value === value ? [] : [[kind, setFlag(known, value)]];
  });
  if (raised.length > 0) switchAccount(draft, ports, Object.fromEntries(raised) as Partial<AccountSettings>);
};

/** Sends the settings again that a server with another history does not have, or has with a lower count. */
export const offerSettingsAgain = (draft: Draft, ports: IntentPorts, known: AccountSettings): void => {
  const { account } = draft.model;
  const lost = (Object.keys(account) as (keyof AccountSettings)[]).filter((kind) => account[kind].count > known[kind].count);
  if (lost.length > 0) switchAccount(draft, ports, Object.fromEntries(lost.map((kind) => [kind, account[kind]])));
};
