/**
 * Which receipts of an entry the account's settings let through. The server judges, because the device that wrote the entry may not have
 * known the newest settings.
 */
import type { Seq } from '../../model/ids.ts';
import { intersect, NO_RANGES, range, type Ranges, subtract, union } from '../../model/registers/ranges.ts';
import type { AccountSettings, ReceiptSettings } from '../../model/message/receipt-settings.ts';
import type { WireReceiptsEntry } from '../../protocol/submit.ts';
import type { MemberRecord } from '../store/records.ts';

/** A row with more ranges in `untold` gets them joined, the oldest first: too little is told, never too much. */
export const MAX_UNTOLD_RANGES = 256;

/**
 * An entry written under older settings tells nothing: the user has switched since, and a switch to "on" tells nothing about the past. An
 * entry written under newer settings is ahead of them and counts. Before its first snapshot a device knows no settings, so the present
 * ones decide.
 */
export const allowedReceipts = (settings: AccountSettings, { cursor, settingsSeen }: WireReceiptsEntry): ReceiptSettings => {
  const allows = (kind: keyof AccountSettings): boolean => {
    const { count, value } = settings[kind];
    const seen = cursor === null ? count : (settingsSeen?.[kind] ?? 0);
    return seen === count ? value : seen > count;
  };
  return { deliveryReceipts: allows('deliveryReceipts'), readReceipts: allows('readReceipts') };
};

const bounded = (untold: Ranges): Ranges => {
  const last = untold[untold.length - MAX_UNTOLD_RANGES];
  return untold.length > MAX_UNTOLD_RANGES && last ? union(untold, range(1, last[1])) : untold;
};

/**
 * The messages that no receipt of the user may name, after this entry: the entry's list of messages read while its
 * device sent no receipts; and, if the account's settings forbid the entry's receipts, all messages that the entry
 * reads or clears.
 */
export const untoldAfter = (
  { untold, readUpTo, read, named }: MemberRecord,
  entry: WireReceiptsEntry,
  added: { readonly read: Ranges; readonly named: Ranges },
  { readReceipts }: ReceiptSettings,
  limit: Seq,
): Ranges => {
  const kept = union(untold, intersect(entry.untold ?? NO_RANGES, range(1, limit)));
  if (readReceipts) return bounded(kept);
  const passed = range(readUpTo + 1, Math.min(entry.position ?? 0, limit));
  const cleared = intersect(entry.cleared ?? NO_RANGES, range(1, limit));
  return bounded([subtract(added.read, read), subtract(added.named, named), passed, cleared].reduce(union, kept));
};
