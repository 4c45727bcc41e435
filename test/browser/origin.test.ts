import { afterEach, beforeEach, expect, it } from 'vitest';
import { Backend, until } from './backend.ts';

let backend: Backend;
beforeEach(async () => {
  backend = await Backend.startForeign();
});
afterEach(() => backend.stop());

it('a page on another port learns that the server refuses its origin, and retries rarely (F128)', async () => {
  let asked = 0;
  const client = backend.client('alice', { getToken: () => `token-of-alice${++asked > 1 ? '-again' : ''}` });
  const { error, retryAt, state } = await until(client.watchConnection(), (connection) => connection.error !== null);
  expect([state, error?.code]).toEqual(['offline', 'auth/origin-refused']);
  expect(error?.message).toContain(`"${location.origin}" is not the server's host "127.0.0.1:${backend.port}"`);
  expect(error?.message).toContain('allowedOrigins');
  expect(retryAt! - Date.now()).toBeGreaterThan(50_000);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(asked).toBe(1);
  expect((await backend.sent('hello')).length).toBeLessThanOrEqual(1);
});

it('over HTTP, a page of another origin can read the same refusal (F128)', async () => {
  const response = await fetch(backend.url.replace('ws', 'http'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[]',
    credentials: 'omit',
  });
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject([{ type: 'error', code: 'auth/origin-refused' }]);
});
