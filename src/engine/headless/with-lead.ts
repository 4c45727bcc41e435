/** Which host sends for an account: a page that leads and answers, or else the host without a page. */
import type { LockPort, Ports } from '../../ports/ports.ts';
import { leaderAnswers } from '../sync/leader/ask-leader.ts';

/** `taken`: another host holds the lock, and the task did not run. `lost`: another host took the lock while the task ran. */
type Run = 'ended' | 'taken' | 'lost';

const runWithLock = (locks: LockPort, lockName: string, steal: boolean, task: () => Promise<void>): Promise<Run> =>
  new Promise((resolve, reject) => {
    const run = (): void => {
      task()
        .finally(() => release())
        .then(() => resolve('ended'), reject);
    };
    const release = locks.acquire(lockName, {
      steal,
      onGranted: run,
      onLost: () => resolve('lost'),
      // Without locks, the fencing token alone keeps two hosts apart.
      onMissing: run,
      onTaken: () => resolve('taken'),
    });
  });

/**
 * Runs a task while this host holds the account's lock. If a page holds the lock and answers, the task does not run, and the page sends its
 * pending entries at once. A page that does not answer is frozen, or slow: this host takes its lock. A page that is back, or new, gets no
 * answer of this host either, and takes the lock in turn. The task may go on then, but its writes change nothing (I-19).
 *
 * @returns whether the task ran to its end; false if a page leads, or if another host took the lock meanwhile: that host sends now, so the
 * task does not run again.
 */
export const withLead = async (
  { locks, bus, clock }: Pick<Ports, 'locks' | 'bus' | 'clock'>,
  lockName: string,
  task: () => Promise<void>,
): Promise<boolean> => {
  const run = await runWithLock(locks, lockName, false, task);
  if (run !== 'taken') return run === 'ended';
  if (await leaderAnswers(bus, clock)) return false;
  return (await runWithLock(locks, lockName, true, task)) === 'ended';
};
