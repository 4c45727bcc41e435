/** The stored results of the bench. */
import type { Machine } from '../rig/machine.ts';

/** A contestant in a workload on a size. */
export interface Row {
  readonly contestant: string;
  /** The values of each run; null for a failed run. */
  readonly runs: readonly (Readonly<Record<string, number>> | null)[];
  /** The first failure. */
  readonly failed?: string;
}

/** A workload on a size: the contestants took turns, so their values compare. */
export interface Group {
  readonly workload: string;
  readonly messages: number;
  readonly conversations: number;
  readonly date: string;
  readonly machine: Machine;
  readonly rows: readonly Row[];
}

export const valuesOf = (row: Row, name: string): (number | undefined)[] => row.runs.map((run) => run?.[name]);
export const knownOf = (row: Row, name: string): number[] => valuesOf(row, name).filter((value) => value !== undefined);

/** Adds the values of a run. */
export const withRun = (rows: readonly Row[], contestant: string, outcome: Readonly<Record<string, number>> | string): Row[] => {
  const before = rows.find((row) => row.contestant === contestant) ?? { contestant, runs: [] };
  const failed = before.failed ?? (typeof outcome === 'string' ? outcome : undefined);
  const row: Row = {
    contestant,
    runs: [...before.runs, typeof outcome === 'string' ? null : outcome],
    ...(failed !== undefined && { failed }),
  };
  return [...rows.filter((one) => one.contestant !== contestant), row];
};

/** The size of plots and of the workloads that run on one size. */
export const MIDDLE = 100_000;

/** The one with the nearest number of messages. */
export const nearestTo = <T extends { readonly messages: number }>(messages: number, all: readonly T[]): T =>
  [...all].sort((a, b) => Math.abs(a.messages - messages) - Math.abs(b.messages - messages))[0]!;

/** Newer groups replace older groups of the same workload and size. */
export const merged = (older: readonly Group[], newer: readonly Group[]): Group[] => {
  const key = ({ workload, messages }: Group): string => `${workload} ${messages}`;
  const replaced = new Set(newer.map(key));
  return [...older.filter((group) => !replaced.has(key(group))), ...newer].sort(
    (a, b) => a.workload.localeCompare(b.workload) || a.messages - b.messages,
  );
};
