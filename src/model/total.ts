/** The totals over the conversations of an account. */
import { type ConversationId, conversationType, type ConversationType } from './ids.ts';

/**
 * What a total counts: unread messages, unread messages that mention me, or conversations with an unread message or a mark. Muted
 * conversations add their mentions and nothing else.
 */
export type TotalOf = 'messages' | 'mentions' | 'conversations';

export const TOTALS_OF: readonly TotalOf[] = ['messages', 'mentions', 'conversations'];

/** Which total to watch. */
export interface TotalOptions {
  /** Only direct chats, or only groups. Default: both. */
  readonly type?: ConversationType | undefined;
  /** Default `messages`. */
  readonly of?: TotalOf | undefined;
  /** Counts the archived conversations instead of all others. Default false. */
  readonly archived?: boolean | undefined;
}

type Sums = Record<TotalOf, Record<ConversationType, number>>;

/** All totals of one moment. */
export interface Totals extends Sums {
  /** The same of the archived conversations, which the others leave out. */
  readonly archived: Sums;
}

/** The counts of one conversation. */
export interface Counts {
  readonly id: ConversationId;
  readonly muted: boolean;
  readonly archived: boolean;
  /** The conversation has an unread message or a mark. */
  readonly isUnread: boolean;
  readonly unread: { readonly unreadCount: number };
  readonly mentions: { readonly mentionCount: number };
}

const noSums = (): Sums => ({
  messages: { direct: 0, group: 0 },
  mentions: { direct: 0, group: 0 },
  conversations: { direct: 0, group: 0 },
});

export const noTotals = (): Totals => ({ ...noSums(), archived: noSums() });

/** Adds the counts of one conversation. */
export const addCounts = (totals: Totals, { id, muted, archived, isUnread, unread, mentions }: Counts): void => {
  const sums = archived ? totals.archived : totals;
  const type = conversationType(id);
  sums.mentions[type] += mentions.mentionCount;
  if (!muted) sums.messages[type] += unread.unreadCount;
  if (!muted && isUnread) sums.conversations[type] += 1;
};

export const sameTotals = (a: Totals | null, b: Totals | null): boolean => JSON.stringify(a) === JSON.stringify(b);

export const pickTotal = (totals: Totals, { type, of = 'messages', archived = false }: TotalOptions = {}): number => {
  const sums = (archived ? totals.archived : totals)[of];
  return type ? sums[type] : sums.direct + sums.group;
};
