/**
 * The settings for the receipts of a user. A device has its own settings, and the account has settings for all of its
 * devices. A receipt is sent only if both settings allow the receipt.
 */
import { type Flag, latestFlag } from '../registers/flag.ts';

/** Which receipts are sent. */
export interface ReceiptSettings {
  /** True if senders learn about messages that a device stores. */
  readonly deliveryReceipts: boolean;
  /** True if senders learn about messages that the user has read. */
  readonly readReceipts: boolean;
}

/** The settings of one device, or of all devices of the account. */
export type SettingsScope = 'device' | 'account';

/** The settings as a page sees them. `deliveryReceipts` and `readReceipts` are what is in force on this device. */
export interface ShownReceiptSettings extends ReceiptSettings {
  /** The settings of this device. */
  readonly device: ReceiptSettings;
  /** The settings of the account, for all its devices. */
  readonly account: ReceiptSettings;
}

/**
 * The settings of the account. Each setting is a flag; `true`: receipts are sent. A tie goes to `false`, as with
 * every flag: two devices that disagree send no receipts.
 */
export interface AccountSettings {
  readonly deliveryReceipts: Flag;
  readonly readReceipts: Flag;
}

/** For each setting, the count of the flag that a device knew. */
export interface SettingsCounts {
  readonly deliveryReceipts: number;
  readonly readReceipts: number;
}

const ON: Flag = { count: 0, value: true };
/** The settings of an account that never changed them. */
export const ALL_ON: AccountSettings = { deliveryReceipts: ON, readReceipts: ON };

/** Joins two states of the settings. Commutative, associative, idempotent (I-2). */
export const joinSettings = (a: AccountSettings, b: Partial<AccountSettings>): AccountSettings => ({
  deliveryReceipts: latestFlag(a.deliveryReceipts, b.deliveryReceipts),
  readReceipts: latestFlag(a.readReceipts, b.readReceipts),
});

export const valuesOf = ({ deliveryReceipts, readReceipts }: AccountSettings): ReceiptSettings => ({
  deliveryReceipts: deliveryReceipts.value,
  readReceipts: readReceipts.value,
});

export const countsOf = ({ deliveryReceipts, readReceipts }: AccountSettings): SettingsCounts => ({
  deliveryReceipts: deliveryReceipts.count,
  readReceipts: readReceipts.count,
});

/** The receipts that both settings allow. */
export const bothAllow = (a: ReceiptSettings, b: ReceiptSettings): ReceiptSettings => ({
  deliveryReceipts: a.deliveryReceipts && b.deliveryReceipts,
  readReceipts: a.readReceipts && b.readReceipts,
});
