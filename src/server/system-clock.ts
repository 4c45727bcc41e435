/**
 * The machine's clock, for deadlines and for the expiry of tokens. The database's clock decides the times of
 * messages and receipts.
 */
import type { ClockPort } from '../ports/ports.ts';

export const systemClock: ClockPort = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  timer: (ms, fn) => {
    const handle = setTimeout(fn, ms);
    // Under Node a pending timer must not keep the process alive. In other runtimes the handle is a number.
    if (typeof handle === 'object') handle.unref();
    return () => clearTimeout(handle);
  },
};
