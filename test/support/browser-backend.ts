/**
 * The servers of browser suites: receipt servers over real sockets, each behind a network under the control
 * of the test. Runs with Vitest, on Node. Pages reach this process over HTTP, because not every browser's
 * driver can run code for a test.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { createReceiptServer } from '../../src/server/server.ts';
import type { PolicyChange } from '../../src/server/policy.ts';
import type { ReceiptServer } from '../../src/server/receipt-server.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { isOnSqlite, SQLITE_PROFILE, storesIn, type StoresOnDisk } from './chromium-storage.ts';
import { startEasemobStandIn } from './easemob-stand-in.ts';
import { slowness } from './machine.ts';
import type { StandIn } from './stand-in.ts';
import { TcpProxy } from './tcp-proxy.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address where pages ask for a server: `http://127.0.0.1:…`. */
    backend: string;
  }
}

/** The calls of a page to the backend, by the path of its request. */
export interface BackendCalls {
  /** A new server for this page's origin (or, `foreign`, for pages of its own host only), with a group `crew` of these members. */
  start: {
    readonly takes: {
      readonly crew?: readonly string[];
      readonly foreign?: boolean;
      readonly receipts?: NonNullable<PolicyChange['receipts']>;
    };
    readonly gives: { readonly port: number };
  };
  cut: { readonly takes: { readonly port: number }; readonly gives: object };
  heal: { readonly takes: { readonly port: number }; readonly gives: object };
  /** Frames of this type from browsers through this port, oldest first. */
  sent: { readonly takes: { readonly port: number; readonly type: string }; readonly gives: readonly object[] };
  stop: { readonly takes: { readonly port: number }; readonly gives: object };
  /** A stand-in for a vendor's server, for the vendor's own SDK, with a group `crew` of these members. */
  startStandIn: {
    readonly takes: { readonly crew: readonly string[] };
    readonly gives: { readonly port: number };
  };
  cutStandIn: { readonly takes: { readonly port: number }; readonly gives: object };
  healStandIn: { readonly takes: { readonly port: number }; readonly gives: object };
  stopStandIn: { readonly takes: { readonly port: number }; readonly gives: object };
  /** The IndexedDB files of the browser suites; none in memory. */
  stores: { readonly takes: object; readonly gives: StoresOnDisk & { readonly onSqlite: boolean } };
  /** The slowness of the machine now, see `machine.ts`. */
  slowness: { readonly takes: object; readonly gives: { readonly times: number } };
}

interface Served {
  readonly receipts: ReceiptServer;
  readonly http: Server;
  readonly network: TcpProxy;
}

const listen = async (http: Server): Promise<number> => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return (http.address() as AddressInfo).port;
};

/** Tokens name their user, and may end: `token-of-alice`, `token-of-alice until 1796000000000`. */
const identityOf = (token: string): { readonly userId: string; readonly expiresAt?: number } => {
  const [, userId = '', until] = /^token-of-(\S+)(?: until (\d+))?$/.exec(token) ?? [];
  return { userId, ...(until ? { expiresAt: Number(until) } : {}) };
};

/** The ports so far. A browser keeps the databases of a port, so a later test with the same port would begin with the data of an earlier one. */
const ports = new Set<number>();

const startNetwork = async (target: number): Promise<TcpProxy> => {
  const network = await TcpProxy.start(target);
  if (ports.has(network.port)) {
    await network.close();
    return startNetwork(target);
  }
  ports.add(network.port);
  return network;
};

const startServed = async (
  allowedOrigins: readonly string[] | undefined,
  rules: NonNullable<PolicyChange['receipts']>,
): Promise<Served> => {
  const receipts = createReceiptServer({
    store: createMemoryStore(),
    policy: { receipts: { groups: true, ...rules } },
    ...(allowedOrigins ? { allowedOrigins } : {}),
    authenticate: async (token) => identityOf(token),
  });
  const http = createServer();
  receipts.attach(http);
  return { receipts, http, network: await startNetwork(await listen(http)) };
};

const stopServed = async ({ receipts, http, network }: Served): Promise<void> => {
  await network.close();
  await receipts.close();
  await new Promise((closed) => http.close(closed));
};

const readJson = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
};

/** A Vitest globalSetup. @returns a function that ends the servers */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const running = new Map<number, Served>();
  const standIns = new Map<number, StandIn>();
  const at = ({ port }: { readonly port: number }): Served => {
    const served = running.get(port);
    if (!served) throw new Error(`no server at ${port}`);
    return served;
  };
  const calls: { [K in keyof BackendCalls]: (asked: BackendCalls[K]['takes'], origin: string) => Promise<BackendCalls[K]['gives']> } = {
    start: async ({ crew = [], foreign = false, receipts = {} }, origin) => {
      const served = await startServed(foreign ? undefined : [origin], receipts);
      if (crew.length > 0) await served.receipts.createGroup({ groupId: 'crew', members: crew.map((userId) => ({ userId })) });
      running.set(served.network.port, served);
      return { port: served.network.port };
    },
    cut: async (asked) => {
      at(asked).network.cut();
      return {};
    },
    heal: async (asked) => {
      at(asked).network.heal();
      return {};
    },
    sent: async (asked) => at(asked).network.sent(asked.type),
    stop: async (asked) => {
      const served = at(asked);
      running.delete(asked.port);
      await stopServed(served);
      return {};
    },
    startStandIn: async ({ crew }) => {
      const standIn = await startEasemobStandIn({ crew });
      standIns.set(standIn.port, standIn);
      return { port: standIn.port };
    },
    cutStandIn: async ({ port }) => {
      standIns.get(port)?.cut();
      return {};
    },
    healStandIn: async ({ port }) => {
      standIns.get(port)?.heal();
      return {};
    },
    stopStandIn: async ({ port }) => {
      await standIns.get(port)?.close();
      standIns.delete(port);
      return {};
    },
    stores: async () => ({ ...(await storesIn(SQLITE_PROFILE)), onSqlite: isOnSqlite() }),
    slowness: async () => ({ times: await slowness() }),
  };
  const http = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' }).end(JSON.stringify(body));
    };
    const name = (request.url ?? '').slice(1);
    const call = Object.hasOwn(calls, name)
      ? (calls[name as keyof BackendCalls] as (asked: unknown, origin: string) => Promise<object>)
      : null;
    if (!call || request.method !== 'POST') return answer(404, {});
    readJson(request)
      .then((asked) => call(asked, request.headers.origin ?? ''))
      .then(
        (given) => answer(200, given),
        (error: unknown) => answer(500, { message: String(error) }),
      );
  });
  project.provide('backend', `http://127.0.0.1:${await listen(http)}`);
  return async () => {
    http.closeAllConnections();
    await new Promise((closed) => http.close(closed));
    await Promise.all([...[...running.values()].map(stopServed), ...[...standIns.values()].map((standIn) => standIn.close())]);
  };
};
