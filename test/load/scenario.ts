/** The interface of a scenario. */
import type { Measured } from './report/results.ts';
import type { Ground } from './rig/rig.ts';

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What it does, and what it measures. */
  readonly about: string;
  /** Runs by name only: it takes many minutes. */
  readonly isLong?: true;
  /** @param isQuick a little of everything: does it run, and is everything right? Its numbers mean nothing. */
  run(ground: Ground, isQuick: boolean): Promise<Measured>;
}
