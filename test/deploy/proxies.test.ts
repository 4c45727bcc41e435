/** The proxies of the guides, in front of real servers, with real clients: the configurations are those of the guides, word for word. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { decodeServerFrame, decodeServerFrames } from '../../src/protocol/codec.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import { hello } from '../contract/server-harness.ts';
import { type Bundled, bundled } from '../support/bundled.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import { freePort } from '../support/receipt-nodes.ts';
import { startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { configurationOf } from './guide.ts';
import { isInstalled, MISSING_PROXIES, type Proxy, type ProxyName, startProxy } from './proxy.ts';
import { Served, tokenOf } from './served.ts';

/** The longest silence of a client at a quiet server is one heartbeat. */
const HEARTBEAT_MS = 25_000;
const PER_ADDRESS = 6;

/** A client of one socket, from an address of this machine. */
const dial = async (origin: string, headers: Record<string, string>, localAddress = '127.0.0.1') => {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/receipts`, { headers, localAddress, family: 4 });
  const frames: ServerFrame[] = [];
  socket.on('message', (data) => frames.push(decodeServerFrame(String(data))));
  const status = await new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.once('error', () => resolve(0));
  });
  socket.on('error', () => undefined);
  const next = (type: ServerFrame['type']) =>
    vi.waitFor(() => {
      const frame = frames.find((one) => one.type === type);
      if (!frame) throw new Error(`no ${type}; there is ${JSON.stringify(frames)}`);
      return frame;
    }, 5000);
  return { socket, status, next };
};

const ALL: readonly [ProxyName, heading: string, language: string, guide: 'deploy' | 'several-servers'][] = [
  ['nginx', 'Behind a proxy', 'nginx', 'deploy'],
  ['caddy', 'Behind a proxy', 'caddyfile', 'deploy'],
  ['nginx', 'A proxy in front', 'nginx', 'several-servers'],
  ['caddy', 'A proxy in front', 'caddyfile', 'several-servers'],
  ['haproxy', 'A proxy in front', 'haproxy', 'several-servers'],
];

const startAs = async (...[name, heading, language, guide]: (typeof ALL)[number]): Promise<Proxy> => {
  if (!isInstalled(name)) throw new Error(`${name} is missing: ${MISSING_PROXIES}`);
  const [one, two] = servers.map(({ port }) => port) as [number, number];
  const at = { '127.0.0.1:8787': one, ...(guide === 'deploy' ? {} : { '127.0.0.1:8788': two }) };
  return startProxy(name, await freePort(), configurationOf(guide, heading, language), at);
};

let folder: string;
let program: Bundled;
let postgres: TestPostgres;
const servers: Served[] = [];
beforeAll(async () => {
  // The certificate is of Caddy's own authority.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  program = await bundled(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
  postgres = startPostgres();
  postgres.createDatabase('receipts');
  folder = mkdtempSync(join(tmpdir(), 'tidemark-setup-'));
  const setup = join(folder, 'setup.json');
  writeFileSync(setup, JSON.stringify({ policy: { connections: { perAddress: PER_ADDRESS } } }));
  const address = `postgres:///receipts?host=${dirname(postgres.socket)}&user=postgres`;
  for (let i = 0; i < 2; i++) {
    const words = [process.execPath, program.file, 'serve', '--behind-proxy', '--setup', setup, '--postgres', address];
    const server = new Served(words, await freePort());
    await server.start();
    servers.push(server);
  }
}, 120_000);
afterAll(async () => {
  for (const server of servers) await server.end();
  postgres.stop();
  program.remove();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe.each(ALL)('%s, "%s" (%s of %s.md)', (name, heading, language, guide) => {
  let proxy: Proxy;
  const isSingle = guide === 'deploy';
  const user = (who: string): string => `${who}-${name}-${guide}`;
  const signIn = async (who: string): Promise<ProtocolClient> =>
    ProtocolClient.connect(`${proxy.origin.replace('http', 'ws')}/receipts`, await tokenOf(user(who)), user(who), 'd');

  beforeAll(async () => {
    proxy = await startAs(name, heading, language, guide);
  }, 60_000);
  afterAll(() => proxy.stop());

  it('a page of the same host may connect, and another origin is refused with both names', { timeout: 30_000 }, async () => {
    const own = await dial(proxy.origin, { Origin: proxy.origin });
    own.socket.send(JSON.stringify(hello(user('ann'), await tokenOf(user('ann')))));
    await own.next('welcome');
    own.socket.terminate();
    const client = await dial(proxy.origin, { Origin: 'https://elsewhere.example' });
    const { message } = (await client.next('error')) as { message?: string };
    expect(message).toContain('https://elsewhere.example');
    expect(message).toContain(new URL(proxy.origin).host);
    client.socket.terminate();
  });

  it(
    'the server sees the address of the client and none that the client claims: above the limit only this address is refused',
    { timeout: 30_000 },
    async () => {
      await pause(500); // the connections of the earlier tests have ended
      const limit = PER_ADDRESS * (isSingle ? 1 : 2);
      const opened = [];
      for (let i = 0; i < limit + 2; i++) opened.push(await dial(proxy.origin, { 'X-Forwarded-For': `203.0.113.${i}` }, '127.0.0.2'));
      expect(opened.filter(({ status }) => status === 101).length).toBe(limit);
      expect(opened.at(-1)!.status).toBe(503);
      const other = await dial(proxy.origin, {}, '127.0.0.3');
      expect(other.status).toBe(101);
      for (const { socket } of [...opened, other]) socket.terminate();
    },
  );

  it.skipIf(!isSingle)('while the server is down, a call waits, and is confirmed afterwards', { timeout: 60_000 }, async () => {
    const ann = await signIn('ann');
    await ann.sendMessage(`direct:${user('bob')}`, 'before');
    expect(await servers[0]!.end()).toBe(0);
    const { status } = await dial(proxy.origin, {});
    expect([502, 503]).toContain(status);
    const waiting = ann.sendMessage(`direct:${user('bob')}`, 'meanwhile');
    await pause(1000);
    await servers[0]!.start();
    expect(await waiting).toMatchObject({ seq: 2 });
    ann.close();
  });

  it.skipIf(isSingle)('a rolling restart refuses no call, and loses nothing', { timeout: 120_000 }, async () => {
    const [ann, bob] = [await signIn('ann'), await signIn('bob')];
    let isOver = false;
    let count = 0;
    const talk = async (): Promise<void> => {
      // A refused call rejects.
      while (!isOver) {
        await ann.sendMessage(`direct:${user('bob')}`, ++count);
        await pause(10);
      }
    };
    const talking = talk();
    for (const server of servers) {
      const before = count;
      await vi.waitFor(() => expect(count).toBeGreaterThan(before + 5), 20_000);
      expect(await server.end()).toBe(0);
      const meanwhile = count;
      await vi.waitFor(() => expect(count).toBeGreaterThan(meanwhile), 20_000);
      await server.start();
    }
    isOver = true;
    await talking;
    await bob.waitFor(() => bob.messages.get(`direct:${user('ann')}`)?.size === count, 10_000, 'every message');
    ann.close();
    bob.close();
  });
});

it('WebSockets outlast a heartbeat of silence, and HTTP alone is enough, through each proxy', { timeout: 120_000 }, async () => {
  const proxies = await Promise.all(ALL.map((one) => startAs(...one)));
  try {
    const quiet = async ({ origin }: Proxy): Promise<void> => {
      const client = await dial(origin, { Origin: origin });
      expect(client.status).toBe(101);
      client.socket.send(JSON.stringify(hello('ann', await tokenOf('ann'))));
      await client.next('welcome');
      const frames = [hello('ben', await tokenOf('ben')), { type: 'ping' }];
      const headers = { 'Content-Type': 'application/json', Origin: origin };
      const answer = await fetch(`${origin}/receipts`, { method: 'POST', headers, body: JSON.stringify(frames) });
      expect([answer.status, decodeServerFrames(await answer.text()).map(({ type }) => type)]).toEqual([200, ['welcome', 'pong']]);
      await pause(HEARTBEAT_MS + 1000);
      client.socket.send('{"type":"ping"}');
      await client.next('pong');
      client.socket.terminate();
    };
    await Promise.all(proxies.map(quiet));
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
});
