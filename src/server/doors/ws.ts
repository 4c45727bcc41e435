/** The WebSocket endpoint over the library `ws`. Only this file knows the library. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { CLOSE } from '../../protocol/close-codes.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import { MAX_CLIENT_FRAME_BYTES } from '../../protocol/limits.ts';
import type { Frame } from '../../protocol/frames.ts';
import { CROWDED_ADDRESS_MS, type Ticket } from '../admission.ts';
import { openConnection } from '../connection/connection.ts';
import type { Core } from '../core.ts';
import { urlOf } from './node-http.ts';
import { hasQuery, isOriginAllowed, originRefusal, QUERY_IN_URL } from './origin.ts';
import type { ServerMetrics } from '../metrics/server-metrics.ts';
import type { Socket } from '../socket.ts';
import { HIGH_WATER_BYTES } from '../connection/outgoing.ts';

export interface WebSocketDoorOptions {
  readonly allowedOrigins: readonly string[] | undefined;
  /** The address with the connection limit for this socket. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly metrics: ServerMetrics;
}

export interface WebSocketDoor {
  /** Answers an upgrade for this endpoint. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

const answerRefusal = (socket: Duplex, status: string, error: Omit<Frame<'error'>, 'type'>, header: string): void => {
  const body = `[${encodeFrame({ type: 'error', ...error })}]`;
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\n${header}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
};

/**
 * Refuses a page by its origin. A page cannot read the answer to a refused upgrade, so the server opens the
 * socket, sends the reason and closes. Frames on this socket are ignored.
 */
const refuseOrigin = (socket: WebSocket, message: string): void => {
  socket.on('error', () => undefined);
  socket.send(encodeFrame({ type: 'error', code: 'auth/origin-refused', message }));
  socket.close(CLOSE.originRefused, 'auth/origin-refused');
  setTimeout(() => socket.terminate(), 1000).unref();
};

const textOf = (data: RawData): string => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

export const createWebSocketDoor = (
  core: () => Core | undefined,
  { allowedOrigins, addressOf, metrics }: WebSocketDoorOptions,
): WebSocketDoor => {
  const refused = (code: Frame<'error'>['code']): void => metrics.add('tidemark_refusals_total', 1, { code });
  const refuse = (socket: Duplex, status: string, error: Omit<Frame<'error'>, 'type'>, header = ''): void => {
    refused(error.code);
    answerRefusal(socket, status, error, header);
  };
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_CLIENT_FRAME_BYTES,
    // A small compressed frame may unpack to a huge text (F100). Many tiny fragments cost more than their
    // bytes (F99).
    perMessageDeflate: false,
    maxFragments: 64,
    maxBufferedChunks: 1024,
    clientTracking: true,
    autoPong: false,
  });
  const begin = (socket: WebSocket, now: Core, ticket: Ticket): void => {
    const carrier: Socket = {
      send: (text) => socket.send(text),
      close: (code, reason) => {
        socket.close(code, reason);
        // The server does not wait longer for the peer's close frame.
        now.clock.timer(5000, () => socket.terminate());
      },
      get buffered() {
        return socket.bufferedAmount;
      },
    };
    const connection = openConnection(now, carrier, { ticket });
    socket.on('ping', (data) => {
      if (socket.bufferedAmount < HIGH_WATER_BYTES) socket.pong(data);
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) connection.receiveUnreadable('frames are text');
      else connection.receive(textOf(data));
    });
    socket.on('close', () => connection.closed());
  };
  const enter = (request: IncomingMessage, socket: Duplex, head: Buffer, isAllowed: boolean): void => {
    const now = core();
    const ticket = now?.admission.enter(addressOf(request));
    if (now && !ticket)
      return refuse(
        socket,
        '503 Service Unavailable',
        { code: 'server/busy', message: 'too many connections from this address', retryAfterMs: CROWDED_ADDRESS_MS },
        `Retry-After: ${CROWDED_ADDRESS_MS / 1000}\r\n`,
      );
    let hasBegun = false;
    // A failed or refused handshake starts no connection, so the ticket is given back here.
    socket.once('close', () => void (hasBegun || ticket?.leave()));
    server.handleUpgrade(request, socket, head, (opened) => {
      const { origin, host } = request.headers;
      if (!isAllowed) {
        refused('auth/origin-refused');
        return refuseOrigin(opened, originRefusal(origin, host, allowedOrigins));
      }
      opened.on('error', () => undefined); // a close event follows
      if (!now || !ticket) {
        refused('server/busy');
        return opened.close(CLOSE.tryLater, 'starting');
      }
      hasBegun = true;
      begin(opened, now, ticket);
    });
  };
  return {
    upgrade: (request, socket, head) => {
      const { origin, host } = request.headers;
      if (hasQuery(urlOf(request))) refuse(socket, '400 Bad Request', { code: 'protocol/bad-frame', message: QUERY_IN_URL });
      else enter(request, socket, head, isOriginAllowed(origin, host, allowedOrigins));
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
