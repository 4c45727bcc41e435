/** The WebSocket door over `ws`: the one file that knows this library. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { CLOSE } from '../protocol/close-codes.ts';
import { encodeFrame, MAX_CLIENT_FRAME_BYTES } from '../protocol/codec.ts';
import { openConnection } from './connection.ts';
import type { Core } from './core.ts';
import { hasQuery, isOriginAllowed, originRefusal, QUERY_IN_URL } from './origin.ts';

export interface WebSocketDoorOptions {
  readonly path: string;
  readonly allowedOrigins: readonly string[] | undefined;
}

export interface WebSocketDoor {
  /** Whether the upgrade was for this door; if so it is answered. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  close(): void;
}

const refuseQuery = (socket: Duplex): void => {
  const body = `[${encodeFrame({ type: 'error', code: 'protocol/bad-frame', message: QUERY_IN_URL })}]`;
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
};

/** A page cannot read why an upgrade was refused: the socket opens, says why and closes. Nothing that comes over it is looked at. */
const refuseOrigin = (socket: WebSocket, message: string): void => {
  socket.on('error', () => undefined);
  socket.send(encodeFrame({ type: 'error', code: 'auth/origin-refused', message }));
  socket.close(CLOSE.originRefused, 'auth/origin-refused');
  setTimeout(() => socket.terminate(), 1000).unref();
};

const textOf = (data: RawData): string => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

export const createWebSocketDoor = (core: () => Core | undefined, { path, allowedOrigins }: WebSocketDoorOptions): WebSocketDoor => {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // A compressed frame of a few bytes may unpack to all there is (F100); many tiny fragments cost more than their bytes (F99).
    perMessageDeflate: false,
    maxFragments: 64,
    maxBufferedChunks: 1024,
    clientTracking: true,
  });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined); // a close with its code follows
    const now = core();
    if (!now) return socket.close(CLOSE.tryLater, 'starting');
    const connection = openConnection(now, {
      send: (text) => socket.send(text),
      close: (code, reason) => {
        socket.close(code, reason);
        // A peer that does not answer the close is not waited for.
        now.clock.timer(5000, () => socket.terminate());
      },
      get buffered() {
        return socket.bufferedAmount;
      },
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) connection.receiveUnreadable('frames are text');
      else connection.receive(textOf(data));
    });
    socket.on('close', () => connection.closed());
  });
  return {
    upgrade: (request, socket, head) => {
      const url = request.url ?? '/';
      if (url.split('?', 1)[0] !== path) return false;
      const { origin, host } = request.headers;
      if (hasQuery(url)) refuseQuery(socket);
      else if (!isOriginAllowed(origin, host, allowedOrigins))
        server.handleUpgrade(request, socket, head, (opened) => refuseOrigin(opened, originRefusal(origin, host, allowedOrigins)));
      else server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request));
      return true;
    },
    close: () => {
      for (const client of server.clients) {
        client.close(CLOSE.restart, 'restarting');
        setTimeout(() => client.terminate(), 1000).unref();
      }
      server.close();
    },
  };
};
