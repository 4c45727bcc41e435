import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { MAX_TIMER_MS } from '../../../src/ports/ports.ts';
import { systemClock } from '../../../src/server/system-clock.ts';

it('a timer longer than Node can set is not called at once, as after a policy with a heartbeat of weeks (F125)', async () => {
  const called = vi.fn();
  const cancel = systemClock.timer(4 * MAX_TIMER_MS, called);
  await pause(20);
  expect(called).not.toHaveBeenCalled();
  cancel();
});

it('a timer of several parts is called at its end, and a cancelled timer is not', () => {
  vi.useFakeTimers();
  try {
    const called = vi.fn();
    systemClock.timer(MAX_TIMER_MS + 5000, called);
    const cancel = systemClock.timer(MAX_TIMER_MS + 5000, called);
    vi.advanceTimersByTime(MAX_TIMER_MS + 4999);
    expect(called).not.toHaveBeenCalled();
    cancel();
    vi.advanceTimersByTime(1);
    expect(called).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});
