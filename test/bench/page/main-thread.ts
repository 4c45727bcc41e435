/** How long the main thread was not to be had. */
const TICK_MS = 5;

export const watchMainThread = (): { stop(): { longestTaskMs: number; maxLagMs: number } } => {
  let longestTaskMs = 0;
  let maxLagMs = 0;
  // The browser tells of tasks over 50 ms only.
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTaskMs = Math.max(longestTaskMs, duration);
  });
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
      for (const { duration } of observer.takeRecords()) longestTaskMs = Math.max(longestTaskMs, duration);
      observer.disconnect();
      return { longestTaskMs, maxLagMs };
    },
  };
};
