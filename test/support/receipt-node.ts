/** One of several servers of a store, as a process of its own. Prints `ready`; ends in order at SIGTERM. */
import { createServer } from 'node:http';
import { connect } from '@nats-io/transport-node';
import { Pool } from 'pg';
import type { HintBus } from '../../src/server/bus/bus.ts';
import { createNatsBus } from '../../src/server/bus/nats.ts';
import { createPostgresBus, openPostgresStore } from '../../src/server/postgres.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import { createDevDoor } from '../../src/cli/dev-door.ts';
import { authenticate } from './test-tokens.ts';

const busOf = (kind: string, pool: Pool): HintBus =>
  kind === 'postgres'
    ? createPostgresBus({ pool })
    : createNatsBus({ connection: connect({ servers: kind, maxReconnectAttempts: -1, reconnectTimeWait: 100, waitOnFirstConnect: true }) });

/** The arguments: HOST DATABASE BUS PORT. Tokens are those of test-tokens.ts; `/dev` makes groups and sets the policy. */
const serve = async ([host = '', database = '', kind = 'postgres', port = '0']: readonly string[]): Promise<void> => {
  const pool = new Pool({ host, database, user: 'postgres', max: 6 });
  const server = createReceiptServer({
    store: await openPostgresStore({ pool }),
    bus: busOf(kind, pool),
    authenticate,
  });
  const door = createDevDoor(new Uint8Array(32), undefined, () => server);
  const http = createServer((request, response) => void (door(request, response) || response.writeHead(404).end()));
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(Number(port), '127.0.0.1', resolve));
  process.once('SIGTERM', () => {
    http.close();
    void server.close().finally(() => process.exit(0));
  });
  process.stdout.write('ready\n');
};

await serve(process.argv.slice(2));
