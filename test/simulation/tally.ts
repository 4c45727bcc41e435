/** The results of many worlds, and the table of the results. */
import { DISK_POINTS } from '../../src/testing/virtual-disk.ts';
import { CELLS, POSSIBLE } from './coverage.ts';
import type { Tier } from './config.ts';

/** The result of a world, from its process to the counting process. */
export interface Line {
  readonly seed: string;
  readonly tier: Tier;
  readonly steps: number;
  readonly virtualMs: number;
  readonly ops: number;
  readonly entries: number;
  readonly restMs: number;
  readonly faults: number;
  readonly counts: readonly (readonly [string, number])[];
  readonly points: readonly string[];
  readonly cells: readonly string[];
  /** The world was run twice, and its traces differ. */
  readonly differs: boolean;
  readonly again: boolean;
  readonly violation: string | null;
  readonly step: number;
  readonly shrunk: string | null;
}

/** Counted kinds without a fault. */
export const isFault = (kind: string): boolean => !/^(op|event|refused|tab did not open)\b/.test(kind);

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const percentile = (list: readonly number[], p: number): number =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))] ?? 0;

export class Tally {
  readonly lines: Line[] = [];

  add(line: Line): void {
    this.lines.push(line);
  }

  worlds(tier: Tier): number {
    return this.lines.filter((line) => line.tier === tier).length;
  }

  get failures(): readonly Line[] {
    return this.lines.filter(({ violation, differs }) => violation !== null || differs);
  }

  table(seconds: number): string {
    const { lines } = this;
    const sum = (of: (line: Line) => number): number => lines.reduce((total, line) => total + of(line), 0);
    const counts = new Map<string, number>();
    for (const line of lines) for (const [kind, n] of line.counts) counts.set(kind, (counts.get(kind) ?? 0) + n);
    const shown = (title: string, matches: (kind: string) => boolean): string => {
      const kinds = [...counts].filter(([kind]) => matches(kind)).sort(([a], [b]) => (a < b ? -1 : 1));
      return `${title.padEnd(12)}${kinds.map(([kind, n]) => `${kind.replace(/^(op|event|refused) /, '')} ${n}`).join(' · ') || 'none'}`;
    };
    const cells = new Set(lines.flatMap((line) => line.cells));
    const points = new Set(lines.flatMap((line) => line.points));
    const names = new Set([...points].map((point) => point.split(' ')[0]!));
    const pairs = [...names].flatMap((name) => DISK_POINTS.map((point) => `${name} ${point}`));
    const died = [...points].filter((point) => point.endsWith('†')).length;
    const faults = lines.map((line) => line.faults);
    const again = lines.filter((line) => line.again).length;
    const possible = POSSIBLE.filter((cell) => cells.has(cell));
    const missed = POSSIBLE.filter((cell) => !cells.has(cell));
    const more = [...cells].filter((cell) => !POSSIBLE.includes(cell));
    return [
      `worlds      ${this.worlds('model')} model, ${this.worlds('dexie')} dexie in ${seconds.toFixed(0)} s: ${(lines.length / seconds).toFixed(1)} a second, ${Math.round(sum(({ steps }) => steps) / seconds)} steps a second`,
      `time        ${(sum(({ virtualMs }) => virtualMs) / 86_400_000).toFixed(0)} virtual days; at rest after ${(median(lines.map(({ restMs }) => restMs)) / 1000).toFixed(1)} s in the median, ${(Math.max(0, ...lines.map(({ restMs }) => restMs)) / 1000).toFixed(1)} s at most`,
      `same trace  ${again} worlds were run twice, ${lines.filter(({ differs }) => differs).length} differ`,
      `entries     ${sum(({ entries }) => entries)} written down by ${sum(({ ops }) => ops)} operations`,
      shown('operations', (kind) => kind.startsWith('op ')),
      shown('events', (kind) => kind.startsWith('event ')),
      shown('refused', (kind) => kind.startsWith('refused ')),
      shown('faults', isFault),
      `            ${median(faults)} a world in the median, ${percentile(faults, 0.95)} at the 95th percentile`,
      `cells       ${possible.length} of ${POSSIBLE.length} (state, event) that can be, of ${CELLS.length} in all${missed.length > 0 ? `; not: ${missed.join(', ')}` : ''}${more.length > 0 ? `; taken for impossible: ${more.join(', ')}` : ''}`,
      `pairs       ${pairs.filter((pair) => points.has(pair)).length} of ${pairs.length} (transaction, point) seen, tabs died at ${died} of them`,
      `failures    ${this.failures.length}`,
      ...this.failures.map(
        ({ seed, tier, violation, differs, step, shrunk }) =>
          `  seed ${seed} (${tier}): ${differs ? 'another trace the second time' : violation!.slice(0, 300)}\n    npm run simulate -- --tier ${tier} --seed ${seed}${shrunk === null ? '' : ` ${shrunk}`} --trace --until ${step}`,
      ),
    ].join('\n');
  }
}
