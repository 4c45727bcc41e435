/** Measures for how long the main thread was busy. */
const TICK_MS = 5;

export const watchMainThread = (): { stop(): { longestTaskMs: number; maxLagMs: number } } => {
  let longestTaskMs = 0;
  let maxLagMs = 0;
  const began = performance.now();
  const note = (entries: PerformanceEntryList): void => {
    for (const { startTime, duration } of entries) if (startTime >= began) longestTaskMs = Math.max(longestTaskMs, duration);
  };
  // The browser reports only tasks over 50 ms.
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: 'longtask' });
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    maxLagMs = Math.max(maxLagMs, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      note(observer.takeRecords());
      observer.disconnect();
      return { longestTaskMs, maxLagMs };
    },
  };
};
