/** Answers over HTTP from the server, a proxy or a captive portal. */
import { getEventListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestOverHttp } from '../../../src/transport/http.ts';

let server: Server;
let url: string;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
const paths: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    paths.push(request.url ?? '');
    request.resume();
    request.on('end', () => answer(response, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/receipts`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const JSON_TYPE = { 'content-type': 'application/json' };
const ask = (timeoutMs = 5000, signal?: AbortSignal) => requestOverHttp(url, [{ type: 'ping' }], timeoutMs, signal);
const says = (status: number, headers: Record<string, string>, body: string): void => {
  answer = (response) => response.writeHead(status, headers).end(body);
};
const unreachable = { name: 'TransportError', code: 'transport/unreachable' };

describe('answers over HTTP', () => {
  it('an answer of the server is read as frames, refusals too', async () => {
    says(200, JSON_TYPE, '[{"type":"pong"}]');
    expect(await ask()).toEqual([{ type: 'pong' }]);
    for (const status of [400, 401, 403, 413, 503]) {
      says(status, JSON_TYPE, '[{"type":"error","code":"auth/expired","message":"m"}]');
      expect(await ask()).toEqual([{ type: 'error', code: 'auth/expired', message: 'm' }]);
    }
  });

  it.each([200, 201, 204, 400, 401, 403, 404, 405, 407, 408, 410, 413, 418, 451, 500, 502, 504, 511, 530])(
    'a page with status %i is no answer of the server (F52, F59)',
    async (status) => {
      says(status, { 'content-type': 'text/html' }, status === 204 ? '' : '<!doctype html><title>Welcome to the hotel</title>');
      await expect(ask()).rejects.toMatchObject(unreachable);
    },
  );

  it('frames with another content type, or other JSON with an error status, are no answer of the server (F52)', async () => {
    says(200, { 'content-type': 'text/html' }, '[{"type":"pong"}]');
    await expect(ask()).rejects.toMatchObject(unreachable);
    says(500, JSON_TYPE, '{"message":"internal error"}');
    await expect(ask()).rejects.toMatchObject(unreachable);
  });

  it('an answer that looks like the server’s but holds no frames is a protocol error', async () => {
    for (const body of ['', '{}', '[{"type":"dance"}]', '[1]', '[[[[[[[[[[[]]]]]]]]]]]']) {
      says(200, JSON_TYPE, body);
      await expect(ask()).rejects.toMatchObject({ name: 'ProtocolError', code: 'protocol/bad-frame' });
    }
  });

  it.each([301, 302, 303, 307, 308])('a redirect with %i is not followed, so the token goes to no other host (F52)', async (status) => {
    paths.length = 0;
    says(status, { location: '/login' }, '');
    await expect(ask()).rejects.toMatchObject(unreachable);
    expect(paths).toEqual(['/receipts']);
  });

  it('status 429 or 503 asks the client to wait, from any host, as long as its header says (F56)', async () => {
    says(429, { 'retry-after': '7' }, 'slow down');
    expect(await ask()).toMatchObject([{ type: 'error', code: 'server/busy', retryAfterMs: 7000 }]);
    says(503, { 'content-type': 'text/html', 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, '<h1>Maintenance</h1>');
    expect(await ask()).toEqual([{ type: 'error', code: 'server/busy', message: 'answered 503' }]);
    says(503, { 'retry-after': '999999999' }, '');
    expect(await ask()).toMatchObject([{ retryAfterMs: 24 * 3600 * 1000 }]);
  });

  it('an ended request leaves no listener on the signal of its connection', async () => {
    const { signal } = new AbortController();
    says(200, JSON_TYPE, '[{"type":"pong"}]');
    await ask(5000, signal);
    answer = (response) => response.destroy();
    await expect(ask(5000, signal)).rejects.toMatchObject(unreachable);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('silence, a broken line and an abort have errors of their own', async () => {
    answer = () => undefined;
    await expect(ask(100)).rejects.toMatchObject({ code: 'transport/timeout' });
    const end = new AbortController();
    const given = ask(5000, end.signal);
    setTimeout(() => end.abort(), 20);
    await expect(given).rejects.toMatchObject(unreachable);
    await expect(ask(5000, end.signal)).rejects.toMatchObject(unreachable);
    answer = (response) => {
      response.writeHead(200, { ...JSON_TYPE, 'content-length': '500' }).write('[{"type":');
      setTimeout(() => response.destroy(), 20);
    };
    await expect(ask()).rejects.toMatchObject(unreachable);
    // A TLS connection to a server that does not speak TLS.
    await expect(requestOverHttp(url.replace('ws:', 'wss:'), [{ type: 'ping' }], 5000)).rejects.toMatchObject(unreachable);
  });
});
