/** A mergeable switch: the change with the highest count wins. On a tie, `false` wins (not muted, not marked). */
import type { Seq } from '../ids.ts';
import { above, intersect, NO_RANGES, range, type Ranges, sameRanges, union } from './ranges.ts';

export interface Flag {
  readonly count: number;
  readonly value: boolean;
}

/** What a device knew of the messages from a message on, up to `upTo`, when it marked them unread. */
export interface CountedFrom {
  /** The read position at that time. A row says which messages above it count. */
  readonly upTo: Seq;
  readonly count: number;
  /** False if the device does not store all these messages: `count` is then a lower bound. */
  readonly exact: boolean;
}

/** The marked-unread flag. */
export interface Mark extends Flag {
  /** The newest message known when the flag was set. The mark ends when the read position passes this message. */
  readonly at: Seq;
  /** The message from which on the user marked the conversation unread. While the mark is in force, these messages count, read or not. */
  readonly from?: Seq | undefined;
  /** The messages from `from` on that the user cleared one by one after setting this mark: they do not count. */
  readonly cleared?: Ranges | undefined;
  /** Only on the device that set the mark, until the server's row covers these messages. Never on the wire. */
  readonly counted?: CountedFrom;
}

/**
 * The archived flag, and the newest message known when it was set. The flag falls with the next message that counts for the user, unless
 * the conversation is muted. `archive.ts` derives whether the flag is in force.
 */
export type Archive = Pick<Mark, 'count' | 'value' | 'at'>;

export const UNSET: Flag = { count: 0, value: false };
export const UNMARKED: Mark = { count: 0, value: false, at: 0 };
export const NOT_ARCHIVED: Archive = UNMARKED;

/** Joins two states of the same flag; without a second state there is nothing to join. Commutative, associative, idempotent (I-2). */
export const latestFlag = <F extends Flag>(a: F, b: F | null | undefined): F => {
  if (!b) return a;
  if (a.count !== b.count) return a.count > b.count ? a : b;
  return a.value ? b : a;
};

const earlier = (a: Mark, b: Mark): Mark => {
  if (a.from !== b.from) return (a.from ?? Infinity) < (b.from ?? Infinity) ? a : b;
  // A row counts these messages, so the number that a device knew has no use any more.
  return a.counted && (!b.counted || a.counted.count < b.counted.count) ? b : a;
};

const clearedIn = ({ cleared = NO_RANGES }: Mark): Ranges => cleared;

/**
 * Joins two states of the same mark. If both set it at the same count, the mark holds from the earlier message and to the later end, and
 * what was cleared under either is cleared.
 */
export const latestMark = (a: Mark, b: Mark | null): Mark => {
  if (!b) return a;
  if (a.count !== b.count || a.value !== b.value) return latestFlag(a, b);
  const first = earlier(a, b);
  const at = Math.max(a.at, b.at);
  const cleared = union(clearedIn(first), clearedIn(first === a ? b : a));
  if (first.at === at && cleared === clearedIn(first)) return first;
  return { ...first, at, ...(cleared.length > 0 ? { cleared } : {}) };
};

/** Changes a flag and raises its count: so this change wins over the state before. */
export const setFlag = (flag: Flag, value: boolean): Flag => ({ count: flag.count + 1, value });

export const setMark = (mark: Mark, value: boolean, at: Seq): Mark => ({ count: mark.count + 1, value, at });

export const sameMark = (a: Mark, b: Mark): boolean =>
  a.count === b.count && a.value === b.value && a.at === b.at && a.from === b.from && sameRanges(clearedIn(a), clearedIn(b));
export const setArchive: (archive: Archive, value: boolean, at: Seq) => Archive = setMark;

/** Whether the mark is still in force at this read position. */
export const isMarked = (mark: Mark, readUpTo: Seq): boolean => mark.value && readUpTo <= mark.at;

/** The first message that the mark counts, read or not; `undefined` if there is no such message. */
const countsFrom = (mark: Mark, readUpTo: Seq): Seq | undefined => (isMarked(mark, readUpTo) ? mark.from : undefined);

/** Messages above this `seq` can count as unread: the read position, or the message before the one that the user marked unread. */
export const countsAbove = (mark: Mark, readUpTo: Seq): Seq => Math.min(readUpTo, (countsFrom(mark, readUpTo) ?? Infinity) - 1);

/** Those of the messages cleared one by one that do not count. The mark counts messages again that were cleared before the mark. */
export const clearedUnder = (mark: Mark, readUpTo: Seq, cleared: Ranges): Ranges => {
  const from = countsFrom(mark, readUpTo);
  return from === undefined ? cleared : union(intersect(cleared, range(1, from - 1)), clearedIn(mark));
};

/** The mark after these messages were cleared under it; null if the mark counts none of them. */
export const clearUnder = (mark: Mark, readUpTo: Seq, cleared: Ranges): Mark | null => {
  const marked = above(cleared, (countsFrom(mark, readUpTo) ?? Infinity) - 1);
  return marked.length > 0 ? { ...mark, cleared: union(clearedIn(mark), marked) } : null;
};
