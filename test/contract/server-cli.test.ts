/** `tidemark serve` as a whole: its folder, port, tokens and files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { afterEach, expect, it } from 'vitest';
import { readCommandLine, type ServeOptions } from '../../src/cli/options.ts';
import { serve, type Serving } from '../../src/cli/serve.ts';
import { authenticateBySecret } from '../../src/cli/tokens.ts';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { bundled } from '../support/bundled.ts';
import { findNats, startNats } from '../support/test-nats.ts';
import { findPostgres, startPostgres } from '../support/test-postgres.ts';
import { hello, messageTo, post, TestClient } from './server-harness.ts';

const serving: Serving[] = [];
const folder = (): string => mkdtempSync(join(tmpdir(), 'tidemark-cli-'));
const start = async (...args: string[]): Promise<Serving & { host: string }> => {
  const one = await serve(readCommandLine(['serve', '--port', '0', ...args], {}) as ServeOptions, () => undefined);
  serving.push(one);
  return { ...one, host: one.url.slice('http://'.length) };
};
const token = async (host: string, userId: string): Promise<string> => {
  const response = await fetch(`http://${host}/dev/token`, { method: 'POST', body: JSON.stringify({ userId }) });
  return ((await response.json()) as { token: string }).token;
};

afterEach(async () => {
  for (const one of serving.splice(0)) await one.close();
}, 60_000);

it(
  '`tidemark serve` keeps messages and tokens over a restart, in a folder for its owner and for a single server (F73)',
  { timeout: 120_000 },
  async () => {
    const data = join(folder(), 'data');
    const first = await start('--dev', '--data', data);
    const alice = await token(first.host, 'alice');
    await first.ready;
    const sent = messageTo('bob', 'm1');
    expect((await post(first.host, [hello('alice', alice), { type: 'submit', id: 1, entries: [sent] }])).status).toBe(200);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'store')).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'dev-secret')).mode & 0o777).toBe(0o600);

    const second = await start('--dev', '--data', data);
    await expect(second.ready).rejects.toThrow(`held by process ${process.pid}`);
    expect(await post(second.host, [hello('alice', alice)])).toMatchObject({ status: 503 });

    for (const one of serving.splice(0)) await one.close();
    const again = await start('--dev', '--data', data);
    await again.ready;
    const { frames } = await post(again.host, [hello('alice', alice), { type: 'submit', id: 1, entries: [sent] }]);
    expect(frames).toMatchObject([
      { type: 'welcome' },
      { results: [{ outcome: 'confirmed', message: { seq: 1 }, row: { latestSeq: 1 } }] },
    ]);
  },
);

it('`tidemark serve --dev` gives tokens to its own pages only, and can cut off its clients on request', { timeout: 120_000 }, async () => {
  const { host, ready } = await start('--dev', '--data', folder());
  await ready;
  // fetch does not let a test send another Host header, as a rebound name would.
  const statusAs = (headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request(`http://${host}/dev/token`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject);
      asked.end('{"userId":"alice"}');
    });
  expect(await statusAs({})).toBe(200);
  expect(await statusAs({ Host: 'rebound.example' })).toBe(403);
  expect(await statusAs({ Origin: 'https://elsewhere.example' })).toBe(403);

  const cut = (value: boolean): Promise<unknown> =>
    fetch(`http://${host}/dev/cut`, { method: 'POST', body: JSON.stringify({ cut: value }) });
  const client = await TestClient.open(`ws://${host}/receipts`);
  client.send(hello('alice', await token(host, 'alice')));
  await client.next('welcome');
  await cut(true);
  expect(await client.closed).toMatchObject({ code: 1006 });
  await expect(TestClient.open(`ws://${host}/receipts`)).rejects.toThrow();
  await expect(post(host, [hello('alice')])).rejects.toThrow('fetch failed');
  expect(await (await fetch(`http://${host}/dev/cut`)).json()).toEqual({ cut: true });
  await cut(false);
  (await TestClient.open(`ws://${host}/receipts`)).close();
});

it(
  '`tidemark serve --dev` streams its pushes to the pages of a demo, without bodies, and to no other page',
  { timeout: 120_000 },
  async () => {
    const { host, ready } = await start('--dev', '--data', folder());
    await ready;
    expect((await fetch(`http://${host}/dev/pushes`, { headers: { Origin: 'https://elsewhere.example' } })).status).toBe(403);
    const ended = new AbortController();
    const response = await fetch(`http://${host}/dev/pushes`, { signal: ended.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const token1 = await token(host, 'ann');
    await post(host, [hello('ann', token1), { type: 'submit', id: 1, entries: [messageTo('ben', 'pushed-1')] }]);
    const decoder = new TextDecoder();
    let text = '';
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>)
      if ((text += decoder.decode(part)).includes('}\n\n')) break;
    ended.abort();
    const push = JSON.parse(/^data: (.+)$/m.exec(text)![1]!) as object;
    expect(push).toMatchObject({
      type: 'push',
      userId: 'ben',
      conversationId: 'direct:ann',
      totalUnreadCount: 1,
      message: { id: 'pushed-1' },
    });
    expect(text).not.toContain('body');
  },
);

it('`tidemark serve --dev` creates groups and changes the policy for the pages of a demo', { timeout: 120_000 }, async () => {
  const { host, ready } = await start('--dev', '--data', folder());
  await ready;
  const dev = async (path: string, body: unknown): Promise<[number, { message?: string; receipts?: object }]> => {
    const response = await fetch(`http://${host}/dev/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return [response.status, (await response.json()) as { message?: string; receipts?: object }];
  };
  const send = async (who: string): Promise<unknown> => {
    const message = { ...messageTo('x', `from-${who}-${Math.random()}`), conversationId: 'group:crew' };
    const { frames } = await post(host, [hello(who, await token(host, who)), { type: 'submit', id: 1, entries: [message] }]);
    return (frames[1] as { results: { outcome: string; code?: string }[] }).results.map(({ outcome, code }) => code ?? outcome)[0];
  };
  expect(await send('ann')).toBe('rejected/no-such-conversation');
  const crew = { groupId: 'crew', members: [{ userId: 'ann', role: 'admin' }, { userId: 'ben' }] };
  expect(await dev('group', crew)).toEqual([200, {}]);
  expect(await dev('group', crew)).toEqual([200, {}]);
  expect(await send('ann')).toBe('confirmed');
  expect((await dev('policy', { receipts: { mayRequest: 'admins' } }))[1].receipts).toMatchObject({ mayRequest: 'admins', groups: true });
  expect(await send('ben')).toBe('rejected/permission-denied');
  expect(await dev('member', { groupId: 'crew', userId: 'ben', role: 'admin' })).toEqual([200, {}]);
  expect(await send('ben')).toBe('confirmed');
  expect(await dev('member', { groupId: 'crew', userId: 'ben', role: null })).toEqual([200, {}]);
  expect(await send('ben')).toBe('rejected/no-such-conversation');
  for (const [path, body] of [
    ['group', { groupId: 'crew' }],
    ['group', { groupId: 'crew', members: [{ userId: 1 }] }],
    ['group', { groupId: 'crew', members: [{ userId: 'x', role: 'king' }] }],
    ['member', { groupId: '', userId: 'x' }],
    ['policy', { receipts: { windowMs: 'long' } }],
    ['policy', []],
  ] as const)
    expect((await dev(path, body))[0], JSON.stringify(body)).toBe(400);
});

it('`tidemark serve --static` serves the files of its folder, compressed and once, and no others', { timeout: 120_000 }, async () => {
  const root = folder();
  const site = join(root, 'site');
  for (const name of ['assets', 'guides']) mkdirSync(join(site, name), { recursive: true });
  for (const [name, text] of [
    ['index.html', '<p>home'],
    ['sw.js', '1'],
    ['assets/app.abc.js', '2'],
    ['app.webmanifest', '{}'],
    ['guides/index.html', '<p>guides'],
    ['guides/start.html', '<p>start'],
    ['../secret.txt', 'PRIVATE'],
  ] as const)
    writeFileSync(join(site, name), text);
  const { host, ready } = await start('--dev', '--data', join(root, 'data'), '--static', site);
  await ready;
  const get = async (path: string): Promise<[number, string | null, string | null, string]> => {
    const response = await fetch(`http://${host}${path}`);
    return [response.status, response.headers.get('content-type'), response.headers.get('cache-control'), await response.text()];
  };
  expect(await get('/')).toEqual([200, 'text/html; charset=utf-8', 'no-cache', '<p>home']);
  expect((await get('/chat/bob'))[3]).toBe('<p>home');
  for (const path of ['/guides', '/guides/', '/guides/?q=1']) expect((await get(path))[3], path).toBe('<p>guides');
  expect((await fetch(`http://${host}/guides`)).url).toBe(`http://${host}/guides/`);
  expect((await get('/guides/start.html'))[3]).toBe('<p>start');
  expect((await get('/missing.js'))[0]).toBe(404);
  expect(await get('/sw.js')).toEqual([200, 'text/javascript; charset=utf-8', 'no-cache', '1']);
  expect((await fetch(`http://${host}/sw.js`)).headers.get('service-worker-allowed')).toBe('/');
  expect((await get('/assets/app.abc.js'))[2]).toContain('immutable');
  expect((await get('/app.webmanifest'))[1]).toBe('application/manifest+json');
  for (const path of ['/..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/%00', '/%'])
    expect((await get(path))[3], path).not.toContain('PRIVATE');
  const script = 'receipts(); '.repeat(1000);
  writeFileSync(join(site, 'assets/worker.abc.js'), script);
  const worker = `http://${host}/assets/worker.abc.js`;
  const compressed = await fetch(worker);
  expect([compressed.headers.get('content-encoding'), await compressed.text()]).toEqual(['gzip', script]);
  const plain = await fetch(worker, { headers: { 'Accept-Encoding': 'identity' } });
  expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, script]);
  const again = await fetch(worker, { headers: { 'If-None-Match': compressed.headers.get('etag')! } });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

it(
  '`tidemark serve` says at /health that it runs, and at /ready that its store is open, also beside an app (F75)',
  { timeout: 120_000 },
  async () => {
    const root = folder();
    writeFileSync(join(root, 'index.html'), '<p>home');
    const { host, ready } = await start('--dev', '--data', join(root, 'data'), '--static', root);
    const get = async (path: string): Promise<[number, unknown]> => {
      const response = await fetch(`http://${host}${path}`);
      return [response.status, await response.json()];
    };
    expect(await get('/health')).toEqual([200, { status: 'ok' }]);
    expect(await get('/ready')).toEqual([503, { status: 'starting' }]);
    await ready;
    expect(await get('/ready')).toEqual([200, { status: 'ready' }]);
    expect(await get('/receipts/ready')).toEqual([200, { status: 'ready' }]);
  },
);

it(
  '`tidemark serve` ends with 0 at SIGTERM, after it has sent its clients to come back, and keeps what it confirmed',
  { timeout: 120_000 },
  async () => {
    const program = await bundled(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
    const args = [program.file, 'serve', '--dev', '--port', '0', '--data', folder()];
    const run = async () => {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      for await (const part of child.stdout as AsyncIterable<Buffer>) if (/listening on .*\n/.test((said += part.toString()))) break;
      return { child, host: /http:\/\/(\S+)/.exec(said)![1]!, exit: once(child, 'exit') };
    };
    try {
      const { child, host, exit } = await run();
      const alice = await token(host, 'alice');
      const client = await TestClient.open(`ws://${host}/receipts`);
      client.send(hello('alice', alice));
      await client.next('welcome');
      client.send({ type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] });
      await client.next('answer');
      child.kill('SIGTERM');
      expect((await client.closed).code).toBe(CLOSE.restart);
      expect(await exit).toEqual([0, null]);

      const again = await run();
      const { frames } = await post(again.host, [hello('alice', alice), { type: 'submit', id: 1, entries: [messageTo('bob', 'm2')] }]);
      expect(frames[1]).toMatchObject({ results: [{ outcome: 'confirmed', message: { seq: 2 } }] });
      again.child.kill('SIGTERM');
      expect(await again.exit).toEqual([0, null]);
    } finally {
      program.remove();
    }
  },
);

it('JWTs name the account and the expiry, and tokens with another signature are refused', async () => {
  const secret = new TextEncoder().encode('x'.repeat(32));
  const authenticate = authenticateBySecret(secret);
  const jwt = (sub: string, exp: number, key = secret, alg = 'HS256'): Promise<string> =>
    new SignJWT({}).setProtectedHeader({ alg }).setSubject(sub).setExpirationTime(exp).sign(key);
  const soon = Math.floor(Date.now() / 1000) + 60;
  expect(await authenticate(await jwt('alice', soon))).toEqual({ userId: 'alice', expiresAt: soon * 1000 });
  await expect(authenticate(await jwt('alice', soon - 120))).rejects.toMatchObject({ code: 'auth/expired' });
  await expect(authenticate(await jwt('a\u0000', soon))).rejects.toMatchObject({ code: 'auth/forbidden' });
  await expect(authenticate(await jwt('alice', soon, new TextEncoder().encode('y'.repeat(32))))).rejects.toMatchObject({
    code: 'auth/forbidden',
  });
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ sub: 'alice', exp: soon }))}.`.replaceAll('=', '');
  await expect(authenticate(unsigned)).rejects.toMatchObject({ code: 'auth/forbidden' });
});

it.skipIf(!findPostgres() || !findNats())(
  'servers with one `--postgres` tell each other of changes, over `--bus` or without it, and end in order (F70)',
  { timeout: 120_000 },
  async () => {
    const secret = 's'.repeat(32);
    const tokenOf = (user: string): Promise<string> =>
      new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(user).sign(new TextEncoder().encode(secret));
    const postgres = startPostgres();
    const nats = await startNats();
    try {
      for (const bus of [[], ['--bus', `nats://127.0.0.1:${nats.port}`]]) {
        const name = `cli_${bus.length}`;
        postgres.createDatabase(name);
        const address = `postgres:///${name}?host=${dirname(postgres.socket)}&user=postgres`;
        const args = ['--jwt-secret', secret, '--postgres', address, ...bus];
        const [one, two] = [await start(...args), await start(...args)];
        await Promise.all([one.ready, two.ready]);
        const bob = await TestClient.open(`ws://${two.host}/receipts`);
        bob.send(hello('bob', await tokenOf('bob')));
        bob.send({ type: 'pull', cursor: null });
        await bob.next('changes');
        const sent = messageTo('bob', 'm1');
        await post(one.host, [hello('alice', await tokenOf('alice')), { type: 'submit', id: 1, entries: [sent] }]);
        expect(await bob.next('changes', 8000)).toMatchObject({ messages: [{ messages: [{ id: 'm1' }] }] });
        for (const server of serving.splice(0)) await server.close();
        expect(await bob.closed).toMatchObject({ code: CLOSE.restart });
      }
    } finally {
      await nats.stop();
      postgres.stop();
    }
  },
);

it('`tidemark serve --metrics` shows its metrics and those of the process, not through a proxy, and not without the option', async () => {
  const { host, ready } = await start('--dev', '--metrics', '--data', folder());
  await ready;
  await post(host, [hello('alice', await token(host, 'alice')), { type: 'submit', id: 1, entries: [messageTo('bob', 'm1')] }]);
  const response = await fetch(`http://${host}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const text = await response.text();
  expect(text).toContain('tidemark_entries_total{outcome="confirmed",code=""} 1');
  expect(text).toContain('process_cpu_seconds_total');
  expect((await fetch(`http://${host}/metrics`, { headers: { 'X-Forwarded-For': '203.0.113.7' } })).status).toBe(404);
  expect((await fetch(`http://${host}/metrics`, { method: 'POST' })).status).toBe(405);
  const without = await start('--dev', '--data', folder());
  await without.ready;
  expect((await fetch(`http://${without.host}/metrics`)).status).toBe(404);
}, 120_000);

it('`--setup` puts a policy in force and creates groups at each start, below the path of `--path`', { timeout: 120_000 }, async () => {
  const data = join(folder(), 'data');
  const file = join(folder(), 'setup.json');
  const crew = (...userIds: string[]) => ({ groupId: 'crew', members: userIds.map((userId) => ({ userId })) });
  const write = (setup: object): void => writeFileSync(file, JSON.stringify(setup));
  const group = messageTo('bob', 'm1');
  const args = ['--dev', '--data', data, '--setup', file, '--path', '/chat'];
  const send = async (host: string, userId: string, id: string) => {
    const entry = { ...group, key: id, conversationId: 'group:crew', id };
    const { frames } = await post(
      host,
      [hello(userId, await token(host, userId)), { type: 'submit', id: 1, entries: [entry] }],
      {},
      '/chat',
    );
    return frames;
  };
  write({ policy: { receipts: { maxMembers: 2 } }, groups: [crew('alice', 'bob')] });
  const first = await start(...args);
  await first.ready;
  expect(await send(first.host, 'alice', 'm1')).toMatchObject([
    { type: 'welcome', receipts: { groups: true, maxMembers: 2 } },
    { results: [{ outcome: 'confirmed' }] },
  ]);
  expect(await send(first.host, 'carol', 'm2')).toMatchObject([{ type: 'welcome' }, { results: [{ outcome: 'rejected' }] }]);
  for (const one of serving.splice(0)) await one.close();

  write({ groups: [crew('carol')] });
  const again = await start(...args);
  await again.ready;
  expect(await send(again.host, 'carol', 'm3')).toMatchObject([{ receipts: { groups: true } }, { results: [{ outcome: 'confirmed' }] }]);
  expect(await send(again.host, 'bob', 'm4')).toMatchObject([{}, { results: [{ outcome: 'confirmed' }] }]);

  write({ grups: [] });
  await expect(start(...args)).rejects.toThrow(`--setup ${file}: the file: unknown option "grups"; did you mean "groups"?`);
});
