/** For hosts that live for a moment: whether a tab speaks for the account, so that they need not. */
import type { BusPort, ClockPort } from '../../../ports/ports.ts';

/** A leader that does not answer within this is frozen: its lock is taken, and the fencing number makes its late writes harmless. */
const LEADER_TIMEOUT_MS = 2000;

/** Asks the leader, and nudges it: whoever leads and answers sends what is owed. */
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
