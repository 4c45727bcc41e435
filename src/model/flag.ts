/** A switch that merges: the change with the highest count wins; on a tie the quieter value (not muted, not marked) does. */
import type { Seq } from './ids.ts';

export interface Flag {
  readonly count: number;
  readonly value: boolean;
}

/** Marked unread: the flag, and the newest message known when it was set. The mark falls when the position passes it. */
export interface Mark extends Flag {
  readonly at: Seq;
}

export const UNSET: Flag = { count: 0, value: false };
export const UNMARKED: Mark = { count: 0, value: false, at: 0 };

/** Commutative, associative, idempotent (I-2). */
export const latestFlag = <F extends Flag>(a: F, b: F): F => {
  if (a.count !== b.count) return a.count > b.count ? a : b;
  return a.value ? b : a;
};

/** The same flag changed once more. */
export const setFlag = (flag: Flag, value: boolean): Flag => ({ count: flag.count + 1, value });

export const setMark = (mark: Mark, value: boolean, at: Seq): Mark => ({ count: mark.count + 1, value, at });

/** Whether the mark still stands at this read position. */
export const isMarked = (mark: Mark, readUpTo: Seq): boolean => mark.value && readUpTo <= mark.at;
