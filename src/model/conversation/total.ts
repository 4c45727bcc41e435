/** The totals over the conversations of an account. */
import { type ConversationId, conversationType, type ConversationType } from '../ids.ts';

/**
 * The units of a total: unread messages, unread mentions of me, or conversations with an unread message or a mark.
 * Muted conversations add their mentions and nothing else.
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

/** A conversation, as far as the totals count it. */
interface CountedConversation {
  readonly id: ConversationId;
  readonly muted: boolean;
  readonly archived: boolean;
  /** The conversation has an unread message or a mark. */
  readonly isUnread: boolean;
  readonly unread: { readonly unreadCount: number };
  readonly mentions: { readonly mentionCount: number };
}

/** The part of the totals from a single conversation. */
export interface Counts extends Readonly<Record<TotalOf, number>> {
  readonly type: ConversationType;
  readonly archived: boolean;
}

export const countsOf = ({ id, muted, archived, isUnread, unread, mentions }: CountedConversation): Counts => ({
  type: conversationType(id),
  archived,
  messages: muted ? 0 : unread.unreadCount,
  mentions: mentions.mentionCount,
  conversations: !muted && isUnread ? 1 : 0,
});

const noSums = (): Sums => ({
  messages: { direct: 0, group: 0 },
  mentions: { direct: 0, group: 0 },
  conversations: { direct: 0, group: 0 },
});

export const noTotals = (): Totals => ({ ...noSums(), archived: noSums() });

/** Adds the counts of one conversation. */
export const addCounts = (totals: Totals, { type, archived, messages, mentions, conversations }: Counts): void => {
  const sums = archived ? totals.archived : totals;
  sums.messages[type] += messages;
  sums.mentions[type] += mentions;
  sums.conversations[type] += conversations;
};

export const sameTotals = (a: Totals | null, b: Totals | null): boolean => JSON.stringify(a) === JSON.stringify(b);

export const pickTotal = (totals: Totals, { type, of = 'messages', archived = false }: TotalOptions = {}): number => {
  const sums = (archived ? totals.archived : totals)[of];
  return type ? sums[type] : sums.direct + sums.group;
};
