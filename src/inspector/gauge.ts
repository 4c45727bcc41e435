/** The end of a conversation as a strip: read messages, counted ones, those that do not count, and those not stored here. */
import type { UnreadExplanation } from '../index.ts';
import { h } from './build.ts';

type Part = readonly [kind: string, ranges: readonly (readonly [from: number, upTo: number])[]];

/** Below the first unread message, so much of the read part is shown. */
const SHORE = 0.18;
const LEAST = 12;

export class Gauge {
  private readonly strip = h('div', { class: 'strip' });
  private readonly from = h('span');
  private readonly upTo = h('span');
  readonly node = h('div', { class: 'gauge', 'aria-hidden': 'true' }, this.strip, h('div', { class: 'ends' }, this.from, this.upTo));

  show({ readUpTo, latestSeq, counted, uncounted, notHeld, markedFrom }: UnreadExplanation): void {
    const base = Math.min(readUpTo, (markedFrom ?? Infinity) - 1);
    const wide = Math.max(LEAST, Math.ceil((latestSeq - base) / (1 - SHORE)));
    const first = Math.max(1, latestSeq - wide + 1);
    const total = Math.max(1, latestSeq - first + 1);
    const parts: readonly Part[] = [
      ['read', base >= first ? [[first, base]] : []],
      ['uncounted', uncounted],
      ['counted', counted],
      ['not-held', notHeld],
    ];
    this.strip.replaceChildren(
      ...parts.flatMap(([kind, ranges]) =>
        ranges
          .filter(([, upTo]) => upTo >= first)
          .map(([from, upTo]) => {
            const segment = h('i', { 'data-kind': kind });
            const begin = Math.max(from, first);
            segment.style.setProperty('inset-inline-start', `${((begin - first) / total) * 100}%`);
            segment.style.setProperty('width', `${((upTo - begin + 1) / total) * 100}%`);
            return segment;
          }),
      ),
    );
    this.from.textContent = `message ${first}`;
    this.upTo.textContent = `${latestSeq}`;
    this.node.toggleAttribute('hidden', latestSeq === 0);
  }
}
