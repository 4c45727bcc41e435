/** Hosts that route by themselves: Express below a path and behind a body parser, Hono with `fetch`, upgrades by hand. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ReceiptServer, ReceiptServerOptions } from '../../src/server/receipt-server.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { authenticate, hello, post, TestClient } from './server-harness.ts';

const frames = JSON.stringify([hello('ann'), { type: 'ping' }]);
const request = (body: string, headers: Record<string, string> = {}, init: RequestInit = {}): Request =>
  new Request('https://chat.example/receipts', { method: 'POST', body, headers, ...init });

let server: ReceiptServer;
let http: Server | undefined;
const open = (options: Partial<ReceiptServerOptions> = {}): ReceiptServer =>
  (server = createReceiptServer({ store: createMemoryStore(), authenticate, ...options }));
const listen = async (app: express.Express): Promise<string> => {
  http = createServer(app);
  http.on('upgrade', (upgrade, socket, head) => {
    if (!server.handleUpgrade(upgrade, socket, head)) socket.destroy();
  });
  await new Promise<void>((resolve) => http!.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(http.address() as AddressInfo).port}`;
};
afterEach(async () => {
  await server.close();
  http?.closeAllConnections();
  await new Promise((resolve) => (http ? http.close(resolve) : resolve(null)));
  http = undefined;
});

describe('Express', () => {
  const parsers = { 'no parser': undefined, json: express.json(), text: express.text({ type: '*/*' }), raw: express.raw({ type: '*/*' }) };

  it.each(Object.entries(parsers))('serves frames and sockets in a router below a path, with %s in front', async (_, parser) => {
    open({ path: '/chat/receipts' });
    const app = express();
    if (parser) app.use(parser);
    const chat = express.Router();
    chat.use((incoming, outgoing, next) => void (server.handle(incoming, outgoing) || next()));
    app.use('/chat', chat);
    app.use((_incoming, outgoing) => void outgoing.status(404).send('elsewhere'));
    const host = await listen(app);
    const answered = await post(host, [hello('ann'), { type: 'ping' }], {}, '/chat/receipts');
    expect(answered).toMatchObject({ status: 200, frames: [{ type: 'welcome', userId: 'ann' }, { type: 'pong' }] });
    expect((await fetch(`http://${host}/chat/other`)).status).toBe(404);
    const client = await TestClient.signIn(`ws://${host}/chat/receipts`, 'ben');
    client.close();
    await expect(TestClient.open(`ws://${host}/elsewhere`)).rejects.toThrow();
  });

  it('refuses a parsed body above the limit', async () => {
    open();
    const app = express();
    app.use(express.text({ type: '*/*', limit: '10mb' }));
    app.use((incoming, outgoing) => void server.handle(incoming, outgoing));
    const host = await listen(app);
    const answered = await fetch(`http://${host}/receipts`, { method: 'POST', body: `[${' '.repeat(600_000)}]` });
    expect(answered.status).toBe(413);
  });
});

describe('fetch', () => {
  it('answers frames in Hono, and leaves other paths to the host', async () => {
    open();
    const app = new Hono();
    app.all('/receipts', async (context) => (await server.fetch(context.req.raw)) ?? context.notFound());
    const answered = await app.request('https://chat.example/receipts', { method: 'POST', body: frames });
    expect(answered.status).toBe(200);
    expect(await answered.json()).toMatchObject([{ type: 'welcome' }, { type: 'pong' }]);
    expect(await server.fetch(new Request('https://chat.example/elsewhere'))).toBeNull();
  });

  it('answers a preflight, other methods, a foreign page, and bytes that are not UTF-8, as over Node', async () => {
    open();
    const preflight = await server.fetch(new Request('https://chat.example/receipts', { method: 'OPTIONS' }));
    expect([preflight?.status, preflight?.headers.get('access-control-allow-methods')]).toEqual([204, 'POST']);
    const got = await server.fetch(new Request('https://chat.example/receipts'));
    expect([got?.status, got?.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    const own = await server.fetch(request(frames, { origin: 'https://chat.example' }));
    expect([own?.status, own?.headers.get('access-control-allow-origin')]).toEqual([200, 'https://chat.example']);
    const foreign = await server.fetch(request(frames, { origin: 'https://evil.example' }));
    expect([foreign?.status, await foreign?.json()]).toMatchObject([403, [{ code: 'auth/origin-refused' }]]);
    const bytes = new Request('https://chat.example/receipts', { method: 'POST', body: new Uint8Array([0xff, 0xfe]) });
    expect((await server.fetch(bytes))?.status).toBe(400);
    const large = await server.fetch(request(`[${' '.repeat(600_000)}]`));
    expect(large?.status).toBe(413);
  });

  it('counts the requests of an address, and gives their places back', async () => {
    open({ policy: { connections: { perAddress: 1 } } });
    const ask = async (): Promise<number | undefined> => (await server.fetch(request(frames), { address: '1.1.1.1' }))?.status;
    expect((await Promise.all([ask(), ask()])).toSorted()).toEqual([200, 503]);
    expect(await ask()).toBe(200);
  });
});
