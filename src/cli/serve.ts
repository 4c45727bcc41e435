/**
 * `tidemark serve`: HTTP server, store, tokens. The server listens at once and answers "starting"
 * until the store is open (F75).
 */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealthDoor } from '../server/doors/health.ts';
import type { PolicyChange } from '../server/policy.ts';
import { createReceiptServer } from '../server/server.ts';
import { databaseOf } from './databases.ts';
import { attachCut } from './dev-cut.ts';
import { createDevDoor, devSecret } from './dev-door.ts';
import { createDevPushes } from './dev-pushes.ts';
import { openMetricsDoor } from './metrics-door.ts';
import { CommandLineError, type ServeOptions } from './options.ts';
import { createGroupsOf, readSetup, type Setup } from './setup.ts';
import { createStaticDoor } from './static-files.ts';
import { authenticateByKeys, authenticateBySecret } from './tokens.ts';

export interface Serving {
  /** The address of the server. */
  readonly url: string;
  /** Resolves when the store is open; rejects if the store cannot be opened. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

/**
 * The last entry of `X-Forwarded-For`, added by the proxy itself. The client may forge the earlier entries.
 */
const forwardedFor = ({ headers, socket }: IncomingMessage): string | undefined =>
  String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim() || socket.remoteAddress;

/** The time for the last answers to reach their clients, after all work has ended. */
const LAST_ANSWERS_MS = 1000;

const lineOf = (event: string, details: object = {}): string =>
  [event, ...Object.entries(details).map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ');

/** A development server shows every feature. */
const policyOf = ({ dev }: ServeOptions, { policy = {} }: Setup): PolicyChange =>
  dev ? { ...policy, receipts: { groups: true, ...policy.receipts } } : policy;

/** Starts the server. @param log takes failures, without names and texts of users. */
export const serve = async (options: ServeOptions, log: (line: string) => void): Promise<Serving> => {
  const secret = options.dev ? devSecret(options.data) : new TextEncoder().encode(options.jwtSecret ?? '');
  const authenticate = options.jwks ? authenticateByKeys(options.jwks, options.claims) : authenticateBySecret(secret, options.claims);
  const devDoor = options.dev ? createDevDoor(secret, options.allowedOrigins, () => receipts) : undefined;
  const devPushes = options.dev ? createDevPushes(options.allowedOrigins) : undefined;
  const setup = await readSetup(options.setup);
  const database = await databaseOf(options);
  const staticDoor = options.static === undefined ? undefined : createStaticDoor(options.static);

  const metrics = options.metrics ? await openMetricsDoor() : undefined;
  const healthDoor = createHealthDoor('', () => receipts.readiness());

  const listener: RequestListener = (request, response) => {
    if (healthDoor(request, response) || metrics?.door(request, response)) return;
    if (devDoor?.(request, response) || devPushes?.door(request, response) || cutDoor?.(request, response)) return;
    if (staticDoor) staticDoor(request, response).catch(() => response.destroy());
    else response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`the receipt server answers at ${options.path}\n`);
  };
  const http = createServer(listener);
  // Opening a new store blocks for seconds. Idle connections must outlive this time and the idle timeout of
  // proxies.
  http.keepAliveTimeout = 65_000;
  // The server listens first: a client with a refused connection knows nothing, a client with the answer
  // "starting" comes back.
  const store = new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(options.port, options.host, resolve);
  }).then(() => database.open());
  let opened = false;
  const receipts = createReceiptServer({
    store,
    authenticate,
    path: options.path,
    policy: policyOf(options, setup),
    ...(devPushes ? { onMessage: (push) => devPushes.send(push) } : {}),
    ...(database.bus ? { bus: database.bus } : {}),
    ...(metrics ? { metrics: metrics.metrics } : {}),
    ...(options.allowedOrigins ? { allowedOrigins: options.allowedOrigins } : {}),
    ...(options.behindProxy ? { addressOf: forwardedFor } : {}),
    // Before the store is open, `ready` reports the failure.
    log: (level, event, details) => void (opened && (level === 'warn' || level === 'error') && log(lineOf(event, details))),
  });
  receipts.attach(http);
  const cutDoor = options.dev ? attachCut(http, options.allowedOrigins) : undefined;
  const ready = store.then(() => createGroupsOf(receipts, setup)).then(() => void (opened = true));
  ready.catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    http.once('listening', resolve);
    http.once('error', (error) => reject(new CommandLineError(`cannot listen on ${options.host}:${options.port}: ${error.message}`)));
  });

  const { address, family, port } = http.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    ready,
    close: async () => {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      await receipts.close();
      await database.close();
      // The last answers are on their way.
      http.closeIdleConnections();
      const late = setTimeout(() => http.closeAllConnections(), LAST_ANSWERS_MS);
      await closed;
      clearTimeout(late);
    },
  };
};
