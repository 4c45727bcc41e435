/** Who speaks for an account: a page that has the lead and answers, else the service worker. */
import { browserClock } from '../bridge/platform.ts';
import type { BusPort, ClockPort } from '../ports/ports.ts';

/** A leader that does not answer within this is frozen: its lock is taken, and the fencing number makes its late writes harmless. */
const LEADER_PATIENCE_MS = 2000;

const leaderAnswers = (bus: BusPort, clock: ClockPort): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.timer(LEADER_PATIENCE_MS, () => {
      stop();
      resolve(false);
    });
    const stop = bus.listen(({ type }) => {
      if (type !== 'status') return;
      cancel();
      stop();
      resolve(true);
    });
    bus.post({ type: 'status?' });
    bus.post({ type: 'nudge' });
  });

/**
 * Runs with the account's lead, or nudges the page that has it.
 *
 * @returns whether it ran.
 */
export const leading = async (name: string, bus: BusPort, run: () => Promise<void>): Promise<boolean> => {
  // Without Web Locks the fencing number alone decides.
  if (!('locks' in navigator)) {
    await run();
    return true;
  }
  const taken = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await run();
    return lock !== null;
  });
  if (taken) return true;
  if (await leaderAnswers(bus, browserClock)) return false;
  await navigator.locks.request(name, { steal: true }, run);
  return true;
};
