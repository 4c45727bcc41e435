/** A workload. The list of workloads is in list.ts; the page loads a single workload. */
import type { Contestant, Setting } from '../page/contestant.ts';
import type { Meter } from '../page/rig.ts';

export interface Task extends Setting {
  /** 1 for a real run; a smoke run does this part of the rate, the receipts and the changes. */
  readonly effort: number;
  readonly meter: Meter;
}

export interface Workload {
  /** @returns the measured values. @throws if a count differs from the feed's. */
  run(contestant: Contestant, task: Task): Promise<Readonly<Record<string, number>>>;
}
