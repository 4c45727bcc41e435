/**
 * The machine's clock, for deadlines and for the expiry of tokens. The database's clock decides the times of
 * messages and receipts.
 */
import { type ClockPort, MAX_TIMER_MS } from '../ports/ports.ts';

/** Node calls a longer timer at once, so a long time is several timers. */
const timer: ClockPort['timer'] = (ms, fn) => {
  let handle: ReturnType<typeof setTimeout>;
  const arm = (left: number): void => {
    const part = Math.min(left, MAX_TIMER_MS);
    handle = setTimeout(() => (left > part ? arm(left - part) : fn()), part);
    // Under Node a pending timer must not keep the process alive. In other runtimes the handle is a number.
    if (typeof handle === 'object') handle.unref();
  };
  arm(ms);
  return () => clearTimeout(handle);
};

export const systemClock: ClockPort = { wall: () => Date.now(), mono: () => performance.now(), timer };
