/** The server under load, in a process of its own, for the measurement of its memory. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';
import { openPostgresStore } from '../../src/server/store/sql/postgres.ts';
import { startPostgres } from '../support/test-postgres.ts';

const openStore = async (kind: string): Promise<ServerStore> => {
  if (kind === 'pglite') return openPgliteStore(mkdtempSync(join(tmpdir(), 'load-')));
  if (kind !== 'postgres') return createMemoryStore();
  const postgres = startPostgres();
  process.on('exit', () => postgres.stop());
  return openPostgresStore({ pool: postgres.pool('postgres') });
};

/** `node test/support/run-main.mjs test/load/server.ts pglite|postgres|memory [authenticate ms]` */
const serve = async ([kind = 'memory', slowMs = '0']: readonly string[]): Promise<never> => {
  const store = await openStore(kind);
  const server = createReceiptServer({
    store,
    // All sockets of a load come from the same address.
    policy: { connections: { perAddress: 100_000, unnamedPerAddress: 100_000 }, receipts: { groups: true, maxMembers: 1000 } },
    authenticate: async (token) => {
      if (Number(slowMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(slowMs)));
      return { userId: token };
    },
  });
  const http = createServer();
  server.attach(http);
  http.on('request', (request, response) => {
    if (request.url !== '/group') return;
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      const { groupId, members } = JSON.parse(body) as { groupId: string; members: string[] };
      void server.createGroup({ groupId, members: members.map((userId) => ({ userId })) }).then(() => response.end());
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  process.stdout.write(`${(http.address() as AddressInfo).port}\n`);
  return new Promise<never>(() => undefined);
};

process.on('SIGTERM', () => process.exit(0)); // a CPU profile is written at the exit
// The server starts while this module loads: once `main` runs, the TypeScript runner loads no further module,
// and a socket needs `ws.ts`.
await serve(process.argv.slice(3));
