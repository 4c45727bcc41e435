/**
 * The endpoints of one server, and how a host's HTTP server, router or framework reaches them. The socket library is loaded with the first
 * use of WebSockets, so a server without a network does not need it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { appErrorDetails, type Log } from '../../logging.ts';
import type { Core } from '../core.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import type { Readiness } from '../readiness.ts';
import { answerFetch } from './fetch.ts';
import { createHealthDoor } from './health.ts';
import { createHttpDoor } from './http.ts';
import { handleNodeRequest, urlOf } from './node-http.ts';
import type { WebSocketDoor } from './ws.ts';

export interface DoorsOptions {
  readonly path: string;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly metrics: ServerMetrics;
  readonly log: Log;
  /** The address with the connection limit. Default: the other end of the request's socket. */
  readonly addressOf?: (request: IncomingMessage) => string | undefined;
}

export class Doors {
  private readonly http;
  private readonly health;
  private readonly addressOf;
  private webSockets: Promise<WebSocketDoor> | null = null;
  private readonly attached: (() => void)[] = [];

  constructor(
    private readonly core: () => Core | undefined,
    readiness: () => Promise<Readiness>,
    private readonly options: DoorsOptions,
  ) {
    this.http = createHttpDoor(core, options);
    this.health = createHealthDoor(options.path.replace(/\/$/, ''), readiness);
    this.addressOf = options.addressOf ?? ((request: IncomingMessage) => request.socket.remoteAddress);
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return handleNodeRequest(this.http, this.addressOf, request, response) || this.health(request, response);
  }

  fetch(request: Request, address: string | undefined): Promise<Response | null> {
    return answerFetch(this.http, request, address);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (urlOf(request).split('?', 1)[0] !== this.options.path) return false;
    this.loadWebSockets().then(
      (door) => door.upgrade(request, socket, head),
      () => socket.destroy(),
    );
    return true;
  }

  attach(server: Server): void {
    void this.loadWebSockets().catch(() => undefined);
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      // Node leaves an upgrade open that no listener answers, so this server ends it if it is the only listener.
      if (!this.handleUpgrade(request, socket, head) && server.listenerCount('upgrade') === 1) socket.destroy();
    };
    // The host's listeners would answer our path with a 404 before this server is done, so they are called only for other paths.
    const others = server.listeners('request');
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      if (this.handle(request, response)) return;
      for (const other of others) Reflect.apply(other, server, [request, response]);
      if (others.length === 0 && server.listenerCount('request') === 1) response.writeHead(404).end();
    };
    server.removeAllListeners('request');
    server.on('upgrade', onUpgrade);
    server.on('request', onRequest);
    this.attached.push(() => {
      server.off('upgrade', onUpgrade);
      server.off('request', onRequest);
      for (const other of others) server.on('request', other as (...args: unknown[]) => void);
    });
  }

  /** Asks the clients on WebSockets to come back. */
  async closeSockets(): Promise<void> {
    (await this.webSockets?.catch(() => undefined))?.close();
  }

  /** Resolves when the requests that have arrived are answered. */
  settled(): Promise<void> {
    return this.http.settled();
  }

  /** Gives the paths back to the listeners of the attached HTTP servers. */
  detach(): void {
    for (const step of this.attached) step();
  }

  private loadWebSockets(): Promise<WebSocketDoor> {
    if (!this.webSockets) {
      const { options, core, addressOf } = this;
      this.webSockets = import('./ws.ts').then(({ createWebSocketDoor }) => createWebSocketDoor(core, { ...options, addressOf }));
      this.webSockets.catch((error: unknown) =>
        options.log('error', 'ws-not-loaded', { message: 'the WebSocket door needs the package "ws"', ...appErrorDetails(error) }),
      );
    }
    return this.webSockets;
  }
}
