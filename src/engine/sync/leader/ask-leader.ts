/** Asks for a leader tab that syncs an account. Short-lived hosts, such as a service worker, need not sync beside a leader tab. */
import type { BusPort, ClockPort } from '../../../ports/ports.ts';

/** A leader that does not answer within this time counts as frozen, and `headless/with-lead.ts` takes its lock. */
const LEADER_TIMEOUT_MS = 2000;

/**
 * Asks the leader tab for its status, and nudges it to send the pending entries.
 *
 * @returns whether a leader answered in time, or a tab announced that it takes the lead over.
 */
export const leaderAnswers = (bus: BusPort, clock: ClockPort): Promise<boolean> =>
  new Promise((resolve) => {
    const cancel = clock.timer(LEADER_TIMEOUT_MS, () => {
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
