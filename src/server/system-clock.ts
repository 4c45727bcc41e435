/** The machine's clock, for deadlines and token ends; what is true of messages and receipts the database's clock decides. */
import type { ClockPort } from '../ports/ports.ts';

export const systemClock: ClockPort = {
  wall: () => Date.now(),
  mono: () => performance.now(),
  timer: (ms, fn) => {
    const handle: unknown = setTimeout(fn, ms);
    // Under Node a pending deadline must not keep the process alive.
    if (typeof handle === 'object' && handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref();
    return () => clearTimeout(handle as number);
  },
};
