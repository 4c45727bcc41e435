/** The browser's ports, as far as Node can test them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { browserClock } from '../../../src/platform/browser-ports.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the clock of the browser', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('a timer of more than 24.8 days fires at its time, and a cancelled timer never (F40)', () => {
    const due = vi.fn();
    const cancelled = vi.fn();
    browserClock.timer(60 * DAY_MS, due);
    const cancel = browserClock.timer(60 * DAY_MS, cancelled);
    vi.advanceTimersByTime(30 * DAY_MS);
    cancel();
    vi.advanceTimersByTime(30 * DAY_MS - 1);
    expect(due).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(due).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
  });
});
