/** The endpoints under load, on a real port: limits of connections, pings, endless frames, clients without a reader. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { hello, post, startTestServer, TestClient, type TestServer } from './server-harness.ts';

let server: TestServer;
const raw: Socket[] = [];
afterEach(async () => {
  for (const socket of raw.splice(0)) socket.destroy();
  await server.close();
});

const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  for (const until = Date.now() + 5000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (Date.now() > until) throw new Error('the condition never became true');
};

it('an address with too many connections gets the time to come back, and its places are free again when connections end (F119)', async () => {
  server = await startTestServer({ policy: { connections: { perAddress: 2 } } });
  const one = await TestClient.signIn(server.url, 'ann');
  await TestClient.signIn(server.url, 'ben');
  await expect(TestClient.open(server.url)).rejects.toThrow(/^503 .*"code":"server\/busy".*"retryAfterMs":5000/);
  const refused = await post(server.host, [hello('ann'), { type: 'ping' }]);
  expect(refused).toMatchObject({ status: 503, frames: [{ type: 'error', code: 'server/busy' }] });
  expect(refused.headers.get('retry-after')).toBe('5');
  one.close();
  await eventually(async () => (await post(server.host, [hello('ann'), { type: 'ping' }])).status === 200);
  // An ended request is not counted any more.
  await eventually(async () => (await post(server.host, [hello('ann'), { type: 'ping' }])).status === 200);
});

it('the host chooses the address for the count of a connection (F119)', async () => {
  server = await startTestServer({
    policy: { connections: { perAddress: 1 } },
    addressOf: ({ headers }) => String(headers['x-forwarded-for']).split(', ').at(-1),
  });
  const first = await TestClient.open(server.url, { 'x-forwarded-for': '9.9.9.9, 1.1.1.1' });
  const second = await TestClient.open(server.url, { 'x-forwarded-for': '9.9.9.9, 2.2.2.2' });
  await expect(TestClient.open(server.url, { 'x-forwarded-for': '1.1.1.1' })).rejects.toThrow('503');
  first.close();
  second.close();
});

it('a failed handshake does not count as a connection (F119)', async () => {
  server = await startTestServer({ policy: { connections: { unnamedPerAddress: 1 } } });
  for (let i = 0; i < 3; i++) {
    const response = await fetch(`http://${server.host}/receipts`, { headers: { upgrade: 'websocket' } }).catch(() => undefined);
    await response?.text();
    const socket = connect(Number(server.host.split(':')[1]), '127.0.0.1');
    raw.push(socket);
    socket.write(`GET /receipts HTTP/1.1\r\nHost: ${server.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await new Promise((resolve) => socket.once('close', resolve).resume());
  }
  await eventually(() =>
    TestClient.signIn(server.url, 'ann').then(
      () => true,
      () => false,
    ),
  );
});

it('a client with an endless message counts as silent, and its connection is closed (F125)', async () => {
  server = await startTestServer({ policy: { limits: { heartbeatMs: 100 } } });
  const client = await TestClient.signIn(server.url, 'ann');
  client.socket.send('{"type":', { fin: false });
  const drip = setInterval(() => client.socket.readyState === WebSocket.OPEN && client.socket.send(' ', { fin: false }), 60);
  expect(await client.closed).toMatchObject({ code: CLOSE.silent });
  clearInterval(drip);
});

it('the server answers pings, and no more of them than the peer reads (F125)', async () => {
  server = await startTestServer();
  const polite = await TestClient.signIn(server.url, 'ben');
  const pong = new Promise<string>((resolve) => polite.socket.once('pong', (data) => resolve(String(data))));
  polite.socket.ping('hi');
  expect(await pong).toBe('hi');

  const sockets: Socket[] = [];
  server.http.on('connection', (socket: Socket) => sockets.push(socket));
  const client = await TestClient.signIn(server.url, 'ann');
  client.socket.pause();
  const body = 'x'.repeat(125);
  // 40 MiB of pings: more than the machine buffers between the two ends.
  for (let i = 0; i < 80; i++) {
    for (let k = 0; k < 4000; k++) client.socket.ping(body);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [mine] = sockets;
  expect(mine!.writableLength).toBeLessThan(300 * 1024);
  client.close();
}, 60_000);
