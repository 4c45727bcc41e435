/** What a load balancer sees of a server: it starts, its store hangs, it drains. */
import { afterEach, expect, it } from 'vitest';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { hello, messageTo, post, startTestServer, TestClient, type TestServer } from './server-harness.ts';

let server: TestServer;
afterEach(() => server.close(), 10_000);

const get = async (path: string, method = 'GET'): Promise<[number, unknown]> => {
  const response = await fetch(`http://${server.host}${path}`, { method });
  const text = await response.text();
  return [response.status, text.startsWith('{') ? JSON.parse(text) : text];
};

const held = (): { readonly until: Promise<void>; readonly release: () => void } => {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  return { until, release };
};

it('a server is healthy as soon as it answers, and ready when its store is open (F75)', async () => {
  const opening = held();
  server = await startTestServer({ store: opening.until.then(() => createMemoryStore()) });
  expect(await get('/receipts/health')).toEqual([200, { status: 'ok' }]);
  expect(await get('/receipts/ready')).toEqual([503, { status: 'starting' }]);
  opening.release();
  await opening.until;
  expect(await get('/receipts/ready')).toEqual([200, { status: 'ready' }]);
  expect(await get('/receipts/ready', 'HEAD')).toEqual([200, '']);
  expect((await get('/receipts/ready', 'POST'))[0]).toBe(405);
  expect(await get('/ready')).toEqual([404, 'elsewhere']);
});

it('a server whose store hangs is healthy, not ready, and ready again when the store answers; the store gets one question at a time (F72)', async () => {
  const store = createMemoryStore();
  let hanging: Promise<void> | undefined;
  let asked = 0;
  const slow: ServerStore = {
    ...store,
    read: async (name, body, work) => {
      if (name === 'ready') asked++;
      await hanging;
      return store.read(name, body, work);
    },
  };
  server = await startTestServer({ store: slow });
  const hang = held();
  hanging = hang.until;
  const answers = await Promise.all([get('/receipts/ready'), get('/receipts/ready'), get('/receipts/health')]);
  expect(answers).toEqual([
    [503, { status: 'store-silent' }],
    [503, { status: 'store-silent' }],
    [200, { status: 'ok' }],
  ]);
  expect(asked).toBe(1);
  hanging = undefined;
  hang.release();
  expect(await get('/receipts/ready')).toEqual([200, { status: 'ready' }]);
});

it('a server that drains sends its clients away, finishes and answers what runs, and is not ready (F85)', async () => {
  const store = createMemoryStore();
  const [running, slow] = [held(), held()];
  const seen: string[] = [];
  server = await startTestServer({
    store: {
      ...store,
      tx: async (name, body, work) => {
        running.release();
        await slow.until;
        return store.tx(name, body, work).finally(() => seen.push('committed'));
      },
      merged: undefined as never,
      close: () => store.close().finally(() => seen.push('closed')),
    },
  });
  const client = await TestClient.signIn(server.url, 'ben');
  const submitted = post(server.host, [hello('ann'), { type: 'submit', id: 1, entries: [messageTo('ben', 'm1')] }]);
  await running.until;
  const closed = server.server.close();
  expect(await client.closed).toEqual({ code: CLOSE.restart, reason: 'restarting' });
  expect(await get('/receipts/health')).toEqual([200, { status: 'ok' }]);
  expect(await get('/receipts/ready')).toEqual([503, { status: 'draining' }]);
  expect(await server.server.readiness()).toBe('draining');
  await expect(TestClient.open(server.url)).rejects.toThrow('503');
  const refused = await post(server.host, [hello('ann'), { type: 'ping' }]);
  expect(refused).toMatchObject({ status: 503, frames: [{ type: 'error', code: 'server/busy' }] });
  expect(refused.headers.get('retry-after')).toBe('1');
  slow.release();
  expect(await submitted).toMatchObject({ status: 200, frames: [{ type: 'welcome' }, { results: [{ outcome: 'confirmed' }] }] });
  await closed;
  expect(seen).toEqual(['committed', 'closed']);
  expect(await get('/receipts/ready')).toEqual([404, 'elsewhere']);
});
