/** The package `prom-client`, as far as the server uses it. It compiles without the package too. */
declare module 'prom-client' {
  import type { PromClient, Registry as MetricsRegistry } from '../../src/cli/metrics-door.ts';
  export const register: MetricsRegistry;
  export const Counter: PromClient['Counter'];
  export const Gauge: PromClient['Gauge'];
  export const Histogram: PromClient['Histogram'];
  export const Registry: PromClient['Registry'];
  export const collectDefaultMetrics: PromClient['collectDefaultMetrics'];
}
