/** A workload over growing stores, both axes logarithmic: a line for each contestant. */
import { entryOf } from '../contestants/list.ts';
import { listedOf } from '../workloads/list.ts';
import { median } from './arithmetic.ts';
import { escape, svg } from '../../support/svg.ts';
import { withUnit } from './plot.ts';
import { type Group, knownOf } from './results.ts';
import { amountShown } from './table.ts';

const LEFT = 70;
const RIGHT = 640;
const TOP = 64;
const BOTTOM = 330;
const HEIGHT = 370;
const COLORS = ['#78716c', '#b45309', '#1d4ed8', '#be123c', '#7e22ce'];
const OURS = ['#0f766e', '#0d9488'];

interface Line {
  readonly contestant: string;
  readonly points: readonly (readonly [messages: number, value: number])[];
}

const linesOf = (groups: readonly Group[], value: string): Line[] => {
  const ids = [...new Set(groups.flatMap(({ rows }) => rows.map(({ contestant }) => contestant)))];
  return ids
    .map((contestant) => ({
      contestant,
      points: groups.flatMap(({ messages, rows }): [number, number][] => {
        const row = rows.find((one) => one.contestant === contestant);
        const values = row ? knownOf(row, value) : [];
        return values.length === 0 ? [] : [[messages, median(values)]];
      }),
    }))
    .filter(({ points }) => points.length > 0);
};

/** @param groups a workload, by growing size. */
export const growthPlot = (groups: readonly Group[]): string => {
  const { id, title, main } = listedOf(groups[0]!.workload);
  const lines = linesOf(groups, main.value);
  const all = lines.flatMap(({ points }) => points);
  const scale = (values: readonly number[], from: number, to: number): ((value: number) => number) => {
    const low = Math.log10(Math.min(...values));
    const high = Math.log10(Math.max(...values));
    return (value) => from + ((Math.log10(value) - low) / (high - low || 1)) * (to - from);
  };
  const x = scale(
    all.map(([messages]) => messages),
    LEFT,
    RIGHT,
  );
  const y = scale(
    all.map(([, value]) => value),
    BOTTOM,
    TOP,
  );
  const axis = groups
    .map(({ messages }) => {
      const at = x(messages).toFixed(1);
      return `<path d="M${at} ${TOP}V${BOTTOM}" stroke="#e7e5e4"/><text x="${at}" y="${BOTTOM + 18}" text-anchor="middle">${amountShown(messages)}</text>`;
    })
    .join('');
  // The names stand at the ends of the lines, and apart from each other.
  const ends = lines.map((line) => ({ line, at: y(line.points.at(-1)![1]) })).sort((a, b) => a.at - b.at);
  let last = -Infinity;
  let ours = 0;
  let theirs = 0;
  const drawn = ends.map(({ line: { contestant, points }, at }) => {
    const { label, isOurs } = entryOf(contestant);
    const color = isOurs ? OURS[ours++ % OURS.length]! : COLORS[theirs++ % COLORS.length]!;
    last = Math.max(at, last + 16);
    const path = points.map(([messages, value], i) => `${i === 0 ? 'M' : 'L'}${x(messages).toFixed(1)} ${y(value).toFixed(1)}`).join('');
    const dots = points
      .map(([messages, value]) => `<circle cx="${x(messages).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="${color}"/>`)
      .join('');
    return (
      `<path d="${path}" fill="none" stroke="${color}" stroke-width="${isOurs ? 2.5 : 1.5}"/>${dots}` +
      `<text x="${RIGHT + 12}" y="${(last + 4).toFixed(1)}" fill="${color}"${isOurs ? ' font-weight="600"' : ''}>` +
      `${escape(label)}: ${withUnit(points.at(-1)![1], main.unit)} at ${amountShown(points.at(-1)![0])}</text>`
    );
  });
  const heading =
    `<text x="16" y="24" font-size="14" font-weight="600" fill="#1c1917">${id}: ${escape(title)}</text>` +
    `<text x="16" y="42">${escape(main.label)} by messages stored; both axes logarithmic; lower is better.</text>`;
  return svg(HEIGHT, heading + axis + drawn.join(''));
};
