/** A real server on a real port, and clients for sending and receiving frames. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { decodeServerFrame, decodeServerFrames } from '../../src/protocol/codec.ts';
import type { ClientFrame, Frame, ServerFrame } from '../../src/protocol/frames.ts';
import { PROTOCOL_VERSION } from '../../src/protocol/version.ts';
import { createMemoryStore } from '../../src/server/store/memory/memory-store.ts';
import { createReceiptServer } from '../../src/server/server.ts';
import type { ReceiptServer, ReceiptServerOptions } from '../../src/server/receipt-server.ts';
import { authenticate } from '../support/test-tokens.ts';

export { authenticate };

export interface TestServer {
  readonly server: ReceiptServer;
  readonly http: Server;
  readonly host: string;
  readonly url: string;
  close(): Promise<void>;
}

export const startTestServer = async (options: Partial<ReceiptServerOptions> = {}): Promise<TestServer> => {
  const server = createReceiptServer({ store: createMemoryStore(), authenticate, ...options });
  const http = createServer((_request, response) => response.writeHead(404).end('elsewhere'));
  server.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    server,
    http,
    host,
    url: `ws://${host}/receipts`,
    close: async () => {
      await server.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

export class TestClient {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting: (() => void)[] = [];
  cursor: string | null = null;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      const frame = decodeServerFrame(String(data));
      if (frame.type === 'changes') this.cursor = frame.to;
      this.frames.push(frame);
      for (const check of this.#waiting.splice(0)) check();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const check of this.#waiting.splice(0)) check();
      });
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<TestClient> {
    const socket = new WebSocket(url, { headers });
    const client = new TestClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => reject(new Error(`${response.statusCode} ${body}`)));
      });
    });
    return client;
  }

  static async signIn(url: string, userId: string, deviceId = 'd1'): Promise<TestClient> {
    const client = await TestClient.open(url);
    client.send(hello(userId, userId, deviceId));
    await client.next('welcome');
    return client;
  }

  send(frame: ClientFrame): void {
    this.sendText(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** The next frame of a type not taken by the test yet, in order of arrival. */
  async next<T extends ServerFrame['type']>(type: T, withinMs = 3000): Promise<Frame<T>> {
    const until = Date.now() + withinMs;
    for (;;) {
      const i = this.frames.findIndex((frame) => frame.type === type);
      if (i >= 0) return this.frames.splice(i, 1)[0] as Frame<T>;
      const left = until - Date.now();
      if (left <= 0 || this.socket.readyState === WebSocket.CLOSED)
        throw new Error(`no ${type}; there is ${JSON.stringify(this.frames).slice(0, 500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  close(): void {
    this.socket.terminate();
  }
}

export const hello = (userId: string, token = userId, deviceId = 'd1'): Frame<'hello'> => ({
  type: 'hello',
  version: PROTOCOL_VERSION,
  token,
  userId,
  deviceId,
});

let keys = 0;
export const messageTo = (peer: string, id: string, body = '"hi"'): Frame<'submit'>['entries'][number] => ({
  kind: 'message',
  key: `k${++keys}`,
  conversationId: `direct:${peer}`,
  cursor: null,
  id,
  body,
  receiptRequested: true,
  countable: true,
});

export const receiptsTo = (peer: string, registers: object, cursor: string | null = null): Frame<'submit'>['entries'][number] => ({
  kind: 'receipts',
  key: `k${++keys}`,
  conversationId: `direct:${peer}`,
  cursor,
  ...registers,
});

/** A request to the HTTP endpoint. */
export const post = async (
  host: string,
  body: string | readonly ClientFrame[],
  headers: Record<string, string> = {},
  path = '/receipts',
): Promise<{ status: number; frames: ServerFrame[]; headers: Headers }> => {
  const response = await fetch(`http://${host}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, frames: decodeServerFrames(await response.text()), headers: response.headers };
};
