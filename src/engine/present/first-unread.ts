/** Finds the first unread message of a conversation: in the row, or among the stored messages where the row gives only their number. */
import { countsAbove } from '../../model/registers/flag.ts';
import type { Seq, UserId } from '../../model/ids.ts';
import { contains, intersect, range } from '../../model/registers/ranges.ts';
import { countingBase, type FirstUnread } from '../../model/conversation/unread.ts';
import type { StoreTx } from '../../ports/ports.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { AccountState } from '../state/account-state.ts';
import type { ConversationState } from '../state/conversation-state.ts';
import { readStored } from './read-messages.ts';

/** Messages that are checked, from the position on, where the row does not say which of them count. */
const MAX_CHECKED = 500;

/** True if the message counts as unread for its reader, as far as the message says. */
export const countsFor = (me: UserId, { senderId, countable, recalled }: KeptMessage): boolean => senderId !== me && countable && !recalled;

/** The first unread message as the row gives it. If the row gives only a number, the first message above the position, which may not count. */
export const firstUnreadInRow = ({
  row,
  readUpTo,
  mark,
  unread,
  counted,
}: ConversationState): { readonly seq: Seq; readonly isSure: boolean } | null => {
  if (unread.unreadCount === 0) return null;
  const [oldest] = counted;
  return oldest ? { seq: oldest[0], isSure: true } : { seq: countingBase(row, countsAbove(mark, readUpTo)) + 1, isSure: false };
};

const firstUnreadSeq = async (tx: StoreTx, me: UserId, conversation: ConversationState): Promise<Seq | null> => {
  const first = firstUnreadInRow(conversation);
  if (!first || first.isSure) return first?.seq ?? null;
  const from = first.seq;
  const [stored] = intersect(conversation.storedSeqs, range(from, from + MAX_CHECKED - 1));
  if (stored?.[0] !== from) return from;
  const messages = await readStored(tx, conversation, [stored]);
  const { cleared } = conversation;
  return messages.find((message) => countsFor(me, message) && !contains(cleared, message.seq))?.seq ?? stored[1] + 1;
};

/** The first unread message; null if nothing is unread. If this device cannot tell which message counts, the first one that may count. */
export const firstUnreadOf = async (tx: StoreTx, { me }: AccountState, conversation: ConversationState): Promise<FirstUnread | null> => {
  const seq = await firstUnreadSeq(tx, me, conversation);
  if (seq === null) return null;
  const [message] = await readStored(tx, conversation, range(seq, seq));
  return { seq, messageId: message?.id ?? null, count: conversation.unread.unreadCount };
};
