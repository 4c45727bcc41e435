/**
 * Waits until all reactions of settled promises have run. A round of the event loop costs more than most steps of a world. Node runs
 * these reactions between any two callbacks of one round, so that one round serves many steps.
 */
const STEPS_A_ROUND = 64;

/** The real `setImmediate`, read before a simulated IndexedDB replaces the global one. */
const realImmediate = setImmediate;
/** The callbacks that this round has still to come. */
let left = 0;
let waiting: (() => void) | null = null;

const turn = (): void => {
  left--;
  const resolve = waiting;
  waiting = null;
  resolve?.();
};

export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    // Waiting callers share a turn.
    const before = waiting;
    waiting = before
      ? () => {
          before();
          resolve();
        }
      : resolve;
    if (left > 0) return;
    left = STEPS_A_ROUND;
    for (let i = 0; i < STEPS_A_ROUND; i++) realImmediate(turn);
  });
