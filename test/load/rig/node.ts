/** A server of a load, as a process of its own. Prints `ready`; ends in order at SIGTERM. */
import { createServer } from 'node:http';
import { connect } from '@nats-io/transport-node';
import { Pool } from 'pg';
import type { HintBus } from '../../../src/server/bus/bus.ts';
import { createNatsBus } from '../../../src/server/bus/nats.ts';
import { createPostgresBus, openPostgresStore } from '../../../src/server/postgres.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { createMemoryStore } from '../../../src/server/store/memory/memory-store.ts';
import type { ServerStore } from '../../../src/server/store/server-store.ts';
import { openPgliteStore } from '../../../src/server/store/sql/pglite.ts';

/** What a load asks of a server. */
export interface NodeOptions {
  readonly store: 'memory' | { readonly folder: string } | { readonly host: string; readonly database: string };
  /** The address of a NATS, or `postgres`. Absent: no other server shares the store. */
  readonly bus?: string;
  /** The duration of `authenticate`. */
  readonly slowMs?: number;
}

const poolOf = (store: NodeOptions['store']): Pool | undefined =>
  typeof store === 'object' && 'host' in store ? new Pool({ ...store, user: 'postgres', max: 8 }) : undefined;

const openStore = (store: NodeOptions['store'], pool: Pool | undefined): ServerStore | Promise<ServerStore> => {
  if (pool) return openPostgresStore({ pool });
  return typeof store === 'object' && 'folder' in store ? openPgliteStore(store.folder) : createMemoryStore();
};

const busOf = (bus: string | undefined, pool: Pool | undefined): HintBus | undefined => {
  if (bus === undefined) return undefined;
  if (bus === 'postgres' && pool) return createPostgresBus({ pool });
  return createNatsBus({
    connection: connect({ servers: bus, maxReconnectAttempts: -1, reconnectTimeWait: 100, waitOnFirstConnect: true }),
  });
};

/** The arguments: the options as JSON, and the port. A token is the name of its user. */
const serve = async ([json = '', port = '0']: readonly string[]): Promise<void> => {
  const { store, bus: kind, slowMs = 0 } = JSON.parse(json) as NodeOptions;
  const pool = poolOf(store);
  const bus = busOf(kind, pool);
  const server = createReceiptServer({
    store: await openStore(store, pool),
    ...(bus && { bus }),
    // All sockets of a load come from the same address.
    policy: { connections: { perAddress: 100_000, unnamedPerAddress: 100_000 }, receipts: { groups: true, maxMembers: 1000 } },
    authenticate: async (token) => {
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
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
  // Thousands of clients connect in the same moment. Linux bounds this by net.core.somaxconn.
  await new Promise<void>((resolve) => http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, resolve));
  process.once('SIGTERM', () => {
    http.close();
    void server.close().finally(() => process.exit(0)); // a CPU profile is written at the exit
  });
  process.stdout.write('ready\n');
};

await serve(process.argv.slice(2));
