/** Runs a task of the server again and again: at the start, and some time after each call of `arm`. */
import type { Cancel } from '../ports/ports.ts';
import type { Core } from './core.ts';

export interface Sweeps {
  /** Schedules the next run, unless one is scheduled. */
  arm(): void;
  /** Runs now, or again after the present run. */
  now(): void;
  stop(): Promise<void>;
}

/** @param run does the work. After its failure the next run is scheduled, and `failed` hears of it. */
export const startSweeps = (
  { clock }: Pick<Core, 'clock'>,
  everyMs: number,
  failed: (error: unknown) => void,
  run: (sweeps: { readonly isStopped: () => boolean; readonly arm: () => void }) => Promise<void>,
): Sweeps => {
  let cancel: Cancel | undefined;
  let stopped = false;
  let work: Promise<void> = Promise.resolve();
  const isStopped = (): boolean => stopped;
  const arm = (): void => {
    if (!stopped) cancel ??= clock.timer(everyMs, now);
  };
  const now = (): void => {
    cancel?.();
    cancel = undefined;
    work = work.then(async () => {
      if (stopped) return;
      await run({ isStopped, arm }).catch((error: unknown) => {
        failed(error);
        arm();
      });
    });
  };
  now();
  return {
    arm,
    now,
    stop: async () => {
      stopped = true;
      cancel?.();
      await work;
    },
  };
};
