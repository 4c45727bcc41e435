/** A mergeable switch: the change with the highest count wins. On a tie, `false` wins (not muted, not marked). */
import type { Seq } from './ids.ts';

export interface Flag {
  readonly count: number;
  readonly value: boolean;
}

/** The marked-unread flag, and the newest message known when it was set. The mark ends when the read position passes this message. */
export interface Mark extends Flag {
  readonly at: Seq;
}

export const UNSET: Flag = { count: 0, value: false };
export const UNMARKED: Mark = { count: 0, value: false, at: 0 };

/** Joins two states of the same flag. Commutative, associative, idempotent (I-2). */
export const latestFlag = <F extends Flag>(a: F, b: F): F => {
  if (a.count !== b.count) return a.count > b.count ? a : b;
  return a.value ? b : a;
};

/** Changes a flag and raises its count: so this change wins over the state before. */
export const setFlag = (flag: Flag, value: boolean): Flag => ({ count: flag.count + 1, value });

export const setMark = (mark: Mark, value: boolean, at: Seq): Mark => ({ count: mark.count + 1, value, at });

/** Whether the mark is still in force at this read position. */
export const isMarked = (mark: Mark, readUpTo: Seq): boolean => mark.value && readUpTo <= mark.at;
