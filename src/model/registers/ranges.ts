/**
 * Sets of sequence numbers, as sorted, disjoint, non-adjacent inclusive ranges. A register of this type only grows, by union (I-2).
 * Such a register is a join-semilattice: see `PendingReceipts` in `outbox-entry.ts`.
 */
import type { Seq } from '../ids.ts';

/** The messages from one `seq` to another one, both inclusive. */
export type Range = readonly [from: Seq, upTo: Seq];
/** A set of messages, as sorted ranges that neither overlap nor touch. */
export type Ranges = readonly Range[];

export const NO_RANGES: Ranges = [];

export const range = (from: Seq, upTo: Seq): Ranges => (from <= upTo ? [[from, upTo]] : NO_RANGES);

export const fromSeqs = (seqs: Iterable<Seq>): Ranges => {
  const sorted = [...seqs].sort((a, b) => a - b);
  const out: [Seq, Seq][] = [];
  for (const seq of sorted) {
    const last = out[out.length - 1];
    if (last && seq <= last[1] + 1) last[1] = Math.max(last[1], seq);
    else out.push([seq, seq]);
  }
  return out;
};

/** Numbers in `a` or `b`. Commutative, associative, idempotent. Returns `a` itself if `b` adds nothing. */
export const union = (a: Ranges, b: Ranges): Ranges => {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  // The fast path of the most common case: the newest range grows at its end, or a later range is added.
  if (b.length === 1) {
    const last = a[a.length - 1]!;
    const [from, upTo] = b[0]!;
    if (from >= last[0]) {
      if (upTo <= last[1]) return a;
      if (from <= last[1] + 1) return [...a.slice(0, -1), [last[0], upTo]];
      return [...a, b[0]!];
    }
  }
  const out: [Seq, Seq][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = j >= b.length || (i < a.length && a[i]![0] <= b[j]![0]) ? a[i++]! : b[j++]!;
    const last = out[out.length - 1];
    if (last && next[0] <= last[1] + 1) last[1] = Math.max(last[1], next[1]);
    else out.push([next[0], next[1]]);
  }
  return sameRanges(out, a) ? a : out;
};

/** Numbers in `a` but not in `b`. */
export const subtract = (a: Ranges, b: Ranges): Ranges => {
  if (a.length === 0 || b.length === 0) return a;
  const out: [Seq, Seq][] = [];
  let j = 0;
  for (const [start, upTo] of a) {
    let from = start;
    while (j < b.length && b[j]![1] < from) j++;
    for (let k = j; k < b.length && b[k]![0] <= upTo && from <= upTo; k++) {
      if (b[k]![0] > from) out.push([from, b[k]![0] - 1]);
      from = Math.max(from, b[k]![1] + 1);
    }
    if (from <= upTo) out.push([from, upTo]);
  }
  return out;
};

/** Numbers in both sets. */
export const intersect = (a: Ranges, b: Ranges): Ranges => {
  const out: [Seq, Seq][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const from = Math.max(a[i]![0], b[j]![0]);
    const upTo = Math.min(a[i]![1], b[j]![1]);
    if (from <= upTo) out.push([from, upTo]);
    if (a[i]![1] < b[j]![1]) i++;
    else j++;
  }
  return out;
};

/** The part above `seq`. */
export const above = (a: Ranges, seq: Seq): Ranges => {
  if (a.length === 0 || a[0]![0] > seq) return a;
  const out: Range[] = [];
  for (const [from, upTo] of a) if (upTo > seq) out.push([Math.max(from, seq + 1), upTo]);
  return out;
};

export const contains = (a: Ranges, seq: Seq): boolean => {
  let low = 0;
  let high = a.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, upTo] = a[middle]!;
    if (seq < from) high = middle - 1;
    else if (seq > upTo) low = middle + 1;
    else return true;
  }
  return false;
};

/** Number of sequence numbers in the set. */
export const size = (a: Ranges): number => {
  let n = 0;
  for (const [from, upTo] of a) n += upTo - from + 1;
  return n;
};

/** The highest `count` seqs of a set. */
export const newestSeqs = (seqs: Ranges, count: number): Ranges => {
  const out: Range[] = [];
  let room = count;
  for (let i = seqs.length - 1; i >= 0 && room > 0; i--) {
    const [from, upTo] = seqs[i]!;
    const start = Math.max(from, upTo - room + 1);
    out.unshift([start, upTo]);
    room -= upTo - start + 1;
  }
  return out;
};

/** Highest number in the set; 0 for the empty set. */
export const highest = (a: Ranges): Seq => a[a.length - 1]?.[1] ?? 0;

export const sameRanges = (a: Ranges, b: Ranges): boolean =>
  a === b || (a.length === b.length && a.every(([from, upTo], i) => from === b[i]![0] && upTo === b[i]![1]));

/** Iterates over all numbers, ascending. For small sets only. */
export function* seqsOf(a: Ranges): Iterable<Seq> {
  for (const [from, upTo] of a) for (let seq = from; seq <= upTo; seq++) yield seq;
}

/** Whether `value` has the form of {@link Ranges}. Values from the wire must be checked. */
export const isRanges = (value: unknown): value is Ranges => {
  if (!Array.isArray(value)) return false;
  let last = -1;
  for (const item of value as unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) return false;
    const [from, upTo] = item as [unknown, unknown];
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(upTo)) return false;
    if ((from as number) < 1 || (from as number) <= last + 1 || (upTo as number) < (from as number)) return false;
    last = upTo as number;
  }
  return true;
};
