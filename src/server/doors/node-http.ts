/** Requests of Node's `http`, and of the frameworks over it: Express, Fastify, Koa. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpDoor } from './http.ts';
import { parsedBody, readBody } from './read-body.ts';

/** What frameworks add to a request. */
interface FrameworkRequest extends IncomingMessage {
  /** Express: the path as the client sent it. Inside a mounted router, `url` lacks the path of the mount. */
  readonly originalUrl?: string;
  /** The body, if a body parser has read it. */
  readonly body?: unknown;
}

/** Path and query as the client sent them. */
export const urlOf = (request: FrameworkRequest): string => request.originalUrl ?? request.url ?? '/';

/** @returns true if the request was for the endpoint, which then answers it. */
export const handleNodeRequest = (
  door: HttpDoor,
  addressOf: (request: IncomingMessage) => string | undefined,
  request: FrameworkRequest,
  response: ServerResponse,
): boolean => {
  const url = urlOf(request);
  if (!door.isMine(url)) return false;
  const { origin, host } = request.headers;
  void door
    .answer({
      url,
      method: request.method ?? 'GET',
      origin,
      host,
      address: () => addressOf(request),
      read: async () => (request.readableEnded && request.body !== undefined ? parsedBody(request.body) : readBody(request)),
      abort: () => response.destroy(),
      over: new Promise<void>((resolve) => response.on('close', resolve)),
    })
    .then(({ status, headers, body }) => {
      if (response.headersSent || response.destroyed) return;
      response.writeHead(status, headers);
      response.end(body);
    });
  return true;
};
