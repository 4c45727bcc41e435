/** The server under load from `load.ts`, in a process of its own, for the measurement of its memory. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import { openPgliteStore } from '../../src/server/store/sql/pglite.ts';

/** `node run-main.mjs load-server.ts pglite|memory [authenticate ms]` */
const serve = async ([kind = 'memory', slowMs = '0']: readonly string[]): Promise<never> => {
  const store = kind === 'pglite' ? await openPgliteStore(mkdtempSync(join(tmpdir(), 'load-'))) : createMemoryStore();
  const server = createReceiptServer({
    store,
    authenticate: async (token) => {
      if (Number(slowMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(slowMs)));
      return { userId: token };
    },
  });
  const http = createServer();
  server.attach(http);
  http.on('request', (request, response) => {
    if (request.url === '/rss') response.end(String(process.memoryUsage().rss));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  process.stdout.write(`${(http.address() as AddressInfo).port}\n`);
  return new Promise<never>(() => undefined);
};

// The server starts while this module loads: once `main` runs, the TypeScript runner loads no further module,
// and a socket needs `ws.ts`.
await serve(process.argv.slice(3));
