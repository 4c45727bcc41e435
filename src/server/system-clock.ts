/** The machine's clock, for deadlines and token ends; what is true of messages and receipts the database's clock decides. */
import type { ClockPort } from '../ports/ports.ts';

export const systemClock: ClockPort = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  timer: (ms, fn) => {
    const handle = setTimeout(fn, ms);
    // Under Node a pending deadline must not keep the process alive; elsewhere a timer is a number.
    if (typeof handle === 'object') handle.unref();
    return () => clearTimeout(handle);
  },
};
