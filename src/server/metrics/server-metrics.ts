/** Where a server counts and measures. */
import type { MetricName } from './metric-names.ts';

type Labels = Readonly<Record<string, string>>;

/** Takes the metrics of a server: `prometheusMetrics(…)`, or an adapter of the host to another system. An error that it throws is dropped. */
export interface ServerMetrics {
  /** Adds to a counter or a gauge. */
  add(name: MetricName, by: number, labels: Labels): void;
  /** Records a duration in a histogram. */
  observe(name: MetricName, seconds: number, labels: Labels): void;
}

const quietly = (measure: () => void): void => {
  try {
    measure();
  } catch {
    // The measurement is lost. The measured work goes on.
  }
};

/** @returns metrics without exceptions; without `metrics`, ones that measure nothing. */
export const safeMetrics = (metrics?: ServerMetrics): ServerMetrics => ({
  add: (name, by, labels) => quietly(() => metrics?.add(name, by, labels)),
  observe: (name, seconds, labels) => quietly(() => metrics?.observe(name, seconds, labels)),
});
