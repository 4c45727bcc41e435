/**
 * `/dev/cut`: cuts the receipt server off and restores it, for demos of offline behaviour. Only with `--dev`.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isOriginAllowed } from '../server/doors/origin.ts';

const isForReceipts = (request: IncomingMessage): boolean => (request.url ?? '').split('?', 1)[0] === '/receipts';

const readCut = async (request: IncomingMessage): Promise<boolean | undefined> => {
  let text = '';
  for await (const chunk of request) if ((text += String(chunk)).length > 256) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'cut' in value && typeof value.cut === 'boolean' ? value.cut : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Attaches the switch; call after the receipt server is attached. @returns a function: true if the request
 * was for `/dev/cut`.
 */
export const attachCut = (
  http: Server,
  allowedOrigins: readonly string[] | undefined,
): ((request: IncomingMessage, response: ServerResponse) => boolean) => {
  let cut = false;
  const sockets = new Set<Duplex>();
  // Destroys the socket without close frame or status, like a lost network.
  http.prependListener('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (cut && isForReceipts(request)) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.prependListener('request', (request: IncomingMessage) => {
    if (cut && isForReceipts(request)) request.socket.destroy();
  });
  return (request, response) => {
    if (request.url !== '/dev/cut') return false;
    const answer = (status: number): void => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify({ cut }));
    };
    const work = async (): Promise<void> => {
      if (!isOriginAllowed(request.headers.origin, request.headers.host, allowedOrigins)) return answer(403);
      if (request.method === 'GET') return answer(200);
      const wanted = request.method === 'POST' ? await readCut(request) : undefined;
      if (wanted === undefined) return answer(400);
      cut = wanted;
      if (cut) for (const socket of sockets) socket.destroy();
      answer(200);
    };
    work().catch(() => response.destroy());
    return true;
  };
};
