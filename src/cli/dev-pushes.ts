/**
 * `GET /dev/pushes`: the pushes of this server as an event stream, for demos of notifications without a push service. Only with `--dev`, on
 * loopback only. A page hands each push to its service worker, as a browser does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OnMessage } from '../server/push/host-pushes.ts';
import { isOriginAllowed } from '../server/doors/origin.ts';
import { isLocalHost } from './dev-door.ts';

export interface DevPushes {
  /** Whether the request was for `/dev/pushes`. */
  door(request: IncomingMessage, response: ServerResponse): boolean;
  send(push: Parameters<OnMessage>[0]): void;
}

export const createDevPushes = (allowedOrigins: readonly string[] | undefined): DevPushes => {
  const pages = new Set<ServerResponse>();
  return {
    door(request, response) {
      if (request.url !== '/dev/pushes') return false;
      const { origin, host } = request.headers;
      if (!isLocalHost(host) || !isOriginAllowed(origin, host, allowedOrigins)) response.writeHead(403).end();
      else {
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).write(':\n\n');
        pages.add(response);
        response.once('close', () => pages.delete(response));
      }
      return true;
    },
    send(push) {
      for (const page of pages) page.write(`data: ${JSON.stringify(push)}\n\n`);
    },
  };
};
