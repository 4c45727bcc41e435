import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ConversationRow, emptyRow, joinRows, rowParts, wholeRow } from '../../src/model/conversation/conversation.ts';
import { fromSeqs, size } from '../../src/model/registers/ranges.ts';
import { mentionsAt } from '../../src/model/conversation/unread.ts';

interface Line {
  readonly own: boolean;
  readonly countable: boolean;
  readonly mentioning: boolean;
  readonly recalled: boolean;
}

/** A history: messages come, are recalled, and are read. A recall may keep the version, like a recall in a slow transaction. */
type Step = { readonly add: Omit<Line, 'recalled'> } | { readonly recall: number; readonly slow: boolean } | { readonly read: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.record({ own: fc.boolean(), countable: fc.boolean(), mentioning: fc.boolean() }) }) },
  fc.record({ recall: fc.nat(30), slow: fc.boolean() }),
  fc.record({ read: fc.nat(30) }),
);
const steps = fc.array(step, { minLength: 1, maxLength: 30 });

const isMention = ({ own, countable, mentioning, recalled }: Line): boolean => !own && countable && mentioning && !recalled;
const recount = (lines: readonly Line[], position: number): number => lines.filter((line, i) => i + 1 > position && isMention(line)).length;

/** @param most above so many ranges a row carries the number. */
const rowOf = (lines: readonly Line[], readUpTo: number, version: number, most: number): ConversationRow => {
  const seqsOf = (is: (line: Line) => boolean) => fromSeqs(lines.flatMap((line, i) => (i + 1 > readUpTo && is(line) ? [i + 1] : [])));
  const mentions = seqsOf(isMention);
  const row = {
    ...emptyRow('group:crew'),
    version,
    latestSeq: lines.length,
    readUpTo,
    uncounted: seqsOf((line) => line.own || !line.countable || line.recalled),
  };
  return mentions.length > most
    ? { ...row, mentionsCounted: { at: readUpTo, upTo: lines.length, count: size(mentions) } }
    : { ...row, mentions };
};

/** The lines and the rows after each step. */
const play = (all: readonly Step[], most: number) => {
  let lines: Line[] = [];
  let position = 0;
  let version = 1;
  const rows = all.map((one) => {
    if ('add' in one) lines = [...lines, { ...one.add, recalled: false }];
    else if ('recall' in one) lines = lines.map((line, i) => (i === one.recall ? { ...line, recalled: true } : line));
    else position = Math.max(position, Math.min(one.read, lines.length));
    if (!('slow' in one && one.slow)) version++;
    return rowOf(lines, position, version, most);
  });
  return { lines, position, rows };
};

it('I-12, I-13: the mention count equals a recount, at the row’s position and at any higher pending position', () => {
  fc.assert(
    fc.property(steps, fc.nat(30), (all, pending) => {
      const { lines, position, rows } = play(all, 1000);
      const inForce = Math.min(lines.length, position + pending);
      expect(mentionsAt(rows.at(-1)!, inForce)).toEqual({ mentionCount: recount(lines, inForce), exact: true });
    }),
  );
});

it('a row with only the number of mentions is exact at its position and beyond its end, and a lower bound in between', () => {
  fc.assert(
    fc.property(steps, fc.nat(30), (all, pending) => {
      const { lines, position, rows } = play(all, 0);
      const inForce = Math.min(lines.length, position + pending);
      const { mentionCount, exact } = mentionsAt(rows.at(-1)!, inForce);
      const truth = recount(lines, inForce);
      if (exact) expect(mentionCount).toBe(truth);
      else expect(mentionCount).toBeLessThanOrEqual(truth);
      if (inForce === position || inForce === lines.length) expect(exact).toBe(true);
    }),
  );
});

it('I-2, I-4: the rows of one history join to the mentions of the last row, in any order and any number of times', () => {
  fc.assert(
    fc.property(steps, fc.nat(3), fc.infiniteStream(fc.nat(1000)), (all, most, order) => {
      const { lines, position, rows } = play(all, most);
      const shuffled = [...rows, ...rows].map((row) => [order.next().value, row] as const).sort(([a], [b]) => a - b);
      const joined = shuffled.map(([, row]) => row).reduce((a, b) => joinRows(a, wholeRow(rowParts(b))));
      expect(mentionsAt(joined, position)).toEqual({ mentionCount: recount(lines, position), exact: true });
      expect(joinRows(joined, joined)).toEqual(joined);
    }),
  );
});
