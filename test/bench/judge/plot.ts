/** A group of results as a picture: a bar for each contestant, and a dot for each run. */
import { entryOf } from '../contestants/list.ts';
import { listedOf } from '../workloads/list.ts';
import { median } from './arithmetic.ts';
import { type Group, knownOf } from './results.ts';
import { escape, svg } from '../../support/svg.ts';
import { ratioOf, shown, sorted } from './table.ts';

const NAMES = 150;
const BARS = 480;
const ROW = 26;
const TOP = 58;
const OURS = '#0f766e';
const THEIRS = '#a8a29e';

export const withUnit = (value: number, unit: 'ms' | 'MB'): string => {
  if (unit === 'MB') return `${shown(value)} MB`;
  return value < 1000 ? `${shown(value)} ms` : `${(value / 1000).toFixed(1)} s`;
};

const titleOf = (id: string): string =>
  `<text x="16" y="24" font-size="14" font-weight="600" fill="#1c1917">${id}: ${escape(listedOf(id).title)}</text>`;

export const emptyPlot = (id: string): string => svg(TOP, `${titleOf(id)}<text x="16" y="42">not measured yet</text>`);

export const plot = (group: Group): string => {
  const { id, main } = listedOf(group.workload);
  const rows = sorted(group).filter((row) => knownOf(row, main.value).length > 0);
  const most = Math.max(...rows.flatMap((row) => knownOf(row, main.value)));
  const bars = rows.map((row, i) => {
    const { label, isOurs } = entryOf(row.contestant);
    const values = knownOf(row, main.value);
    const color = isOurs ? OURS : THEIRS;
    const length = (value: number): number => Math.max(2, (value / most) * BARS);
    const y = TOP + i * ROW;
    const end = NAMES + Math.max(...values.map(length)) + 8;
    const dots = values
      .map((value) => `<circle cx="${(NAMES + length(value)).toFixed(1)}" cy="${y + 9}" r="2.5" fill="#fff" stroke="${color}"/>`)
      .join('');
    const times = ratioOf(group, row);
    return (
      `<text x="${NAMES - 8}" y="${y + 13}" text-anchor="end"${isOurs ? ` font-weight="600" fill="${OURS}"` : ''}>${escape(label)}</text>` +
      `<rect x="${NAMES}" y="${y}" width="${length(median(values)).toFixed(1)}" height="18" rx="3" fill="${color}"/>${dots}` +
      `<text x="${end.toFixed(1)}" y="${y + 13}"><tspan font-weight="600">${withUnit(median(values), main.unit)}</tspan>` +
      `${Number.isNaN(times) ? '' : ` ${shown(times)}×`}</text>`
    );
  });
  const { machine } = group;
  const heading =
    `${titleOf(id)}<text x="16" y="42">${escape(main.label)}; shorter is better. ${group.messages.toLocaleString('en')} messages, ` +
    `${escape(machine.browser)}, ${group.date}; a dot is a run.</text>`;
  return svg(TOP + rows.length * ROW + 12, heading + bars.join(''));
};
