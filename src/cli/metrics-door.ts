/**
 * `GET /metrics`: the metrics of the server and of the process, for Prometheus. A request that a proxy passed on is not answered: a proxy
 * in front of the server would show the metrics to everyone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type PrometheusClient, prometheusMetrics } from '../server/metrics/prometheus.ts';
import type { ServerMetrics } from '../server/metrics/server-metrics.ts';

export interface Registry {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface PromClient extends PrometheusClient<Registry> {
  readonly Registry: new () => Registry;
  collectDefaultMetrics(options: { readonly register: Registry }): void;
}

export const loadPromClient = (): Promise<PromClient> => import('prom-client');

export interface MetricsDoor {
  readonly metrics: ServerMetrics;
  /** Whether the request was for `/metrics`, and did not come through a proxy. */
  door(request: IncomingMessage, response: ServerResponse): boolean;
}

export const openMetricsDoor = async (): Promise<MetricsDoor> => {
  const client = await loadPromClient();
  const register = new client.Registry();
  client.collectDefaultMetrics({ register });
  const answer = async (response: ServerResponse): Promise<void> => {
    const text = await register.metrics();
    response.writeHead(200, { 'Content-Type': register.contentType, 'Cache-Control': 'no-store' }).end(text);
  };
  return {
    metrics: prometheusMetrics(client, register),
    door: ({ url = '/', method, headers }, response) => {
      const isProxied = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
      if (url.split('?', 1)[0] !== '/metrics' || isProxied) return false;
      if (method !== 'GET') response.writeHead(405, { Allow: 'GET' }).end();
      else answer(response).catch(() => response.destroy());
      return true;
    },
  };
};
