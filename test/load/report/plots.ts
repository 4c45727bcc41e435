/** Plots of a load: lines over two logarithmic axes, or bars. */
import { shown } from '../../bench/judge/table.ts';
import { escape, svg } from '../../support/svg.ts';
import type { Plot } from './results.ts';

type Lines = Extract<Plot, { kind: 'lines' }>;
type Bars = Extract<Plot, { kind: 'bars' }>;

const LEFT = 70;
const RIGHT = 640;
const TOP = 64;
const BOTTOM = 330;
const COLORS = ['#0f766e', '#b45309', '#1d4ed8', '#be123c', '#7e22ce', '#78716c'];

const NAMES = 250;
const BARS = 400;
const ROW = 26;

const headingOf = ({ title, note }: Plot): string =>
  `<text x="16" y="24" font-size="14" font-weight="600" fill="#1c1917">${escape(title)}</text><text x="16" y="42">${escape(note)}</text>`;

/** Ticks at 1, 2 and 5 times each power of ten, as far as they are within the values. */
const logTicks = (low: number, high: number): number[] => {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick >= low * 0.99 && tick <= high * 1.01) ticks.push(tick);
    }
  return ticks;
};

const linearTicks = (low: number, high: number): number[] => {
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks;
};

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

const axisOf = (values: readonly number[], isLog: boolean, from: number, to: number): Axis => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const low = isLog ? least : Math.min(0, least);
  const scale = isLog ? Math.log10 : (value: number) => value;
  const length = scale(most) - scale(low) || 1;
  return {
    at: (value) => from + ((scale(value) - scale(low)) / length) * (to - from),
    ticks: (isLog ? logTicks : linearTicks)(low, most),
  };
};

const linesPlot = (plot: Lines): string => {
  const { lines, marks = [], x: xName, y: yName, isLog } = plot;
  const all = lines.flatMap(({ points }) => points);
  const x = axisOf([...all.map(([value]) => value), ...marks.map(([value]) => value)], isLog === 'both', LEFT, RIGHT);
  const y = axisOf(
    all.map(([, value]) => value),
    isLog !== undefined,
    BOTTOM,
    TOP,
  );
  const grid = [
    ...x.ticks.map((tick) => {
      const at = x.at(tick).toFixed(1);
      return `<path d="M${at} ${TOP}V${BOTTOM}" stroke="#e7e5e4"/><text x="${at}" y="${BOTTOM + 18}" text-anchor="middle">${tick.toLocaleString('en')}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = y.at(tick).toFixed(1);
      return `<path d="M${LEFT} ${at}H${RIGHT}" stroke="#e7e5e4"/><text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`;
    }),
    `<text x="${RIGHT}" y="${BOTTOM + 34}" text-anchor="end">${escape(xName)}</text><text x="${LEFT - 8}" y="${TOP - 8}" text-anchor="end">${escape(yName)}</text>`,
    ...marks.map(([at, label]) => {
      const left = x.at(at).toFixed(1);
      return `<path d="M${left} ${TOP}V${BOTTOM}" stroke="#be123c" stroke-dasharray="3 3"/><text x="${left}" y="${TOP - 4}" font-size="10" fill="#be123c">${escape(label)}</text>`;
    }),
  ];
  // The names stand at the ends of the lines, and apart from each other.
  const ends = lines
    .map((line, i) => ({ ...line, color: COLORS[i % COLORS.length]!, end: y.at(line.points.at(-1)![1]) }))
    .sort((a, b) => a.end - b.end);
  let last = -Infinity;
  const drawn = ends.map(({ name, points, color, end }) => {
    last = Math.max(end, last + 16);
    const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x.at(px).toFixed(1)} ${y.at(py).toFixed(1)}`).join('');
    const dots =
      points.length > 40
        ? ''
        : points.map(([px, py]) => `<circle cx="${x.at(px).toFixed(1)}" cy="${y.at(py).toFixed(1)}" r="3" fill="${color}"/>`).join('');
    return (
      `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots}` +
      `<text x="${RIGHT + 12}" y="${(last + 4).toFixed(1)}" fill="${color}">${escape(name)}: ${shown(points.at(-1)![1])}</text>`
    );
  });
  return svg(BOTTOM + 46, headingOf(plot) + grid.join('') + drawn.join(''));
};

const barsPlot = (plot: Bars): string => {
  const { bars, unit } = plot;
  const most = Math.max(...bars.map(({ value }) => value));
  const drawn = bars.map(({ name, value, note }, i) => {
    const y = TOP + i * ROW;
    const length = Math.max(2, (value / most) * BARS);
    return (
      `<text x="${NAMES - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>` +
      `<rect x="${NAMES}" y="${y}" width="${length.toFixed(1)}" height="18" rx="3" fill="${COLORS[0]}"/>` +
      `<text x="${(NAMES + length + 8).toFixed(1)}" y="${y + 13}"><tspan font-weight="600">${shown(value)} ${escape(unit)}</tspan>${note === undefined ? '' : ` ${escape(note)}`}</text>`
    );
  });
  return svg(TOP + bars.length * ROW + 12, headingOf(plot) + drawn.join(''));
};

export const emptyPlot = (title: string): string =>
  svg(
    TOP,
    `<text x="16" y="24" font-size="14" font-weight="600" fill="#1c1917">${escape(title)}</text><text x="16" y="42">not measured yet</text>`,
  );

export const draw = (plot: Plot): string => (plot.kind === 'lines' ? linesPlot(plot) : barsPlot(plot));
