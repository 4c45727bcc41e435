/** Who speaks for an account: a page that has the lead and answers, else the service worker. */
import { browserClock } from '../platform/browser-ports.ts';
import { leaderAnswers } from '../engine/sync/leader/ask-leader.ts';
import type { BusPort } from '../ports/ports.ts';

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
