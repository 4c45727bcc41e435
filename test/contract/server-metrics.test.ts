/** What Prometheus reads of a server after real traffic. */
import { afterEach, expect, it, vi } from 'vitest';
import { loadPromClient } from '../../src/cli/metrics-door.ts';
import { type ServerMetrics } from '../../src/server/metrics/server-metrics.ts';
import { prometheusMetrics } from '../../src/server/metrics/prometheus.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { hello, messageTo, post, startTestServer, TestClient, type TestServer } from './server-harness.ts';

let server: TestServer;
afterEach(() => server.close(), 10_000);

/** The samples of an exposition: `name{labels}` by value. */
const samples = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^(tidemark_\S+) (\S+)$/gm)].map(([, sample, value]) => [sample!, Number(value)]));

const start = async (options: Parameters<typeof startTestServer>[0] = {}): Promise<() => Promise<Map<string, number>>> => {
  const client = await loadPromClient();
  const registry = new client.Registry();
  server = await startTestServer({ metrics: prometheusMetrics(client, registry), ...options });
  return async () => samples(await registry.metrics());
};

it('connections, frames, entries by outcome, refusals, feed lag and store time are in the exposition after real traffic', async () => {
  const read = await start({ allowedOrigins: ['https://chat.example'] });
  const ben = await TestClient.signIn(server.url, 'ben');
  ben.send({ type: 'pull', cursor: null });
  await ben.next('changes');
  await post(server.host, [hello('ann'), { type: 'submit', id: 1, entries: [messageTo('ben', 'm1'), messageTo('ben', 'm1', '"other"')] }]);
  await ben.next('changes');
  await post(server.host, [hello('ann', 'bad')]);
  await expect(
    fetch(`http://${server.host}/receipts`, { method: 'POST', headers: { Origin: 'https://elsewhere.example' } }),
  ).resolves.toMatchObject({
    status: 403,
  });
  const during = await read();
  expect(Object.fromEntries(during)).toMatchObject({
    'tidemark_connections{door="websocket"}': 1,
    'tidemark_connections{door="http"}': 0,
    'tidemark_frames_received_total{type="hello"}': 3,
    'tidemark_frames_received_total{type="submit"}': 1,
    'tidemark_frames_received_total{type="pull"}': 1,
    'tidemark_frames_sent_total{type="welcome"}': 2,
    'tidemark_frames_sent_total{type="answer"}': 1,
    'tidemark_entries_total{outcome="confirmed",code=""}': 1,
    'tidemark_entries_total{outcome="rejected",code="rejected/id-conflict"}': 1,
    'tidemark_refusals_total{code="auth/forbidden"}': 1,
    'tidemark_refusals_total{code="auth/origin-refused"}': 1,
    tidemark_feed_lag_seconds_count: 1,
  });
  expect([...during].filter(([name]) => name.startsWith('tidemark_store_seconds_count')).map(([, count]) => count > 0)).toContain(true);
  ben.close();
  await vi.waitFor(async () =>
    expect(Object.fromEntries(await read())).toMatchObject({
      'tidemark_connections{door="websocket"}': 0,
      'tidemark_connections_closed_total{code="client"}': 1,
    }),
  );
  const silent = await TestClient.signIn(server.url, 'cat');
  await server.server.revoke('cat');
  await silent.closed;
  expect((await read()).get('tidemark_connections_closed_total{code="4401"}')).toBe(1);
});

it('no metric names a user, a conversation or a message', async () => {
  const client = await loadPromClient();
  const registry = new client.Registry();
  server = await startTestServer({ metrics: prometheusMetrics(client, registry) });
  await post(server.host, [hello('ann-secret'), { type: 'submit', id: 1, entries: [messageTo('ben-secret', 'm-secret', '"b-secret"')] }]);
  expect(await registry.metrics()).toContain('tidemark_entries_total{outcome="confirmed",code=""} 1');
  expect(await registry.metrics()).not.toContain('secret');
});

it('failed transactions are counted, and metrics that throw change nothing for clients', async () => {
  const store = createMemoryStore();
  let failing = true;
  const shaky: ServerStore = {
    ...store,
    tx: (name, body, work) => (failing ? Promise.reject(new Error('away')) : store.tx(name, body, work)),
    merged: undefined as never,
  };
  const read = await start({ store: shaky, log: () => undefined });
  const refused = await post(server.host, [hello('ann'), { type: 'submit', id: 1, entries: [messageTo('ben', 'm1')] }]);
  expect(refused.frames).toMatchObject([{ type: 'welcome' }, { results: [{ outcome: 'retry' }] }]);
  expect(Object.fromEntries(await read())).toMatchObject({
    'tidemark_store_failures_total{transaction="submit"}': 5,
    'tidemark_entries_total{outcome="retry",code=""}': 1,
  });
  failing = false;
  await server.close();
  const broken = (): never => {
    throw new Error('broken metrics');
  };
  server = await startTestServer({ metrics: { add: broken, observe: broken } satisfies ServerMetrics });
  const sent = await post(server.host, [hello('ann'), { type: 'submit', id: 1, entries: [messageTo('ben', 'm1')] }]);
  expect(sent.frames).toMatchObject([{ type: 'welcome' }, { results: [{ outcome: 'confirmed' }] }]);
});

it('every record about a connection names it, and no two connections have one name', async () => {
  const records: { readonly event: string; readonly connection?: string }[] = [];
  server = await startTestServer({ log: (_level, event, details) => void records.push({ event, ...details }) });
  const clients = [await TestClient.signIn(server.url, 'ann'), await TestClient.signIn(server.url, 'ann', 'd2')];
  for (const client of clients) client.close();
  const of = (event: string): (string | undefined)[] => records.filter((one) => one.event === event).map(({ connection }) => connection);
  await vi.waitFor(() => expect(of('connection-closed')).toHaveLength(2));
  expect(new Set(of('connection-opened')).size).toBe(2);
  expect(of('connection-closed').sort()).toEqual(of('connection-opened').sort());
  expect(of('connection-opened')[0]).toMatch(/^[0-9a-f]{8}-1$/);
});
