/**
 * Whether a conversation is archived. Derived from the flag, from the mute, and from the messages after the flag: so all devices of the
 * account and the server have the same answer, and a message writes no flag of its readers.
 */
import type { ConversationRow } from './conversation.ts';
import { type Archive, latestMark, UNMARKED } from '../registers/flag.ts';
import type { PendingReceipts } from '../outbox-entry.ts';
import { unreadAt } from './unread.ts';

/** The newest archived flag, set on this device or on another. */
export const archiveOf = (row: Pick<ConversationRow, 'archived'>, pending: Archive | null): Archive => latestMark(row.archived, pending);

/** Whether the flag of the row is in force: at the server, and on a device without a pending change. */
export const holdsArchived = ({ archived, reopenedBy }: Pick<ConversationRow, 'archived' | 'reopenedBy'>, muted: boolean): boolean =>
  archived.value && (muted || reopenedBy === 0);

/** Whether the conversation is archived, with the pending changes of this device. */
export const isArchived = (
  row: ConversationRow,
  { archived, position }: Pick<PendingReceipts, 'archived' | 'position'>,
  muted: boolean,
): boolean => {
  const flag = archiveOf(row, archived);
  if (flag === row.archived) return holdsArchived(row, muted);
  if (!flag.value || muted) return flag.value;
  // The row knows nothing of the pending flag. An unread message above the flag is certain; the answer to the entry tells of read ones.
  return unreadAt(row, Math.max(row.readUpTo, position, flag.at), UNMARKED).unreadCount === 0;
};
