/** Attaches the doors to the host's HTTP server, beside the host's own listeners. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketDoor } from './ws.ts';

/**
 * Answers requests and upgrades of the receipt server's path, and leaves all others to the host.
 *
 * @param handle answers a request of this server; false for any other request.
 * @param path the path of the WebSocket door.
 * @param webSockets the WebSocket door, once its library is loaded.
 * @returns a function to detach the doors: the host's listeners are back as before.
 */
export const attachDoors = (
  server: Server,
  handle: (request: IncomingMessage, response: ServerResponse) => boolean,
  path: string,
  webSockets: Promise<WebSocketDoor>,
): (() => void) => {
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const mine = (request.url ?? '/').split('?', 1)[0] === path;
    if (mine) {
      webSockets.then(
        (door) => door.upgrade(request, socket, head),
        () => socket.destroy(),
      );
    } else if (server.listenerCount('upgrade') === 1) socket.destroy(); // no other listener would answer
  };
  // The host's listeners would answer our path with a 404 before this server is done, so they are called only for other paths.
  const others = server.listeners('request');
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (handle(request, response)) return;
    for (const other of others) Reflect.apply(other, server, [request, response]);
    if (others.length === 0 && server.listenerCount('request') === 1) response.writeHead(404).end();
  };
  server.removeAllListeners('request');
  server.on('upgrade', onUpgrade);
  server.on('request', onRequest);
  return () => {
    server.off('upgrade', onUpgrade);
    server.off('request', onRequest);
    for (const other of others) server.on('request', other as (...args: unknown[]) => void);
  };
};
