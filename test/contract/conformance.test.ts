/** The conformance kit against this server: on every store, as one process and as three. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformance } from '../../src/cli/conformance.ts';
import { readCommandLine, type ServeOptions } from '../../src/cli/options.ts';
import { serve } from '../../src/cli/serve.ts';
import { CHECKS } from '../../src/conformance/catalogue.ts';
import { type Host, hostAt } from '../../src/conformance/host.ts';
import { runConformance } from '../../src/conformance/run.ts';
import { namesOfRun } from '../../src/conformance/users.ts';
import { openPostgresStore } from '../../src/server/postgres.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import { type Bundled, bundled } from '../support/bundled.ts';
import { balance, ReceiptNode } from '../support/receipt-nodes.ts';
import { findNats, startNats } from '../support/test-nats.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../support/test-postgres.ts';
import { usersOfTests } from '../support/test-tokens.ts';
import { startTestServer } from './server-harness.ts';

/** These wait for seconds, and the store has no part in them. */
const SLOW = new Set(['open.hello-in-time']);
const QUICK = CHECKS.map(({ id }) => id).filter((id) => !SLOW.has(id));

const keeps = async (url: string, host: Host, only?: readonly string[]): Promise<void> => {
  const { results } = await runConformance({
    url,
    host,
    users: usersOfTests(namesOfRun()),
    level: 'full',
    parallel: 8,
    patienceMs: 15_000,
    ...(only ? { only } : {}),
  });
  expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  expect(results.length).toBe(only?.length ?? CHECKS.length);
};

/** What the kit asks of a host, by the server's own calls. */
const hostOf = (server: ReceiptServer): Host => ({
  ask: async (what, about) => {
    if (what === 'group') await server.createGroup(about as Parameters<ReceiptServer['createGroup']>[0]);
    if (what === 'policy') await server.setPolicy(about);
    if (what === 'member') {
      const { groupId, userId, role } = about as { groupId: string; userId: string; role: 'member' | 'admin' | null };
      await (role === null ? server.removeMember(groupId, userId) : server.addMember(groupId, userId, { role }));
    }
    return {};
  },
});

it('on the memory store, all of it', { timeout: 120_000 }, async () => {
  const { url, server, close } = await startTestServer();
  await keeps(url, hostOf(server));
  await close();
});

it('on the embedded database, by `tidemark conformance` against `tidemark serve --dev`', { timeout: 240_000 }, async () => {
  const data = mkdtempSync(join(tmpdir(), 'tidemark-conformance-'));
  const server = await serve(readCommandLine(['serve', '--dev', '--port', '0', '--data', data], {}) as ServeOptions, () => undefined);
  await server.ready;
  const lines: string[] = [];
  const address = `${server.url.replace('http', 'ws')}/receipts`;
  const only = QUICK.flatMap((id) => ['--only', id]);
  const status = await conformance([address, '--dev', '--level', 'full', '--parallel', '8', '--patience', '15000', ...only], {}, (line) =>
    lines.push(line),
  );
  expect(lines.filter((line) => !line.startsWith('ok'))).toEqual(expect.arrayContaining([`${address} keeps the full level`]));
  expect(lines.filter((line) => /^(FAILED|skipped)/.test(line))).toEqual([]);
  expect(status).toBe(0);
  await server.close();
  rmSync(data, { recursive: true });
});

describe.skipIf(!findPostgres())('on PostgreSQL', () => {
  let postgres: TestPostgres;
  let program: Bundled;
  beforeAll(async () => {
    program = await bundled(fileURLToPath(new URL('../support/receipt-node.ts', import.meta.url)));
    postgres = startPostgres();
  }, 120_000);
  afterAll(() => {
    postgres.stop();
    program.remove();
  });

  it('one server', { timeout: 240_000 }, async () => {
    postgres.createDatabase('conformance');
    const pool = postgres.pool('conformance');
    const { url, server, close } = await startTestServer({ store: await openPostgresStore({ pool }) });
    await keeps(url, hostOf(server), QUICK);
    await close();
    await pool.end();
  });

  it.each(['NATS', 'LISTEN and NOTIFY'])('three servers behind one address, with a bus over %s', { timeout: 240_000 }, async (kind) => {
    if (kind === 'NATS' && !findNats()) return;
    const nats = kind === 'NATS' ? await startNats() : undefined;
    const database = nats ? 'three_nats' : 'three_listen';
    postgres.createDatabase(database);
    const bus = nats ? `127.0.0.1:${nats.port}` : 'postgres';
    const nodes = await Promise.all([1, 2, 3].map(() => ReceiptNode.start(program.file, postgres, database, bus)));
    const line = await balance(nodes.map(({ port }) => port));
    const at = `127.0.0.1:${(line.address() as AddressInfo).port}`;
    try {
      await keeps(`ws://${at}/receipts`, hostAt(`http://${at}/dev`), QUICK);
    } finally {
      line.close();
      for (const node of nodes) await node.end('SIGKILL');
      await nats?.stop();
    }
  });
});
