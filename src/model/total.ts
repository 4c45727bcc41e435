/** The totals over the conversations of an account. */
import { type ConversationId, conversationType } from './ids.ts';

/** What a total counts: unread messages without those of muted conversations, or unread messages that mention me, of all conversations. */
export type TotalOf = 'messages' | 'mentions';

export const TOTALS_OF: readonly TotalOf[] = ['messages', 'mentions'];

/** Which total to watch. */
export interface TotalOptions {
  /** Only direct chats, or only groups. Default: both. */
  readonly type?: 'direct' | 'group' | undefined;
  /** Default `messages`. */
  readonly of?: TotalOf | undefined;
}

type ByType = Readonly<Record<'direct' | 'group', number>>;

/** All totals of one moment. */
export type Totals = Readonly<Record<TotalOf, ByType>>;

/** The counts of one conversation. */
export interface Counts {
  readonly muted: boolean;
  readonly unreadCount: number;
  readonly mentionCount: number;
}

type Sums = Record<TotalOf, Record<'direct' | 'group', number>>;

export const noTotals = (): Sums => ({ messages: { direct: 0, group: 0 }, mentions: { direct: 0, group: 0 } });

/** Adds the counts of one conversation. A muted conversation adds its mentions, and none of its other messages. */
export const addCounts = ({ messages, mentions }: Sums, id: ConversationId, { muted, unreadCount, mentionCount }: Counts): void => {
  const type = conversationType(id);
  if (!muted) messages[type] += unreadCount;
  mentions[type] += mentionCount;
};

export const sameTotals = (a: Totals | null, b: Totals | null): boolean => JSON.stringify(a) === JSON.stringify(b);

export const pickTotal = (totals: Totals, { type, of = 'messages' }: TotalOptions = {}): number => {
  const { direct, group } = totals[of];
  return type ? totals[of][type] : direct + group;
};
