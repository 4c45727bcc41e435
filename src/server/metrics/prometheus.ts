/** The metrics of a server for Prometheus, by the package `prom-client`. The host hands the package in, so this file does not import it. */
import { BUCKETS, METRICS, type MetricName } from './metric-names.ts';
import type { ServerMetrics } from './server-metrics.ts';

interface Config<Registry> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

type Labels = Record<string, string>;
type Adding<Registry> = new (config: Config<Registry>) => { inc(labels: Labels, value: number): void };

/** The package `prom-client`, as far as this server uses it. */
export interface PrometheusClient<Registry> {
  /** The registry that the package shares. */
  readonly register: Registry;
  /** The class of counters. */
  readonly Counter: Adding<Registry>;
  /** The class of gauges. */
  readonly Gauge: Adding<Registry>;
  /** The class of histograms. `buckets` are the upper bounds; `observe` adds a value. */
  readonly Histogram: new (config: Config<Registry> & { readonly buckets: number[] }) => {
    observe(labels: Labels, value: number): void;
  };
}

/**
 * Registers the metrics of a receipt server. Several servers of one process share one object.
 *
 * @param client the package: `import * as client from 'prom-client'`.
 * @param registry default: the registry that the package shares.
 */
export const prometheusMetrics = <Registry>(client: PrometheusClient<Registry>, registry: Registry = client.register): ServerMetrics => {
  const added = new Map<MetricName, InstanceType<Adding<Registry>>>();
  const observed = new Map<MetricName, InstanceType<PrometheusClient<Registry>['Histogram']>>();
  for (const [name, { kind, help, labels }] of Object.entries(METRICS) as [MetricName, (typeof METRICS)[MetricName]][]) {
    const config = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'histogram') observed.set(name, new client.Histogram({ ...config, buckets: [...BUCKETS] }));
    else added.set(name, kind === 'gauge' ? new client.Gauge(config) : new client.Counter(config));
  }
  return {
    add: (name, by, labels) => added.get(name)?.inc({ ...labels }, by),
    observe: (name, seconds, labels) => observed.get(name)?.observe({ ...labels }, seconds),
  };
};
