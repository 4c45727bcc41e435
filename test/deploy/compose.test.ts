/**
 * The `compose.yaml` of the guide without Docker: the same processes with the command lines, variables and health checks of the file. Images,
 * volumes, networks and the build of the image are not run.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Bundled, bundled } from '../support/bundled.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import { freePort } from '../support/receipt-nodes.ts';
import { startNats, type TestNats } from '../support/test-nats.ts';
import { startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { configurationOf } from './guide.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { Served } from './served.ts';

interface Service {
  readonly image: string;
  readonly command?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, object>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: { readonly caddyfile: { readonly content: string } };
  readonly volumes: object;
}

const compose = parse(configurationOf('several-servers', 'Containers', 'yaml'), { merge: true }) as Compose;
const NAMES = ['receipts-1', 'receipts-2', 'receipts-3'];

let program: Bundled;
let postgres: TestPostgres;
let nats: TestNats;
let keys: Server;
let proxy: Proxy | undefined;
let tokenOf: (user: string) => Promise<string>;
const servers: Served[] = [];
/** Names of hosts that Docker would resolve, and the key server of the guide, become those of the test. */
let here: (text: string) => string;

beforeAll(async () => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  program = await bundled(fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)));
  postgres = startPostgres();
  const { POSTGRES_USER: user, POSTGRES_DB: database } = compose.services['postgres']!.environment!;
  postgres.createDatabase(database!);
  const admin = postgres.pool(database!);
  const client = await admin.connect();
  await client.query(`create role ${user!} login`);
  await client.query(`alter database ${database!} owner to ${user!}`);
  client.release();
  await admin.end();
  nats = await startNats();

  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' };
  keys = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] }))).listen(0, '127.0.0.1');
  await once(keys, 'listening');
  tokenOf = (sub) => new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'k' }).setSubject(sub).sign(privateKey);

  here = (text) =>
    text
      .replace('https://login.example/keys', `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`)
      .replace('nats://nats:4222', `nats://127.0.0.1:${nats.port}`)
      .replace(
        `postgres://${user!}:\${POSTGRES_PASSWORD}@postgres/${database!}`,
        `postgres:///${database!}?host=${dirname(postgres.socket)}&user=${user!}`,
      );
  for (const name of NAMES) {
    const { command, environment } = compose.services[name]!;
    const [node, file, ...args] = here(command!).split(' ');
    expect([node, file]).toEqual(['node', 'node_modules/.bin/tidemark']);
    const env = Object.fromEntries(Object.entries(environment!).map(([key, value]) => [key, here(value)]));
    servers.push(new Served([process.execPath, program.file, ...args], await freePort(), env));
  }
  // All three create the tables at the same time.
  await Promise.all(servers.map((server) => server.start()));
  const at = Object.fromEntries(NAMES.map((name, i) => [`${name}:8787`, servers[i]!.port]));
  proxy = await startProxy('caddy', await freePort(), compose.configs.caddyfile.content, at);
}, 180_000);
afterAll(async () => {
  await proxy?.stop();
  for (const server of servers) await server.end();
  keys.close();
  await nats.stop();
  postgres.stop();
  program.remove();
}, 60_000);

it('the file names the services that it uses, and nothing else', () => {
  const { services, volumes } = compose;
  expect(Object.keys(services)).toEqual(['postgres', 'nats', ...NAMES, 'caddy']);
  for (const { depends_on = {} } of Object.values(services))
    for (const name of Object.keys(depends_on)) expect(services).toHaveProperty(name);
  expect(Object.keys(volumes)).toEqual(['postgres', 'caddy']);
});

it('the health check of a server succeeds while it is ready, and fails when it has ended', { timeout: 60_000 }, async () => {
  const [kind, node, ...args] = compose.services['receipts-1']!.healthcheck!.test;
  expect([kind, node]).toEqual(['CMD', 'node']);
  const check = (): number | null =>
    spawnSync(
      process.execPath,
      args.map((arg) => arg.replace('127.0.0.1:8787', `127.0.0.1:${servers[0]!.port}`)),
    ).status;
  expect(check()).toBe(0);
  expect(await servers[0]!.end()).toBe(0);
  expect(check()).toBe(1);
  await servers[0]!.start();
});

it('users talk through the proxy while the servers are replaced one after another', { timeout: 120_000 }, async () => {
  const url = `${proxy!.origin.replace('http', 'ws')}/receipts`;
  const signIn = async (user: string) => ProtocolClient.connect(url, await tokenOf(user), user, 'd');
  const [ann, bob] = [await signIn('ann'), await signIn('bob')];
  let count = 0;
  for (const server of servers) {
    await ann.sendMessage('direct:bob', ++count);
    expect(await server.end()).toBe(0);
    await ann.sendMessage('direct:bob', ++count);
    await server.start();
  }
  await bob.waitFor(() => bob.messages.get('direct:ann')?.size === count, 10_000, 'every message');
  ann.close();
  bob.close();
});
