/** The results of a load, as `test/load/results/results.json` keeps them. */
import type { Machine } from '../../bench/rig/machine.ts';

interface Times {
  /** ms */
  readonly p50: number;
  readonly p99: number;
}

/** One measured part of a scenario. */
export interface Row {
  readonly what: string;
  /** Operations a second. */
  readonly perSecond: number;
  readonly seconds: number;
  /** From the moment at which an operation is due to its answer. */
  readonly answer?: Times;
  /** From the same moment until the device of another user has the change. */
  readonly told?: Times;
  /** Parts of one core: 1 is one core at work all the time. */
  readonly cpu: { readonly servers: number; readonly database: number; readonly bus: number; readonly clients: number };
  readonly kibPerSocket?: number;
  readonly failures: readonly string[];
  readonly judged: string;
  /** The load of the machine before, as a mean of a minute. */
  readonly load: number;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export type Plot = { readonly title: string; readonly note: string } & (
  | {
      readonly kind: 'lines';
      readonly x: string;
      readonly y: string;
      /** Default `none`: both axes begin at 0. */
      readonly isLog?: 'both' | 'y';
      readonly lines: readonly Line[];
      readonly marks?: readonly (readonly [x: number, label: string])[];
    }
  | {
      readonly kind: 'bars';
      readonly unit: string;
      readonly bars: readonly { readonly name: string; readonly value: number; readonly note?: string }[];
    }
);

/** What a scenario brings back. */
export interface Measured {
  readonly rows: readonly Row[];
  /** The row that the others compare with, if they compare. */
  readonly reference?: string;
  readonly plot: Plot;
  /** Tables of other numbers, as Markdown. */
  readonly notes?: readonly string[];
}

export interface Result extends Measured {
  readonly scenario: string;
  readonly title: string;
  readonly about: string;
  readonly date: string;
  readonly machine: Omit<Machine, 'browser'>;
  readonly isQuick: boolean;
}

export const failuresIn = (results: readonly Result[]): string[] =>
  results.flatMap(({ scenario, rows }) =>
    rows.flatMap(({ what, failures }) => failures.map((failure) => `${scenario}, ${what}: ${failure}`)),
  );
