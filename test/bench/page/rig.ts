/** The page's calls to the process of the bench. */
const post = async (path: string, body?: unknown): Promise<Response> => {
  const response = await fetch(`/bench/${path}`, { method: 'POST', body: JSON.stringify(body ?? null) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response;
};

/** Has the receipt server receive messages. */
export const tellServer = async <T>(what: 'backlog' | 'live', body: unknown): Promise<T> =>
  (await (await post(`server/${what}`, body)).json()) as T;

export const tellResult = (values: Readonly<Record<string, number>>): Promise<unknown> => post('result', { values });
export const tellFailure = (failed: string): Promise<unknown> => post('result', { failed });

const TICK_MS = 5;

/**
 * Measures a span: the bench reads the processor time of the browser's processes and the page's busy time at its begin
 * and end, and the page watches its main thread.
 */
export class Meter {
  private longestTaskMs = 0;
  private maxLagMs = 0;
  private began = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private observer: PerformanceObserver | undefined;

  async begin(): Promise<void> {
    await post('meter/begin');
    this.began = performance.now();
    if (PerformanceObserver.supportedEntryTypes.includes('longtask')) {
      // The browser reports only tasks over 50 ms.
      this.observer = new PerformanceObserver((list) => this.note(list.getEntries()));
      this.observer.observe({ type: 'longtask' });
    }
    let last = this.began;
    this.timer = setInterval(() => {
      const now = performance.now();
      this.maxLagMs = Math.max(this.maxLagMs, now - last - TICK_MS);
      last = now;
    }, TICK_MS);
  }

  async end(): Promise<{ longestTaskMs: number; maxLagMs: number }> {
    clearInterval(this.timer);
    this.note(this.observer?.takeRecords() ?? []);
    this.observer?.disconnect();
    await post('meter/end');
    return { longestTaskMs: this.longestTaskMs, maxLagMs: this.maxLagMs };
  }

  private note(entries: PerformanceEntryList): void {
    for (const { startTime, duration } of entries) if (startTime >= this.began) this.longestTaskMs = Math.max(this.longestTaskMs, duration);
  }
}
